"""What timm's evaluation transform does to a picture, with Pillow and numpy alone.

The steps and their rounding are those of timm's ``transforms_imagenet_eval`` over torchvision's
``Resize``, ``CenterCrop``, ``ToTensor`` and ``Normalize``; the tests hold both to 1e-6.
https://github.com/huggingface/pytorch-image-models/blob/main/timm/data/transforms_factory.py
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
    "lanczos": Image.Resampling.LANCZOS,
}
"""timm's names. Pillow's ``resize`` antialiases with all but "nearest"."""

CROP_MODES = ("center", "squash")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocessing:
    """RGB picture of any size → float32 array of 3 × ``side`` × ``side``.

    "center" scales the short side to ``side / crop_pct`` and cuts the middle out; "squash" scales
    both sides to it, whatever the aspect ratio. ``mean`` and ``std`` are those of each channel
    for values in [0, 1]. Values it cannot honour are a ``ValueError``.
    """

    side: int
    crop_pct: float
    crop_mode: str
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.side < 1 or self.crop_pct <= 0:
            raise ValueError(f"side {self.side} with crop_pct {self.crop_pct} is no size")
        if self.crop_mode not in CROP_MODES:
            raise ValueError(f"crop mode {self.crop_mode!r} is none of: {', '.join(CROP_MODES)}")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"interpolation {self.interpolation!r} is none of: {', '.join(INTERPOLATIONS)}"
            )
        if len(self.mean) != 3 or len(self.std) != 3 or not all(self.std):
            raise ValueError(f"mean {self.mean} and std {self.std} are not of three channels")

    @classmethod
    def from_data_config(cls, config: Mapping[str, Any]) -> Self:
        """From what timm's ``resolve_model_data_config`` returns."""
        channels, height, width = config["input_size"]
        if channels != 3 or height != width:
            raise ValueError(f"input {channels}×{height}×{width} is not a square of three channels")
        return cls(
            side=height,
            crop_pct=float(config["crop_pct"]),
            crop_mode=config.get("crop_mode") or "center",
            interpolation=config["interpolation"],
            mean=_three(config["mean"]),
            std=_three(config["std"]),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        try:
            values = json.loads(text)
            return cls(**{**values, "mean": _three(values["mean"]), "std": _three(values["std"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a preprocessing: {text!r}") from error

    @property
    def data_config(self) -> dict[str, Any]:
        """The keys of timm's data config that this honours."""
        values = asdict(self)
        del values["side"]
        return {**values, "input_size": (3, self.side, self.side)}

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """The array for one picture. Modes other than RGB are converted by Pillow's rules."""
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        square = self._square(rgb)
        pixels = np.asarray(square, dtype=np.float32) / np.float32(255)
        pixels -= np.asarray(self.mean, dtype=np.float32)
        pixels /= np.asarray(self.std, dtype=np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def batch(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """n pictures → n × 3 × ``side`` × ``side``."""
        return np.stack([self(image) for image in images])

    def _square(self, image: Image.Image) -> Image.Image:
        """Resized, then cut; at once where that gives the very same pixels.

        Pillow takes the corners of a box as float32. Where they are whole in that, as for the 4:3
        of most cameras, only what the model sees is resized, at two thirds of the time.
        """
        size = self._size(image)
        if size == image.size:
            return _center_crop(image, self.side)
        resample = INTERPOLATIONS[self.interpolation]
        if min(size) >= self.side:
            left, top = _corner(size, self.side)
            x, y = image.width / size[0], image.height / size[1]
            box = (left * x, top * y, (left + self.side) * x, (top + self.side) * y)
            if all(float(np.float32(corner)) == corner for corner in box):
                return image.resize((self.side, self.side), resample, box=box)
        return _center_crop(image.resize(size, resample), self.side)

    def _size(self, image: Image.Image) -> tuple[int, int]:
        edge = math.floor(self.side / self.crop_pct)
        width, height = image.size
        if self.crop_mode == "squash":
            return edge, edge
        if width <= height:
            return edge, int(edge * height / width)
        return int(edge * width / height), edge


def summary(config: Mapping[str, Any]) -> str:
    """The ``preprocessing`` component of an identity, from a data config of timm.

    Starts with the version of :mod:`django_nsfw.images`, which decodes before this room sees a
    picture.
    """
    _, height, width = config["input_size"]
    size = str(height) if height == width else f"{height}x{width}"
    mean, std = (",".join(_distinct(config[key])) for key in ("mean", "std"))
    mode = config.get("crop_mode") or "center"
    return versioned(
        f"{size}-{config['interpolation']}-{mode}{config['crop_pct']:g}-m{mean}-s{std}"
    )


def versioned(own: str) -> str:
    """``own`` behind the version of the decoding that comes before it."""
    from ..images import VERSION

    return f"{VERSION}/{own}"


def _center_crop(image: Image.Image, side: int) -> Image.Image:
    """torchvision's rule: pad with black to at least ``side``, then cut, halves to even."""
    width, height = image.size
    if width < side or height < side:
        left, top = max(side - width, 0) // 2, max(side - height, 0) // 2
        padded = Image.new("RGB", (max(width, side), max(height, side)))
        padded.paste(image, (left, top))
        image, (width, height) = padded, padded.size
    left, top = _corner((width, height), side)
    return image.crop((left, top, left + side, top + side))


def _corner(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Left and top of the square of ``side`` in the middle of ``size``, halves to even."""
    return round((size[0] - side) / 2.0), round((size[1] - side) / 2.0)


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = map(float, values)
    return red, green, blue


def _distinct(values: Sequence[float]) -> list[str]:
    texts = [f"{value:g}" for value in values]
    return texts[:1] if len(set(texts)) == 1 else texts
