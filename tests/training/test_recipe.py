import argparse
import re
from pathlib import Path

import pytest

from django_nsfw.exceptions import TrainingRefused
from django_nsfw.training.options import MEANINGS, add_recipe
from django_nsfw.training.recipe import Recipe

CARD = {
    "batch_size": 256,
    "color_jitter": 0.2,
    "color_jitter_prob": 0.05,
    "cutmix": 0.1,
    "drop": 0.1,
    "drop_path": 0.05,
    "epoch_repeats": 0.0,
    "epochs": 20,
    "gaussian_blur_prob": 0.005,
    "hflip": 0.5,
    "lr": 5.0e-05,
    "mixup": 0.1,
    "mixup_mode": "batch",
    "mixup_prob": 1.0,
    "mixup_switch_prob": 0.5,
    "momentum": 0.9,
    "num_classes": 2,
    "opt": "adamw",
    "remode": "pixel",
    "reprob": 0.5,
    "sched": "cosine",
    "smoothing": 0.1,
    "warmup_epochs": 2,
    "warmup_lr": 1.0e-05,
    "warmup_prefix": False,
}


def test_the_defaults_are_those_of_the_models_card():
    assert {name: getattr(Recipe(), name) for name in CARD} == CARD


def test_arguments_come_back_as_they_went():
    recipe = Recipe(scale=(0.5, 1.0), lr=1e-3, warmup_prefix=True, img_size=96)

    assert Recipe.from_arguments(recipe.arguments()) == recipe
    with pytest.raises(TrainingRefused, match=r"^A recipe has no argument 'lrr'\.$"):
        Recipe.from_arguments({"lrr": 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0. It must be a whole number of at least 1."),
        ({"hflip": 1.5}, "hflip is 1.5. It must be a number from 0 to 1."),
        ({"drop": 1}, "drop is 1. It must be a number from 0 to less than 1."),
        ({"lr": 0.0}, "lr is 0.0. It must be a number above 0."),
        ({"lr": float("nan")}, "lr is nan. It must be a number above 0."),
        ({"mixup": -1}, "mixup is -1. It must be a number of at least 0."),
        ({"remode": "black"}, "remode is 'black'. It must be one of: const, rand, pixel."),
        ({"mixup_mode": "all"}, "mixup_mode is 'all'. It must be one of: batch, pair, elem."),
        ({"num_classes": 3}, "num_classes is 3. It must be 2: NSFW, SFW."),
        (
            {"scale": (0.9, 0.1)},
            "scale is (0.9, 0.1). It must be two shares above 0 and up to 1, the smaller first.",
        ),
        (
            {"batch_size": 5},
            "batch_size is 5. It must be even where pictures are mixed: each is mixed with the one "
            "opposite.",
        ),
        (
            {"epochs": 2},
            "warmup_epochs is 2 of 2 epochs. It must be fewer, or warmup_prefix be set, which adds "
            "them in front.",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_mistake_is_named(changes, message):
    with pytest.raises(TrainingRefused) as caught:
        Recipe(**changes)

    assert str(caught.value) == message


def test_an_odd_batch_is_fine_where_nothing_is_mixed():
    assert not Recipe(batch_size=5, mixup=0, cutmix=0).mixes


def test_help_says_what_each_argument_means_and_its_default():
    parser = argparse.ArgumentParser()
    add_recipe(parser)

    said = {action.dest: action.help for action in parser._actions if action.dest != "help"}

    assert list(said) == list(Recipe().arguments()) == list(MEANINGS)
    assert said["lr"] == "learning rate after the warm-up (default: 5e-05)"
    assert said["scale"] == "share of the area that a random crop takes (default: 0.08 1)"
    assert said["warmup_prefix"].endswith("and not out of them (default: off)")
    assert said["img_size"] == "pixels along a side; that of the model unless given"


def test_help_and_documentation_say_the_same():
    page = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", page.partition("(recipe)=")[2], re.M)

    assert {name: meaning.replace("`", "") for name, meaning in rows} == MEANINGS
