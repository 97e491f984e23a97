"""What a run tells while it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass

from .dividing import Counted
from .measuring import Measured


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The pictures are read and divided, the model is there."""

    counted: Counted
    left_out: Mapping[str, str]
    device: str
    precision: str
    epoch: int
    """That it begins or goes on with, from 0."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A batch was learnt. ``epoch`` and ``batch`` from 1; ``loss``: mean of the epoch so far."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    pictures_per_second: float


@dataclass(frozen=True, kw_only=True)
class EpochDone:
    epoch: int
    epochs: int
    loss: float
    lr: float
    measured: Measured
    best: bool
    """Whether no epoch before had as small a loss on what was held out."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    counted: Counted
    epoch: int
    trained: int
    measured: Measured


Event = Prepared | Learned | EpochDone | Finished
