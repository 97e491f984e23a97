import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import FastCollateMixup
from timm.data.loader import create_loader

from django_nsfw.exceptions import TrainingStopped
from django_nsfw.limits import Limits
from django_nsfw.training.batches import (
    batches_in,
    collation,
    measuring_batches,
    seed_all,
    side_to_crop,
    training_batches,
    training_transform,
)
from django_nsfw.training.gathering import first_frame, gather
from django_nsfw.training.recipe import Recipe
from tests.conftest import encode

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
CONFIG = {
    "input_size": (3, 32, 32),
    "interpolation": "bicubic",
    "mean": (0.5, 0.4, 0.3),
    "std": (0.2, 0.3, 0.4),
    "crop_pct": 0.9,
    "crop_mode": "center",
}
CPU = torch.device("cpu")
SMALL = Recipe(batch_size=4)


@pytest.fixture
def pictures(samples, tmp_path):
    return gather(samples, Limits(), hashes=tmp_path / "hashes").pictures


def batches(pictures, recipe=SMALL, *, epoch=0, start=0, workers=0):
    return list(
        training_batches(
            pictures, recipe, CONFIG, Limits(),
            epoch=epoch, start=start, device=CPU, workers=workers,
        )
    )  # fmt: skip


def same(left, right):
    return all(
        torch.equal(a, b)
        for one, other in zip(left, right, strict=True)
        for a, b in zip(one, other, strict=True)
    )


