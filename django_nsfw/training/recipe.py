"""How a model is trained: the arguments of timm's ``train.py``, by its names."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ..exceptions import TrainingRefused
from . import LABELS

REMODES = ("const", "rand", "pixel")
MIXUP_MODES = ("batch", "pair", "elem")
INTERPOLATIONS = ("random", "bilinear", "bicubic")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The arguments that ``Marqo/nsfw-image-detection-384`` was trained with are the defaults.

    Those that its model card does not list have the defaults of timm's ``train.py``. Each does
    what it does there; ``epoch_repeats`` is what it is for data that is read as a stream.
    """

    batch_size: int = 256
    color_jitter: float = 0.2
    color_jitter_prob: float = 0.05
    cutmix: float = 0.1
    drop: float = 0.1
    drop_path: float = 0.05
    epoch_repeats: float = 0.0
    epochs: int = 20
    gaussian_blur_prob: float = 0.005
    hflip: float = 0.5
    lr: float = 5e-5
    mixup: float = 0.1
    mixup_mode: str = "batch"
    mixup_prob: float = 1.0
    mixup_switch_prob: float = 0.5
    momentum: float = 0.9
    num_classes: int = 2
    opt: str = "adamw"
    remode: str = "pixel"
    reprob: float = 0.5
    sched: str = "cosine"
    smoothing: float = 0.1
    warmup_epochs: int = 2
    warmup_lr: float = 1e-5
    warmup_prefix: bool = False

    # Not on the card. What each argument means is said in ``options``.
    decay_epochs: float = 90.0
    decay_rate: float = 0.1
    img_size: int | None = None
    min_lr: float = 0.0
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    train_interpolation: str = "random"
    weight_decay: float = 2e-5
    seed: int = 42

    def __post_init__(self) -> None:
        for name, (fits, must) in _RULES.items():
            value = getattr(self, name)
            if not fits(value):
                raise TrainingRefused(f"{name} is {value!r}. It must be {must}.")
        if self.mixes and self.batch_size % 2:
            raise TrainingRefused(
                f"batch_size is {self.batch_size}. It must be even where pictures are mixed: "
                "each is mixed with the one opposite."
            )
        if self.warmup_epochs >= self.epochs and not self.warmup_prefix:
            raise TrainingRefused(
                f"warmup_epochs is {self.warmup_epochs} of {self.epochs} epochs. It must be "
                "fewer, or warmup_prefix be set, which adds them in front."
            )

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed with each other."""
        return self.mixup > 0 or self.cutmix > 0

    def arguments(self) -> dict[str, Any]:
        """Name → value, as JSON has them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """What ``arguments()`` gave. Raises ``TrainingRefused`` for an unknown one."""
        unknown = sorted(arguments.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise TrainingRefused(f"A recipe has no argument {unknown[0]!r}.")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in arguments.items()
        }
        return cls(**values)


_Rule = tuple[Callable[[Any], bool], str]


def _number(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda v: (
        isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) and fits(v)
    )


def _whole(least: int) -> _Rule:
    return (
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= least,
        f"a whole number of at least {least}",
    )


def _one_of(*names: str) -> _Rule:
    return (lambda v: v in names, f"one of: {', '.join(names)}")


_SHARE: _Rule = (_number(lambda v: 0 <= v <= 1), "a number from 0 to 1")
_BELOW_ONE: _Rule = (_number(lambda v: 0 <= v < 1), "a number from 0 to less than 1")
_POSITIVE: _Rule = (_number(lambda v: v > 0), "a number above 0")
_NOT_NEGATIVE: _Rule = (_number(lambda v: v >= 0), "a number of at least 0")

_RULES: Mapping[str, _Rule] = {
    "batch_size": _whole(1),
    "color_jitter": _NOT_NEGATIVE,
    "color_jitter_prob": _SHARE,
    "cutmix": _NOT_NEGATIVE,
    "drop": _BELOW_ONE,
    "drop_path": _BELOW_ONE,
    "epoch_repeats": _NOT_NEGATIVE,
    "epochs": _whole(1),
    "gaussian_blur_prob": _SHARE,
    "hflip": _SHARE,
    "lr": _POSITIVE,
    "mixup": _NOT_NEGATIVE,
    "mixup_mode": _one_of(*MIXUP_MODES),
    "mixup_prob": _SHARE,
    "mixup_switch_prob": _SHARE,
    "momentum": _NOT_NEGATIVE,
    "num_classes": (lambda v: v == len(LABELS), f"{len(LABELS)}: {', '.join(LABELS)}"),
    "remode": _one_of(*REMODES),
    "reprob": _SHARE,
    "smoothing": _BELOW_ONE,
    "warmup_epochs": _whole(0),
    "warmup_lr": _NOT_NEGATIVE,
    "decay_epochs": _POSITIVE,
    "decay_rate": _POSITIVE,
    "img_size": (lambda v: v is None or _whole(8)[0](v), "a whole number of at least 8"),
    "min_lr": _NOT_NEGATIVE,
    "scale": (
        lambda v: len(v) == 2 and 0 < v[0] <= v[1] <= 1,
        "two shares above 0 and up to 1, the smaller first",
    ),
    "ratio": (lambda v: len(v) == 2 and 0 < v[0] <= v[1], "two ratios, the smaller first"),
    "train_interpolation": _one_of(*INTERPOLATIONS),
    "weight_decay": _NOT_NEGATIVE,
    "seed": _whole(0),
}
