"""What a run is about, and where it goes on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch

from ..detectors.base import available_cpus
from ..exceptions import TrainingRefused
from .learning import PRECISIONS
from .recipe import Recipe
from .starting import DEFAULT

READERS = 4
"""Processes that read pictures for a GPU; a processor has its own ones to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is about; it is resumed with the same.

    ``held_out``: the share to measure with. ``patience``: epochs without a smaller loss on it after
    which training stops; 0 for never.
    """

    recipe: Recipe
    start: str = DEFAULT
    scratch: bool = False
    held_out: float = 0.1
    patience: int = 0
    replace: bool = False

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "recipe": self.recipe.arguments()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{**stored, "recipe": Recipe.from_arguments(stored["recipe"])})


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where a run goes on; it may be resumed elsewhere.

    ``precision``: "auto" is bf16 or fp16 on a GPU. ``micro_batch``: pictures that go through the
    model at once; what fits unless given. ``workers``: processes that read pictures.
    ``checkpoint_every``: seconds between two checkpoints, besides that of each epoch.
    """

    device: str = "auto"
    precision: str = "auto"
    micro_batch: int | None = None
    workers: int | None = None
    checkpoint_every: float = 600.0

    def resolved(self) -> tuple[torch.device, str]:
        """Raises ``TrainingRefused`` for a device that is not there."""
        name = self.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(name)
            torch.zeros(1, device=device).item()
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise TrainingRefused(
                f"The device {name!r} cannot be used: {reason} Give auto, cpu or cuda."
            ) from error
        if self.precision not in ("auto", *PRECISIONS):
            raise TrainingRefused(
                f"The precision is {self.precision!r}. It must be one of: auto, "
                f"{', '.join(PRECISIONS)}."
            )
        if self.precision != "auto":
            return device, self.precision
        if device.type != "cuda":
            return device, "fp32"
        return device, "bf16" if torch.cuda.is_bf16_supported() else "fp16"

    def readers(self, device: torch.device) -> int:
        """Processes that read pictures."""
        if self.workers is not None:
            return self.workers
        return min(READERS, available_cpus()) if device.type == "cuda" else 0

    def use_processors(self) -> None:
        """torch counts the processors of the machine; a container may use fewer."""
        if torch.get_num_threads() > available_cpus():
            torch.set_num_threads(available_cpus())