CHANGES = [
    {},
    {"hflip": 0.0},
    {"color_jitter": 0.4, "color_jitter_prob": 0.9},
    {"gaussian_blur_prob": 0.5},
    {"scale": (0.5, 0.6), "ratio": (1.0, 1.1), "train_interpolation": "bilinear"},
    {"reprob": 0.9, "remode": "const"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda c: " ".join(c) or "as on the card")
def test_what_happens_to_a_picture_is_what_timms_own_loader_does(changes):
    recipe = Recipe(**changes)
    dataset = torch.utils.data.TensorDataset(torch.zeros(4))
    theirs = create_loader(
        dataset, CONFIG["input_size"], recipe.batch_size, is_training=True, re_prob=recipe.reprob,
        re_mode=recipe.remode, scale=recipe.scale, ratio=recipe.ratio, hflip=recipe.hflip,
        color_jitter=recipe.color_jitter, color_jitter_prob=recipe.color_jitter_prob,
        gaussian_blur_prob=recipe.gaussian_blur_prob, interpolation=recipe.train_interpolation,
        mean=CONFIG["mean"], std=CONFIG["std"], num_workers=0, device=CPU,
    )  # fmt: skip

    ours = training_transform(recipe, CONFIG)

    assert str(ours) == str(dataset.transform)
    if changes:
        assert str(ours) != str(training_transform(Recipe(), CONFIG)) or "reprob" in changes
    assert str(theirs.random_erasing) == (
        f"RandomErasing(p={recipe.reprob}, mode={recipe.remode}, count=(1, 1))"
    )


def test_mixing_has_every_argument():
    mixing = collation(
        Recipe(mixup=0.3, cutmix=0.7, mixup_prob=0.6, mixup_switch_prob=0.2, mixup_mode="elem",
               smoothing=0.05)
    )  # fmt: skip

    assert isinstance(mixing, FastCollateMixup)
    assert vars(mixing) == vars(
        FastCollateMixup(0.3, 0.7, None, 0.6, 0.2, "elem", True, 0.05, num_classes=2)
    )


def test_an_epoch_sees_each_picture_once_and_full_batches_only(pictures):
    plain = Recipe(batch_size=5, mixup=0, cutmix=0, reprob=0)

    found = batches(pictures, plain)

    assert [tuple(batch.shape) for batch, _ in found] == [(5, 3, 32, 32)] * 2
    assert all(targets.dtype == torch.int64 for _, targets in found)
    assert (batches_in(plain, 12), batches_in(plain, 4)) == (2, 0)


@pytest.mark.parametrize(
    ("repeats", "targets"),
    [(0.5, 15), (1, 15), (2, 25), (2.5, 30)],  # of 12 pictures in batches of 5
)
def test_epoch_repeats_are_further_passes_and_the_last_batch_is_filled(pictures, repeats, targets):
    repeating = Recipe(batch_size=5, epoch_repeats=repeats, mixup=0, cutmix=0)

    found = torch.cat([targets for _, targets in batches(pictures, repeating)])

    assert len(found) == targets
    assert found[:12].sum() == 6
    assert targets < 24 or found[12:24].sum() == 6


def test_targets_are_soft_where_pictures_are_mixed_and_nsfw_comes_first(pictures):
    ((_, targets), *_) = batches(pictures, Recipe(batch_size=12, mixup_prob=0.0, hflip=0))
    order = np.random.default_rng([42, 0]).permutation(12)

    expected = [0.95 if pictures[place].sample.nsfw else 0.05 for place in order]
    assert targets[:, 0].tolist() == pytest.approx(expected)
    assert targets.sum(dim=1).tolist() == pytest.approx([1.0] * 12)


@pytest.mark.parametrize("workers", [0, 2])
def test_from_the_middle_the_rest_of_an_epoch_is_the_same(pictures, workers):
    whole = batches(pictures, epoch=3)

    assert same(batches(pictures, epoch=3, start=1, workers=workers), whole[1:])
    assert not same(batches(pictures, epoch=4), whole)
    assert not same(batches(pictures, Recipe(batch_size=4, seed=43), epoch=3), whole)


def test_what_is_measured_comes_as_the_detector_prepares_it(pictures):
    from timm.data import create_transform

    found = list(measuring_batches(pictures, CONFIG, Limits(), batch_size=5, device=CPU, workers=0))
    transform = create_transform(**CONFIG, is_training=False)
    expected = []
    for picture in pictures:
        with picture.sample.open() as file:
            expected.append(transform(first_frame(file, Limits(), side=32)))

    assert [len(batch) for batch, _ in found] == [5, 5, 2]
    assert torch.allclose(
        torch.cat([batch for batch, _ in found]), torch.stack(expected), atol=1e-5
    )
    assert torch.cat([targets for _, targets in found]).tolist() == [
        0 if picture.sample.nsfw else 1 for picture in pictures
    ]


def detail(side):
    """How much an average crop of a picture differs from its neighbouring pixels."""
    grain = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    large = Image.fromarray(grain).resize((512, 512), Image.Resampling.BICUBIC)
    crop = training_transform(Recipe(scale=(0.08, 0.08), color_jitter_prob=0), CONFIG)
    if side is None:
        image = large
    else:
        image = first_frame(io.BytesIO(encode(large, quality=95)), Limits(), side=side)
    seed_all("detail")
    pixels = torch.stack([crop(image) for _ in range(20)]).float()
    return float(pixels.diff(dim=-1).abs().mean())


def test_the_smallest_crop_of_a_large_jpeg_is_as_sharp_as_timms():
    side = side_to_crop(Recipe(), CONFIG)

    assert side == 76  # a twelfth of the area of 113 × 113 is 32 × 32
    assert side_to_crop(Recipe(scale=(0.5, 1.0)), CONFIG) == 32
    assert detail(side) == pytest.approx(detail(None), rel=0.1)
    assert detail(32) < detail(None) * 0.7


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_is_gone_is_named_whoever_reads_it(pictures, workers):
    gone = replace(pictures[0].sample, open=Path("/nowhere/at all").open)

    with pytest.raises(TrainingStopped) as caught:
        batches([replace(pictures[0], sample=gone), *pictures[1:]], workers=workers)

    assert str(caught.value) == (
        f"{gone.name} could be read at the start and cannot be read now: [Errno 2] No such file or "
        "directory: '/nowhere/at all'"
    )
