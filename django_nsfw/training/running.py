"""A training run from samples to a model folder. It can be stopped or killed at any time."""

from collections.abc import Callable, Iterator

import safetensors.torch
import torch
from timm.models._hub import save_config_for_hf

from ..detectors import hub
from ..evaluation.reading import Collection
from ..exceptions import TrainingRefused, TrainingStopped
from ..limits import Limits
from . import LABELS, card, starting
from .dividing import divide
from .events import Event, Finished, Prepared
from .gathering import gather
from .learning import Learner
from .measuring import HALF
from .settings import Machine, Settings
from .state import Run
from .workplace import Workplace


def train(
    collect: Callable[[], Collection],
    settings: Settings,
    machine: Machine,
    workplace: Workplace,
    limits: Limits,
    *,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    looking: Callable[[int], None] = lambda done: None,
) -> Iterator[Event]:
    """Train, and say what happens. The model folder is there when the iterator ends.

    ``collect`` gives the labelled pictures, once it is clear that the run may begin. ``settings``
    of a run that is resumed are those it began with. ``stop`` is asked after each batch; where it
    says so the run is kept and ``TrainingStopped`` raised, as where the disk is full. Raises
    ``TrainingRefused`` for what cannot be done, before a begun run is touched, and where the model
    learns no more.
    """
    device, precision = machine.resolved()
    machine.use_processors()

    def looked_at(done: int) -> None:
        if stop():
            raise TrainingStopped("Stopped while the pictures were looked at.")
        looking(done)

    with workplace.alone():
        if resume:
            workplace.resumed()  # it may have ended since it was asked for its settings
        else:
            workplace.check(force=settings.replace)
        collection = collect()
        start = starting.find(settings.start, scratch=settings.scratch)
        model, data_config = starting.build(start, settings.recipe)
        learner = Learner(
            model,
            settings.recipe,
            device=device,
            precision=precision,
            micro_batch=machine.micro_batch,
        )
        if not resume:
            workplace.begin(settings.as_json())
        try:
            with workplace.disk():
                gathering = gather(
                    collection.samples, limits, hashes=workplace.hashes, progress=looked_at
                )
            divided = divide(
                collection, gathering, share=settings.held_out, seed=settings.recipe.seed
            )
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
            loss=run.best.loss,
            measured=run.evaluation(),
            threshold=HALF,
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
