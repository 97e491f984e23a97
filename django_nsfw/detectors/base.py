"""The shape every detector has."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..scores import Scores

if TYPE_CHECKING:
    from django.core.checks import CheckMessage
    from PIL.Image import Image


IDENTITY_LENGTH = 255
"""Characters that a scan keeps of an identity. A cut one would be another identity."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Exactly what produced a score. Scores of different identities are never compared."""

    model: str
    revision: str = ""
    weights: str
    """SHA-256 of the weights, hexadecimal."""
    engine: str
    precision: str = "fp32"
    preprocessing: str
    """Changes whenever the same bytes would reach the model as other numbers."""
    counting: str = ""
    """Places of the model's outputs that count as NSFW, from 0: labels corrected later would
    otherwise find the scores of the wrong ones."""

    def __str__(self) -> str:
        name = self.model if len(self.model) <= 120 else f"…{self.model[-119:]}"
        model = f"{name}@{self.revision[:12]}" if self.revision else name
        return (
            f"{model} sha256:{self.weights[:12]} {self.engine}/{self.precision} "
            f"pre:{self.preprocessing}" + (f" nsfw:{self.counting}" if self.counting else "")
        )


class Detector(ABC):
    """Turns images into scores.

    The constructor takes ``OPTIONS`` as keyword arguments and only validates them: it must be
    cheap. ``load()`` brings the weights in and is called once per process, under a lock, by the
    handler; after it ``identity`` and ``labels`` are set and ``predict`` may be called from any
    number of threads.
    """

    labels: tuple[str, ...] = ()
    nsfw_labels: frozenset[str] = frozenset()
    identity: str = ""
    input_side: int = 384
    """Pixels of the square the model sees. No image is decoded to a short side under 1.5 of it."""
    max_batch: int = 8
    """Images in one forward pass."""

    @abstractmethod
    def load(self) -> None:
        """Bring the weights into memory. Raises ``DetectorUnavailable`` with the remedy."""

    @abstractmethod
    def predict(self, images: "Sequence[Image]") -> list[Scores]:
        """One ``Scores`` per RGB image of any size, in order.

        Raises ``DetectorUnavailable`` where the model cannot answer.
        """

    def check(self) -> "list[CheckMessage]":
        """Problems that can be seen without loading weights, for ``check --deploy``."""
        return []


def available_cpus() -> int:
    """Processors this process may use: its affinity mask, or less where a cgroup v2 caps it.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files (``cpu.max``)
    """
    affine = hasattr(os, "sched_getaffinity")  # not on macOS and Windows
    cpus = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cpus = min(cpus, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return max(cpus, 1)
