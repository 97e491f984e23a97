"""One model as it learns: loss, optimiser, schedule and precision, all of timm."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, TypeVar

import torch
from timm.loss.cross_entropy import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy
from timm.optim import (  # type: ignore[attr-defined]
    create_optimizer_v2,
    list_optimizers,
    optimizer_kwargs,
)
from timm.scheduler.scheduler_factory import create_scheduler_v2, scheduler_kwargs

from ..exceptions import TrainingRefused, TrainingStopped
from .batches import Batch, seed_all
from .recipe import Recipe

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}

ON_PROCESSOR = 16
"""Pictures in one pass on a processor: about 100 MB each at 384 pixels. A GPU is given the whole
batch, and a half of what does not fit."""

OF_TRAIN = {"decay_milestones": [90, 180, 270], "lr_cycle_decay": 0.5}
"""Defaults of timm's ``train.py`` where the factory for schedules has others."""

Result = TypeVar("Result")


class Learner:
    """``epochs``: of the schedule, those of a prefixed warm-up included."""

    def __init__(
        self,
        model: torch.nn.Module,
        recipe: Recipe,
        *,
        device: torch.device,
        precision: str,
        micro_batch: int | None,
    ) -> None:
        self.model = model.to(device)
        self.device = device
        self._recipe = recipe
        self._dtype = PRECISIONS[precision]
        self._micro = micro_batch or (ON_PROCESSOR if device.type == "cpu" else recipe.batch_size)
        self._loss = _loss(recipe).to(device)
        self.optimizer = _optimizer(model, recipe)
        self.scheduler, self.epochs = _schedule(self.optimizer, recipe)
        # Gradients of float16 vanish where they are not scaled; otherwise it only passes them on.
        self._scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")

    @property
    def micro_batch(self) -> int:
        """Pictures that go forward and back at once."""
        return min(self._micro, self._recipe.batch_size)

    @property
    def lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def learn(self, batch: Batch, *, epoch: int, number: int) -> float:
        """One update from a whole batch, in as many parts as memory asks for. Returns the loss.

        A part counts by its share of the batch, so that the parts make no difference but for
        layers that normalise over what they are given.
        """
        self.model.train()
        statistics = [buffer.clone() for buffer in self.model.buffers()]

        def gradient() -> float:
            seed_all("dropping", self._recipe.seed, epoch, number)
            return self._gradient(batch)

        def undo() -> None:
            for buffer, before in zip(self.model.buffers(), statistics, strict=True):
                buffer.copy_(before)

        loss = self._fitting(gradient, undo)
        if loss != loss:
            raise self._diverged(
                f"The loss of batch {number} of epoch {epoch + 1} is not a number."
            )
        self._scaler.step(self.optimizer)
        self._scaler.update()
        return loss

    def answers(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the model says as it is now, n × classes, in as many parts as memory asks for."""
        self.model.eval()

        def said() -> torch.Tensor:
            return torch.cat([self.model(part) for part in torch.split(pictures, self.micro_batch)])

        with torch.inference_mode(), self._autocast():
            answers = self._fitting(said)
        if not answers.isfinite().all():
            raise self._diverged("The model has answers that are not numbers.")
        return answers

    def end_batches(self) -> None:
        """After the last batch of an epoch, before it is measured."""
        if hasattr(self.optimizer, "sync_lookahead"):
            self.optimizer.sync_lookahead()

    def end_epoch(self, epoch: int, loss: float) -> None:
        """The schedule goes on to the epoch after ``epoch``. ``loss``: of what was held out."""
        if self.scheduler is not None:
            self.scheduler.step(epoch + 1, loss)

    def state(self) -> dict[str, Any]:
        """Everything that changes while it learns."""
        plateau = getattr(self.scheduler, "lr_scheduler", None)  # which timm does not keep
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler is not None else {},
            "plateau": plateau.state_dict() if plateau is not None else {},
            "scaler": self._scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        if state["plateau"]:
            self.scheduler.lr_scheduler.load_state_dict(state["plateau"])
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])

    def _fitting(
        self, deed: Callable[[], Result], undo: Callable[[], None] = lambda: None
    ) -> Result:
        """What ``deed`` gives, with half as many pictures at once until they fit. ``undo``: as if
        what did not fit had not been tried."""
        while True:
            try:
                return deed()
            except torch.OutOfMemoryError as error:
                if self.micro_batch == 1:
                    raise TrainingStopped(
                        f"The memory of {self.device} does not hold a single picture: {error}"
                    ) from error
            # Not in the clause above: the error holds on to everything that did fit.
            undo()
            self._micro = self.micro_batch // 2
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _gradient(self, batch: Batch) -> float:
        """That of the whole batch, in the parameters. Returns the loss."""
        pictures, targets = batch
        size, total = len(pictures), 0.0
        self.optimizer.zero_grad()
        parts = zip(
            torch.split(pictures, self.micro_batch),
            torch.split(targets, self.micro_batch),
            strict=True,
        )
        for part, target in parts:
            with self._autocast():
                loss = self._loss(self.model(part), target)
            share = loss * (len(part) / size)
            total += float(share.detach())
            second_order = getattr(self.optimizer, "is_second_order", False)
            self._scaler.scale(share).backward(create_graph=second_order)
        return total

    def _diverged(self, what: str) -> TrainingRefused:
        way = "Go on with --resume and --precision fp32, or begin" if self._dtype else "Begin"
        return TrainingRefused(f"{what} {way} anew with --force and a smaller --lr.")

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self._dtype)


def _loss(recipe: Recipe) -> torch.nn.Module:
    if recipe.mixes:  # the targets are smoothed as they are mixed
        return SoftTargetCrossEntropy()  # type: ignore[no-untyped-call]
    if recipe.smoothing:
        return LabelSmoothingCrossEntropy(  # type: ignore[no-untyped-call]
            smoothing=recipe.smoothing
        )
    return torch.nn.CrossEntropyLoss()


def _optimizer(model: torch.nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    options = optimizer_kwargs(recipe)  # type: ignore[no-untyped-call]
    try:
        made: torch.optim.Optimizer = create_optimizer_v2(model, **options)
    except (ValueError, AssertionError, TypeError, RuntimeError) as error:
        raise TrainingRefused(
            f"opt is {recipe.opt!r}, which timm cannot make ({error}). "
            f"It knows: {', '.join(map(str, list_optimizers()))}."
        ) from error
    if getattr(made, "is_second_order", False):  # fused attention has no gradient of a gradient
        for layer in model.modules():
            if hasattr(layer, "fused_attn"):
                layer.fused_attn = False  # type: ignore[assignment]  # a plain attribute of timm's
    return made


def _schedule(optimizer: torch.optim.Optimizer, recipe: Recipe) -> tuple[Any, int]:
    """The schedule, None for ``none``, and the number of epochs it has."""
    arguments = SimpleNamespace(**{**OF_TRAIN, **recipe.arguments()})
    options = scheduler_kwargs(arguments, decreasing_metric=True)
    unknown = ""
    try:
        schedule, epochs = create_scheduler_v2(optimizer, **options)
    except ValueError as error:
        unknown = str(error)
    if unknown or (schedule is None and recipe.sched != "none"):
        raise TrainingRefused(
            f"sched is {recipe.sched!r}, which timm cannot make. {unknown}".rstrip()
        )
    return schedule, epochs
