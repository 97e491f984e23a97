"""A training run from samples to a model folder. It can be stopped or killed at any time."""

from collections.abc import Callable, Iterable, Iterator

import safetensors.torch
import torch
from timm.models._hub import save_config_for_hf

from ..detectors import hub
from ..evaluation.samples import Sample
from ..exceptions import TrainingRefused
from ..limits import Limits
from . import LABELS, card, starting
from .dividing import divide
from .events import Event, Finished, Prepared
from .gathering import gather
from .learning import Learner
from .measuring import Measured
from .settings import Machine, Settings
from .state import Run
from .workplace import Workplace


def train(
    samples: Iterable[Sample],
    settings: Settings,
    machine: Machine,
    workplace: Workplace,
    limits: Limits,
    *,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    reading: Callable[[int], None] = lambda done: None,
) -> Iterator[Event]:
    """Train, and say what happens. The model folder is there when the iterator ends.

    ``settings`` of a run that is resumed are those it began with. ``stop`` is asked after each
    batch; where it says so the run is kept and ``TrainingStopped`` raised, as where the disk is
    full. Raises ``TrainingRefused`` for what cannot be done, before a begun run is touched.
    """
    device, precision = machine.resolved()
    machine.use_processors()
    if not resume:
        workplace.check(force=settings.replace)
    start = starting.find(settings.start, scratch=settings.scratch)
    model, data_config = starting.build(start, settings.recipe)
    learner = Learner(
        model, settings.recipe, device=device, precision=precision, micro_batch=machine.micro_batch
    )
    if not resume:
        workplace.begin(settings.as_json())
    try:
        with workplace.disk():
            gathering = gather(samples, limits, hashes=workplace.hashes, progress=reading)
        divided = divide(gathering, share=settings.held_out, seed=settings.recipe.seed)
        run = Run(settings, machine, workplace, limits, learner, data_config, divided)
        run.restore()
    except TrainingRefused:
        if not resume:
            workplace.abandon()
        raise
    yield Prepared(
        counted=divided.counted,
        left_out=gathering.left_out,
        device=str(device),
        precision=precision,
        epoch=run.epoch,
    )
    yield from run.epochs(stop)
    side = int(data_config["input_size"][-1])
    facts = card.Facts(
        name=workplace.output.name,
        start=start.name,
        architecture=start.architecture,
        side=side,
        recipe=settings.recipe,
        counted=divided.counted,
        share=settings.held_out,
        epoch=run.best_epoch,
        trained=run.epoch,
        device=str(device),
        precision=precision,
        evaluation=_evaluation(run.best),
        thresholds=tuple(
            (row.threshold, row.accuracy, row.precision, row.recall) for row in run.best.thresholds
        ),
    )
    _publish(run, model, workplace, card.write(facts), replace=settings.replace)
    yield Finished(
        counted=divided.counted, epoch=run.best_epoch, trained=run.epoch, measured=run.best
    )


def _publish(
    run: Run, model: torch.nn.Module, workplace: Workplace, readme: str, *, replace: bool
) -> None:
    model.load_state_dict(run.best_weights())
    config = workplace.folder / hub.CONFIG
    with workplace.disk():
        save_config_for_hf(model, str(config), model_config={"label_names": list(LABELS)})
    tensors = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    files = {
        hub.CONFIG: config.read_bytes(),
        hub.WEIGHTS: safetensors.torch.save(tensors, metadata={"format": "pt"}),
        "README.md": readme.encode(),
        "training.jsonl": run.log,
    }
    workplace.publish(files, replace=replace)


def _evaluation(measured: Measured) -> dict[str, float]:
    return {
        "accuracy at 0.5": measured.accuracy,
        "average precision": measured.average_precision,
        "ROC AUC": measured.roc_auc,
        "cross-entropy": measured.loss,
    }
