"""Training against a plain loop of timm's pieces: pictures a second, on the same files.

Both read, change, mix and learn by the same recipe; the plain loop is that of timm's ``train.py``,
with its own loader. On the processor; ``benchmarks.cuda`` does the same on a GPU.

    python -m benchmarks.training [PICTURES [ARCHITECTURE [SIDE]]]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROUNDS = 3
BATCH = {"cpu": 16, "cuda": 256}
PICTURES = {"cpu": 32, "cuda": 4096}
PRECISION = {"cpu": "fp32", "cuda": "bf16"}
ARCHITECTURE, SIDE = "vit_tiny_patch16_384", 384
SIZE = 512
"""Pixels along a side of the files."""


def main(arguments: Sequence[str]) -> None:
    import torch

    number, architecture, side = (*arguments, *("", ARCHITECTURE, SIDE)[len(arguments) :])
    with tempfile.TemporaryDirectory() as folder:
        paths = drawn(Path(folder), int(number or PICTURES["cpu"]))
        compare(torch.device("cpu"), paths, str(architecture), int(side), batch=BATCH["cpu"])


def drawn(folder: Path, number: int) -> list[Path]:
    """JPEGs of smooth noise, each another one."""
    import numpy as np
    from PIL import Image

    paths = []
    for place in range(number):
        coarse = np.random.default_rng(place).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        paths.append(folder / f"{place}.jpg")
        image.save(paths[-1], quality=90)
    return paths


def compare(
    device: Any, paths: Sequence[Path], architecture: str, side: int, *, batch: int
) -> None:
    from django_nsfw.training.recipe import Recipe
    from django_nsfw.training.settings import Machine

    # Not every architecture takes stochastic depth.
    drop_path = Recipe.drop_path if architecture == ARCHITECTURE else 0.0
    recipe = Recipe(batch_size=batch, img_size=side, drop_path=drop_path)
    workers = Machine().readers(device)
    ways = {
        "plain": _plain(device, paths, architecture, recipe, workers),
        "ours": _ours(device, paths, architecture, recipe, workers),
    }
    rates, ratio = in_turn({name: way.__next__ for name, way in ways.items()}, len(paths))
    print(
        f"training, {device.type}, {architecture} at {side} pixels, batches of {batch}, "
        f"{PRECISION[device.type]}: plain loop {rates['plain']:,.1f} pictures a second, ours "
        f"{rates['ours']:,.1f}, ratio {ratio:.2f}",
        flush=True,
    )


def in_turn(
    ways: Mapping[str, Callable[[], object]], number: int
) -> tuple[Mapping[str, float], float]:
    """Pictures a second of each way, and the ratio of the last to the first: medians of rounds.

    A slow moment of the machine hits all ways of a round. The first round warms.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    rounds = list(zip(*seconds.values(), strict=True))[1:]
    rates = {name: number / statistics.median(times[1:]) for name, times in seconds.items()}
    return rates, statistics.median(each[0] / each[-1] for each in rounds)


def _ours(
    device: Any, paths: Sequence[Path], architecture: str, recipe: Any, workers: int
) -> Iterator[None]:
    """An epoch each time."""
    from django_nsfw.evaluation.samples import Sample
    from django_nsfw.limits import Limits
    from django_nsfw.training import starting
    from django_nsfw.training.batches import training_batches
    from django_nsfw.training.gathering import Gathered
    from django_nsfw.training.learning import Learner

    model, config = starting.build(starting.find(architecture, scratch=True), recipe)
    learner = Learner(
        model, recipe, device=device, precision=PRECISION[device.type], micro_batch=None
    )
    pictures = [
        Gathered(
            sample=Sample(name=path.name, nsfw=place % 2 == 0, open=_Opened(path)),
            sha256="",
            pdq="",
        )
        for place, path in enumerate(paths)
    ]
    epoch = 0
    while True:
        batches = training_batches(
            pictures, recipe, config, Limits(),
            epoch=epoch, start=0, device=device, workers=workers,
        )  # fmt: skip
        for number, batch in enumerate(batches):
            learner.learn(batch, epoch=epoch, number=number)
        epoch += 1
        yield


class _Opened:
    """Can be sent to another process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> Any:
        return self._path.open("rb")


class Files:
    """As timm's ``ImageDataset`` reads them."""

    transform: Any = None

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: int) -> tuple[Any, int]:
        from PIL import Image

        with Image.open(self._paths[place]) as image:
            return self.transform(image.convert("RGB")), place % 2


def _plain(
    device: Any, paths: Sequence[Path], architecture: str, recipe: Any, workers: int
) -> Iterator[None]:
    import torch
    from timm.data import FastCollateMixup, create_loader
    from timm.loss import SoftTargetCrossEntropy
    from timm.optim import create_optimizer_v2, optimizer_kwargs

    from django_nsfw.training import starting

    model, config = starting.build(starting.find(architecture, scratch=True), recipe)
    model.to(device).train()
    loader = create_loader(
        Files(paths), config["input_size"], recipe.batch_size, is_training=True,
        re_prob=recipe.reprob, re_mode=recipe.remode, hflip=recipe.hflip,
        color_jitter=recipe.color_jitter, color_jitter_prob=recipe.color_jitter_prob,
        gaussian_blur_prob=recipe.gaussian_blur_prob, interpolation=recipe.train_interpolation,
        mean=config["mean"], std=config["std"], num_workers=workers, device=device,
        pin_memory=device.type == "cuda", persistent_workers=False,
        collate_fn=FastCollateMixup(
            mixup_alpha=recipe.mixup, cutmix_alpha=recipe.cutmix, label_smoothing=recipe.smoothing,
            num_classes=recipe.num_classes,
        ),
    )  # fmt: skip
    optimizer = create_optimizer_v2(model, **optimizer_kwargs(recipe))
    loss_of = SoftTargetCrossEntropy()
    half = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
    while True:
        for pictures, targets in loader:
            with half:
                loss = loss_of(model(pictures), targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
        yield


if __name__ == "__main__":
    main(sys.argv[1:])
