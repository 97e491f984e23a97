"""What timm and transformers do to a picture before a model, with Pillow and numpy alone.

The steps and their rounding are those of timm's ``transforms_imagenet_eval`` over torchvision's
``Resize``, ``CenterCrop``, ``ToTensor`` and ``Normalize``, and of the image processors of
transformers that resize with Pillow; the tests hold them to 1e-6 and 1e-5.
https://github.com/huggingface/pytorch-image-models/blob/main/timm/data/transforms_factory.py
https://github.com/huggingface/transformers/blob/main/src/transformers/image_transforms.py
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

HALVES = ("even", "down")

CONVNEXT_WARPS_FROM = 384
"""Pixels of the short side from which ConvNeXT's image processor squashes and cuts nothing.
https://github.com/huggingface/transformers/tree/main/src/transformers/models/convnext
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preprocessing:
    """RGB picture of any size → float32 array of 3 × ``side`` × ``side``.

    "center" scales the short side to ``side / crop_pct`` and cuts the middle out; "squash" scales
    both sides to it, whatever the aspect ratio. A cut that begins at half a pixel begins at the
    "even" one beside it, as timm's, or one "down", as that of transformers. ``mean`` and ``std``
    are those of each channel for values in [0, 1]. Values it cannot honour are a ``ValueError``.
    """

    side: int
    crop_pct: float
    crop_mode: str
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    halves: str = "even"

    def __post_init__(self) -> None:
        if self.side < 1 or self.crop_pct <= 0:
            raise ValueError(f"side {self.side} with crop_pct {self.crop_pct} is no size")
        if self.crop_mode not in CROP_MODES:
            raise ValueError(f"crop mode {self.crop_mode!r} is none of: {', '.join(CROP_MODES)}")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"interpolation {self.interpolation!r} is none of: {', '.join(INTERPOLATIONS)}"
            )
        if self.halves not in HALVES:
            raise ValueError(f"halves {self.halves!r} is none of: {', '.join(HALVES)}")
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
    def from_image_processor(cls, settings: Mapping[str, Any]) -> Self:
        """From what an image processor of transformers says of itself.

        Some do more than they say: whoever asks must compare what both make of pictures.
        """
        mode, edge, side = _geometry(settings)
        factor = 255 * settings["rescale_factor"] if settings.get("do_rescale") else 255.0
        factor = 1.0 if math.isclose(factor, 1) else factor
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        if settings.get("do_normalize"):
            mean, std = _three(settings["image_mean"]), _three(settings["image_std"])
        return cls(
            side=side,
            crop_pct=_share(side, edge),
            crop_mode=mode,
            interpolation=Image.Resampling(settings["resample"]).name.lower(),
            mean=_three([value / factor for value in mean]),
            std=_three([value / factor for value in std]),
            halves="even" if (mode, edge) == ("squash", side) else "down",  # where nothing is cut
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
        """The keys of timm's data config that this honours, and ``halves`` where timm would not."""
        values = self._values()
        del values["side"]
        return {**values, "input_size": (3, self.side, self.side)}

    def to_json(self) -> str:
        return json.dumps(self._values(), sort_keys=True)

    def _values(self) -> dict[str, Any]:
        """Files and identities from before there were ``halves`` say nothing of them."""
        values = asdict(self)
        if self.halves == "even":
            del values["halves"]
        return values

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
            return self._center_crop(image)
        resample = INTERPOLATIONS[self.interpolation]
        if min(size) >= self.side:
            left, top = self._corner(size)
            x, y = image.width / size[0], image.height / size[1]
            box = (left * x, top * y, (left + self.side) * x, (top + self.side) * y)
            if all(float(np.float32(corner)) == corner for corner in box):
                return image.resize((self.side, self.side), resample, box=box)
        return self._center_crop(image.resize(size, resample))

    @property
    def edge(self) -> int:
        """Pixels of the short side before the cut; "squash" makes both sides as long."""
        return math.floor(self.side / self.crop_pct)

    def _size(self, image: Image.Image) -> tuple[int, int]:
        edge = self.edge
        width, height = image.size
        if self.crop_mode == "squash":
            return edge, edge
        if width <= height:
            return edge, int(edge * height / width)
        return int(edge * width / height), edge

    def _center_crop(self, image: Image.Image) -> Image.Image:
        """torchvision's rule: pad with black to at least ``side``, then cut."""
        side, (width, height) = self.side, image.size
        if width < side or height < side:
            left, top = max(side - width, 0) // 2, max(side - height, 0) // 2
            padded = Image.new("RGB", (max(width, side), max(height, side)))
            padded.paste(image, (left, top))
            image = padded
        left, top = self._corner(image.size)
        return image.crop((left, top, left + side, top + side))

    def _corner(self, size: tuple[int, int]) -> tuple[int, int]:
        """Left and top of the square of ``side`` in the middle of ``size``."""
        rounded = math.floor if self.halves == "down" else round
        return rounded((size[0] - self.side) / 2.0), rounded((size[1] - self.side) / 2.0)


def summary(config: Mapping[str, Any]) -> str:
    """The ``preprocessing`` component of an identity, from a data config of timm.

    Starts with the version of :mod:`django_nsfw.images`, which decodes before this room sees a
    picture.
    """
    _, height, width = config["input_size"]
    size = str(height) if height == width else f"{height}x{width}"
    mean, std = (",".join(_distinct(config[key])) for key in ("mean", "std"))
    mode = config.get("crop_mode") or "center"
    down = "-down" if config.get("halves") == "down" else ""
    return versioned(
        f"{size}-{config['interpolation']}-{mode}{config['crop_pct']:g}{down}-m{mean}-s{std}"
    )


def versioned(own: str) -> str:
    """``own`` behind the version of the decoding that comes before it."""
    from ..images import VERSION

    return f"{VERSION}/{own}"


def _geometry(settings: Mapping[str, Any]) -> tuple[str, int, int]:
    """Crop mode, pixels of the short side before the cut, and after it."""
    size, cut = settings.get("size") or {}, settings.get("crop_size") or {}
    if not settings.get("do_resize"):
        raise ValueError("pictures are not resized")
    mode, edge = "squash", size.get("height")
    if edge is None and set(size) == {"shortest_edge"}:
        mode, edge = "center", size["shortest_edge"]
    elif not edge or edge != size.get("width"):
        raise ValueError(f"size {size} is no square and no short side")
    side = edge
    if share := settings.get("crop_pct"):
        if edge >= CONVNEXT_WARPS_FROM:
            mode = "squash"
        else:
            edge = int(edge / share)
    if settings.get("do_center_crop"):
        side = cut.get("height")
        if not side or side != cut.get("width"):
            raise ValueError(f"crop size {cut} is no square")
    return mode, edge, side


def _share(side: int, edge: int) -> float:
    """The ``crop_pct`` of which ``side`` makes just ``edge``."""
    share = side / edge
    return share if math.floor(side / share) == edge else math.nextafter(share, 0)


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = map(float, values)
    return red, green, blue


def _distinct(values: Sequence[float]) -> list[str]:
    texts = [f"{value:g}" for value in values]
    return texts[:1] if len(set(texts)) == 1 else texts
