"""One model as it learns: loss, optimiser, schedule and precision, all of timm."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from timm.loss.cross_entropy import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy
from timm.optim import (  # type: ignore[attr-defined]
    create_optimizer_v2,
    list_optimizers,
    optimizer_kwargs,
)
from timm.scheduler.scheduler_factory import create_scheduler_v2, scheduler_kwargs
from timm.utils.cuda import NativeScaler

from ..exceptions import TrainingRefused, TrainingStopped
from .batches import Batch, seed_all
from .recipe import Recipe

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}

ON_PROCESSOR = 16
"""Pictures in one pass on a processor: about 100 MB each at 384 pixels. A GPU is given the whole
batch, and a half of what does not fit."""


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
        self._scaler: NativeScaler | None = None
        if precision == "fp16":
            self._scaler = NativeScaler(device=device.type)  # type: ignore[no-untyped-call]

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
        while True:
            seed_all("dropping", self._recipe.seed, epoch, number)
            try:
                loss = self._pass(batch)
                break
            except torch.OutOfMemoryError as error:
                self.optimizer.zero_grad()
                if self.micro_batch == 1:
                    raise TrainingStopped(
                        f"The memory of {self.device} does not hold a single picture: {error}"
                    ) from error
                self._micro = self.micro_batch // 2
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
        if loss != loss:
            raise TrainingStopped(
                f"The loss of batch {number} of epoch {epoch + 1} is not a number. Give a smaller "
                "lr, or precision fp32."
            )
        return loss

    def end_epoch(self, epoch: int, loss: float) -> None:
        """The schedule goes on to the epoch after ``epoch``. ``loss``: of what was held out."""
        if self.scheduler is not None:
            self.scheduler.step(epoch + 1, loss)

    def autocast(self) -> AbstractContextManager[Any]:
        if self._dtype is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self._dtype)

    def state(self) -> dict[str, Any]:
        """Everything that changes while it learns."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler is not None else {},
            "scaler": self._scaler.state_dict()  # type: ignore[no-untyped-call]
            if self._scaler is not None
            else {},
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        if self._scaler is not None:
            self._scaler.load_state_dict(state["scaler"])  # type: ignore[no-untyped-call]

    def _pass(self, batch: Batch) -> float:
        pictures, targets = batch
        size, total = len(pictures), 0.0
        self.optimizer.zero_grad()
        for start in range(0, size, self.micro_batch):
            part = pictures[start : start + self.micro_batch]
            with self.autocast():
                answers = self.model(part)
                loss = self._loss(answers, targets[start : start + self.micro_batch])
            share = loss * (len(part) / size)
            total += float(share.detach())
            if self._scaler is None:
                share.backward()
            else:
                self._scaler(share, self.optimizer, need_update=start + len(part) == size)
        if self._scaler is None:
            self.optimizer.step()
        return total


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
    return made


def _schedule(optimizer: torch.optim.Optimizer, recipe: Recipe) -> tuple[Any, int]:
    """The schedule, None for ``none``, and the number of epochs it has."""
    options = scheduler_kwargs(recipe, decreasing_metric=True)
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
