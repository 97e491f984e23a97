"""The arguments of a recipe as options of a command: ``--batch-size`` for ``batch_size``."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .recipe import INTERPOLATIONS, MIXUP_MODES, REMODES, Recipe

MEANINGS: Mapping[str, str] = {
    "batch_size": "pictures of one update; even where pictures are mixed",
    "color_jitter": "how far brightness, contrast and saturation are changed",
    "color_jitter_prob": "how often they are",
    "cutmix": "alpha of CutMix; 0 for none",
    "drop": "dropout before the head, and where the architecture has it",
    "drop_path": "stochastic depth; some architectures take none but 0",
    "epoch_repeats": "passes over the pictures in one epoch, as for data that timm reads as a "
    "stream; 0 is one",
    "epochs": "epochs",
    "gaussian_blur_prob": "how often a picture is blurred",
    "hflip": "how often it is mirrored",
    "lr": "learning rate after the warm-up",
    "mixup": "alpha of mixup; 0 for none",
    "mixup_mode": "batch, pair or elem: what is mixed by the same share",
    "mixup_prob": "how often a batch is mixed",
    "mixup_switch_prob": "how often by CutMix where both are on",
    "momentum": "of optimisers that have it; AdamW has none",
    "num_classes": "2, the labels NSFW and SFW",
    "opt": "optimiser of timm",
    "remode": "pixel, rand or const: what erased rectangles are filled with",
    "reprob": "how often a rectangle is erased",
    "sched": "schedule of timm",
    "smoothing": "label smoothing",
    "warmup_epochs": "epochs in which the learning rate rises",
    "warmup_lr": "where it starts",
    "warmup_prefix": "the warm-up comes before the epochs, and not out of them",
    "decay_epochs": "between two steps of the schedule step; how long wsd and rsqrt decay",
    "decay_rate": "what step, multistep and plateau multiply by; the power of poly",
    "img_size": "pixels along a side; that of the model unless given",
    "min_lr": "where the learning rate ends",
    "scale": "share of the area that a random crop takes",
    "ratio": "aspect ratio of a random crop",
    "train_interpolation": "random, bilinear or bicubic",
    "weight_decay": "weight decay",
    "seed": "of everything that is drawn at random",
}
"""Of each argument, for who is asked for it; the documentation says the same."""

CHOICES = {
    "mixup_mode": MIXUP_MODES, "remode": REMODES, "train_interpolation": INTERPOLATIONS,
}  # fmt: skip


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """An option for each argument, None unless given: a run that is resumed has its own."""
    recipe = parser.add_argument_group(
        "recipe",
        "Names of timm's train.py; the defaults are those of Marqo/nsfw-image-detection-384.",
    )
    for field in fields(Recipe):
        _add(recipe, field.name, field.default)


def _add(parser: Any, name: str, default: Any) -> None:
    option, said = f"--{name.replace('_', '-')}", _said(name, default)
    if isinstance(default, bool):
        parser.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=said)
    elif isinstance(default, tuple):
        parser.add_argument(option, type=float, nargs=2, metavar=("FROM", "TO"), help=said)
    else:
        kind = int if default is None else type(default)
        choices = CHOICES.get(name)
        metavar = None if choices else "N" if kind is int else "X" if kind is float else "NAME"
        parser.add_argument(option, type=kind, choices=choices, metavar=metavar, help=said)


def _said(name: str, default: Any) -> str:
    if default is None:
        return MEANINGS[name]
    if isinstance(default, tuple):
        return f"{MEANINGS[name]} (default: {' '.join(f'{value:g}' for value in default)})"
    return f"{MEANINGS[name]} (default: {'off' if default is False else default})"
