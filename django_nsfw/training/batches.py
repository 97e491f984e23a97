"""Pictures → batches of a model, by timm's transforms, mixing and loader.

Whatever is drawn at random is drawn from a generator that was seeded with the place where it is
drawn: epoch and batch. A run that goes on in the middle of an epoch, or with another number of
workers, draws the same.
"""

import hashlib
import math
import multiprocessing
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
from ..images.picture import DRAFT_FACTOR
from ..limits import Limits
from .gathering import Gathered, first_frame
from .recipe import Recipe

DataConfig = Mapping[str, Any]
Batch = tuple[torch.Tensor, torch.Tensor]

FORKS = "fork" in multiprocessing.get_all_start_methods()


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
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:  # torch would look for accelerators anew each time, for a millisecond
        torch.default_generator.manual_seed(seed)


def batches_in(recipe: Recipe, pictures: int) -> int:
    """Batches of one epoch. One that would not be full is left out, as timm does with a folder; of
    a stream, which is what ``epoch_repeats`` is for, it is filled with pictures that come again."""
    if recipe.epoch_repeats:
        return math.ceil(max(1.0, recipe.epoch_repeats) * pictures / recipe.batch_size)
    return pictures // recipe.batch_size


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
    dataset = _Pictures(
        pictures,
        training_transform(recipe, data_config),
        limits,
        side=side_to_crop(recipe, data_config),
        seed=recipe.seed,
    )
    yield from PrefetchLoader(
        _Read(dataset, plans, collation(recipe), device, workers),  # type: ignore[arg-type]
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


def side_to_crop(recipe: Recipe, data_config: DataConfig) -> int:
    """For a picture that a part of is looked at: the smallest crop has the pixels of the model.

    A JPEG that came reduced to what the whole of it needs would have crops that are blurred.
    """
    side = _side(data_config)
    return max(side, math.ceil(side / math.sqrt(recipe.scale[0]) / DRAFT_FACTOR))


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
    dataset = _Pictures(pictures, transform, limits, side=_side(data_config), seed=0)
    yield from PrefetchLoader(
        _Read(dataset, plans, fast_collate, device, workers),  # type: ignore[arg-type]
        mean=data_config["mean"],
        std=data_config["std"],
        device=device,
    )


def _side(data_config: DataConfig) -> int:
    return int(max(data_config["input_size"][1:]))


def _plans(recipe: Recipe, pictures: int, epoch: int) -> list[Plan]:
    """Every picture once before any comes again."""
    rng = np.random.default_rng([recipe.seed, epoch])
    order: list[int] = []
    batches = batches_in(recipe, pictures)
    while len(order) < batches * recipe.batch_size:
        order += rng.permutation(pictures).tolist()
    full = _cut(order, recipe.batch_size)[:batches]
    return [Plan(epoch=epoch, number=number, places=places) for number, places in enumerate(full)]


def _cut(places: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(places[start : start + size]) for start in range(0, len(places), size)]


class _Pictures(Dataset[Any]):
    def __init__(
        self,
        pictures: Sequence[Gathered],
        transform: Any,
        limits: Limits,
        *,
        side: int,
        seed: int,
    ) -> None:
        self._pictures = pictures
        self._transform = transform
        self._limits = limits
        self._side = side
        self.seed = seed

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitems__(self, plan: Plan) -> list[tuple[Any, int]] | TrainingStopped:
        # What the mixing draws comes after it, in the same process.
        seed_all("pictures", self.seed, plan.epoch, plan.number)
        try:
            return [self._one(self._pictures[place]) for place in plan.places]
        except TrainingStopped as error:
            return error  # torch would raise it with the traceback of a reader as its text

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


class _Collating:
    """``collate``, but for what stands in the place of a batch. Can be sent to another process."""

    def __init__(self, collate: Any) -> None:
        self._collate = collate

    def __call__(self, batch: Any) -> Any:
        return batch if isinstance(batch, TrainingStopped) else self._collate(batch)


class _Read:
    """The planned batches as readers give them, for a loader that iterates over them, no more.

    What erasing draws after each of them is drawn for that batch. Raises what a reader gave in the
    place of a batch.
    """

    def __init__(
        self,
        dataset: _Pictures,
        plans: Sequence[Plan],
        collate: Any,
        device: torch.device,
        workers: int,
    ) -> None:
        self._seed = dataset.seed
        self._plans = plans
        self._loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_sampler=_Order(plans),  # type: ignore[arg-type]  # any object names a batch
            collate_fn=_Collating(collate),
            num_workers=workers,
            # Samples of a database know their models only where Django was set up.
            multiprocessing_context="fork" if workers and FORKS else None,
            pin_memory=device.type == "cuda",
        )

    def __iter__(self) -> Iterator[Batch]:
        for plan, batch in zip(self._plans, self._loader, strict=True):
            if isinstance(batch, TrainingStopped):
                raise batch
            seed_all("erasing", self._seed, plan.epoch, plan.number)
            yield batch
