"""How good a model is at what was held out."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy

from ..detectors.torch_classifier import probabilities
from ..evaluation import metrics
from ..evaluation.ranking import Ranking
from ..evaluation.rates import rates
from ..evaluation.scoring import Scored
from ..limits import Limits
from . import LABELS
from .batches import DataConfig, measuring_batches
from .gathering import Gathered
from .learning import Learner

HALF = 0.5
"""The threshold at which an epoch is spoken of. The card has others."""

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, HALF, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``loss``: cross-entropy, without smoothing, a picture. ``accuracy``: at ``HALF``."""

    loss: float
    accuracy: float
    average_precision: float
    roc_auc: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def score(
    learner: Learner,
    pictures: Sequence[Gathered],
    data_config: DataConfig,
    limits: Limits,
    *,
    workers: int,
    progress: Callable[[], None],
) -> list[float]:
    """How NSFW the model finds each of ``pictures`` as it is now. ``progress`` is called after
    each batch."""
    scores: list[float] = []
    batches = measuring_batches(
        pictures,
        data_config,
        limits,
        batch_size=learner.micro_batch,
        device=learner.device,
        workers=workers,
    )
    for batch, _ in batches:
        found = probabilities(learner.answers(batch))[:, LABELS.index("NSFW")]
        scores += found.double().cpu().tolist()
        progress()
    return scores


def measure(pictures: Sequence[Gathered], scores: Sequence[float]) -> Measured:
    """What chooses between epochs: no intervals, which take seconds. Of both classes."""
    nsfw, said = np.array([one.sample.nsfw for one in pictures]), np.array(scores)
    ranking = Ranking(nsfw, said, np.ones(len(said)))
    tp, fp = ranking.above(np.array([HALF]))
    average_precision, roc_auc = ranking.areas()
    return Measured(
        loss=float(binary_cross_entropy(torch.tensor(said), torch.tensor(nsfw).double())),
        accuracy=float(rates(tp, fp, *ranking.total())["accuracy"][0]),
        average_precision=average_precision,
        roc_auc=roc_auc,
    )


def evaluate(pictures: Sequence[Gathered], scores: Sequence[float]) -> metrics.Measured:
    """What a report would say of them, each counting once."""
    rows = [
        Scored(sample=one.sample, nsfw=nsfw) for one, nsfw in zip(pictures, scores, strict=True)
    ]
    return metrics.measure(rows, THRESHOLDS, weights=[1.0] * len(rows))
