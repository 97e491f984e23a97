"""Pictures → batches of a model, by timm's transforms, mixing and loader.

Whatever is drawn at random is drawn from a generator that was seeded with the place where it is
drawn: epoch and batch. A run that goes on in the middle of an epoch, or with another number of
workers, draws the same.
"""

import hashlib
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from timm.data.loader import PrefetchLoader, fast_collate
from timm.data.mixup import FastCollateMixup
from timm.data.transforms_factory import create_transform
from torch.utils.data import DataLoader, Dataset, Sampler

from ..exceptions import TrainingStopped
from ..limits import Limits
from .gathering import Gathered, first_frame
from .recipe import Recipe

DataConfig = Mapping[str, Any]
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One batch before it is read: its number in the epoch, and the pictures in it."""

    epoch: int
    number: int
    places: tuple[int, ...]


def seed_all(*where: object) -> None:
    """Seed everything that timm and torch draw from."""
    digest = hashlib.sha256(repr(where).encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def batches_in(recipe: Recipe, pictures: int) -> int:
    """Batches of one epoch. One that would not be full is left out, as timm does."""
    return _length(recipe, pictures) // recipe.batch_size


def training_batches(
    pictures: Sequence[Gathered],
    recipe: Recipe,
    data_config: DataConfig,
    limits: Limits,
    *,
    epoch: int,
    start: int,
    device: torch.device,
    workers: int,
) -> Iterator[Batch]:
    """The batches of an epoch from number ``start`` on, on ``device``.

    Each is ``batch_size`` × 3 × height × width, normalised, mixed and erased, and its targets:
    ``batch_size`` × classes where the recipe mixes, else the numbers of the classes.
    """
    plans = _plans(recipe, len(pictures), epoch)[start:]
    loader: DataLoader[Any] = DataLoader(
        _Pictures(
            pictures, training_transform(recipe, data_config), limits, data_config, recipe.seed
        ),
        batch_sampler=_Order(plans),  # type: ignore[arg-type]  # any object names a batch
        collate_fn=collation(recipe),
        num_workers=workers,
        pin_memory=device.type == "cuda",
    )
    yield from PrefetchLoader(
        _Seeded(loader, plans, recipe.seed),  # type: ignore[arg-type]  # it is iterated, no more
        mean=data_config["mean"],
        std=data_config["std"],
        device=device,
        re_prob=recipe.reprob,
        re_mode=recipe.remode,
    )


def training_transform(recipe: Recipe, data_config: DataConfig) -> Any:
    """What happens to each picture. Erasing comes later, on the device, to those of a batch."""
    return create_transform(
        data_config["input_size"],
        is_training=True,
        scale=recipe.scale,
        ratio=recipe.ratio,
        hflip=recipe.hflip,
        color_jitter=recipe.color_jitter,
        color_jitter_prob=recipe.color_jitter_prob,
        gaussian_blur_prob=recipe.gaussian_blur_prob,
        interpolation=recipe.train_interpolation,
        mean=data_config["mean"],
        std=data_config["std"],
        re_prob=recipe.reprob,
        re_mode=recipe.remode,
        use_prefetcher=True,
    )


def collation(recipe: Recipe) -> Any:
    """How pictures become a batch: mixed with each other where the recipe says so."""
    if not recipe.mixes:
        return fast_collate
    return FastCollateMixup(  # type: ignore[no-untyped-call]
        mixup_alpha=recipe.mixup,
        cutmix_alpha=recipe.cutmix,
        prob=recipe.mixup_prob,
        switch_prob=recipe.mixup_switch_prob,
        mode=recipe.mixup_mode,
        label_smoothing=recipe.smoothing,
        num_classes=recipe.num_classes,
    )


def measuring_batches(
    pictures: Sequence[Gathered],
    data_config: DataConfig,
    limits: Limits,
    *,
    batch_size: int,
    device: torch.device,
    workers: int,
) -> Iterator[Batch]:
    """All pictures in order, as the model will see them in use, with the numbers of the classes."""
    transform = create_transform(**data_config, is_training=False, use_prefetcher=True)
    plans = [
        Plan(epoch=0, number=number, places=places)
        for number, places in enumerate(_cut(list(range(len(pictures))), batch_size))
    ]
    loader: DataLoader[Any] = DataLoader(
        _Pictures(pictures, transform, limits, data_config, 0),
        batch_sampler=_Order(plans),  # type: ignore[arg-type]
        collate_fn=fast_collate,
        num_workers=workers,
        pin_memory=device.type == "cuda",
    )
    yield from PrefetchLoader(
        loader, mean=data_config["mean"], std=data_config["std"], device=device
    )


def _length(recipe: Recipe, pictures: int) -> int:
    return math.floor(max(1.0, recipe.epoch_repeats) * pictures)


def _plans(recipe: Recipe, pictures: int, epoch: int) -> list[Plan]:
    """Every picture once before any comes again."""
    rng = np.random.default_rng([recipe.seed, epoch])
    order: list[int] = []
    while len(order) < _length(recipe, pictures):
        order += rng.permutation(pictures).tolist()
    full = _cut(order, recipe.batch_size)[: batches_in(recipe, pictures)]
    return [Plan(epoch=epoch, number=number, places=places) for number, places in enumerate(full)]


def _cut(places: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(places[start : start + size]) for start in range(0, len(places), size)]


class _Pictures(Dataset[Any]):
    def __init__(
        self,
        pictures: Sequence[Gathered],
        transform: Any,
        limits: Limits,
        data_config: DataConfig,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._transform = transform
        self._limits = limits
        self._side = max(data_config["input_size"][1:])
        self._seed = seed

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitems__(self, plan: Plan) -> list[tuple[Any, int]]:
        # What the mixing draws comes after it, in the same process.
        seed_all("pictures", self._seed, plan.epoch, plan.number)
        return [self._one(self._pictures[place]) for place in plan.places]

    def _one(self, picture: Gathered) -> tuple[Any, int]:
        sample = picture.sample
        try:
            with sample.open() as file:
                image = first_frame(file, self._limits, side=self._side)
        except Exception as error:  # storages raise anything, and pictures may have gone
            raise TrainingStopped(
                f"{sample.name} could be read at the start and cannot be read now: {error}"
            ) from error
        return self._transform(image), int(not sample.nsfw)


class _Order(Sampler[Plan]):
    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans

    def __iter__(self) -> Iterator[Plan]:
        return iter(self._plans)

    def __len__(self) -> int:
        return len(self._plans)


class _Seeded:
    """A loader after each batch of which erasing draws what it draws for that batch."""

    def __init__(self, loader: DataLoader[Any], plans: Sequence[Plan], seed: int) -> None:
        self._loader = loader
        self._plans = plans
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        for plan, batch in zip(self._plans, self._loader, strict=True):
            seed_all("erasing", self._seed, plan.epoch, plan.number)
            yield batch
