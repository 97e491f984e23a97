"""How good a model is at what was held out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from ..detectors.torch_classifier import probabilities
from ..limits import Limits
from . import LABELS
from .batches import DataConfig, measuring_batches
from .gathering import Gathered
from .learning import Learner

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, kw_only=True)
class AtThreshold:
    """NSFW is what scored ``threshold`` or more."""

    threshold: float
    accuracy: float
    precision: float
    """1 where nothing scored that much."""
    recall: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``loss``: cross-entropy, without smoothing, a picture."""

    loss: float
    average_precision: float
    roc_auc: float
    thresholds: tuple[AtThreshold, ...]

    @property
    def accuracy(self) -> float:
        """At the threshold 0.5."""
        return next(row.accuracy for row in self.thresholds if row.threshold == 0.5)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        rows = tuple(AtThreshold(**row) for row in stored["thresholds"])
        return cls(**{**stored, "thresholds": rows})


def measure(
    learner: Learner,
    pictures: Sequence[Gathered],
    data_config: DataConfig,
    limits: Limits,
    *,
    workers: int,
) -> Measured:
    """Score ``pictures``, of both classes, with the model as it is now."""
    scores: list[float] = []
    batches = measuring_batches(
        pictures,
        data_config,
        limits,
        batch_size=learner.micro_batch,
        device=learner.device,
        workers=workers,
    )
    learner.model.eval()
    with torch.inference_mode(), learner.autocast():
        for batch, _ in batches:
            found = probabilities(learner.model(batch))[:, LABELS.index("NSFW")]
            scores += found.double().cpu().tolist()
    return measured(np.array([one.sample.nsfw for one in pictures]), np.array(scores))


def measured(nsfw: "np.typing.NDArray[np.bool_]", scores: "np.typing.NDArray[Any]") -> Measured:
    """``nsfw``: what people say, n. ``scores``: probabilities, n."""
    rows = []
    for threshold in THRESHOLDS:
        flagged = scores >= threshold
        hits = int((flagged & nsfw).sum())
        rows.append(
            AtThreshold(
                threshold=threshold,
                accuracy=float((flagged == nsfw).mean()),
                precision=hits / int(flagged.sum()) if flagged.any() else 1.0,
                recall=hits / int(nsfw.sum()),
            )
        )
    return Measured(
        loss=float(log_loss(nsfw, scores, labels=[False, True])),
        average_precision=float(average_precision_score(nsfw, scores)),
        roc_auc=float(roc_auc_score(nsfw, scores)),
        thresholds=tuple(rows),
    )
