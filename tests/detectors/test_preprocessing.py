"""What can be said of it without torch; its parity with timm is in ``test_timm``."""

import json

import numpy as np
import pytest
from PIL import Image

from django_nsfw.detectors.metadata import Metadata
from django_nsfw.detectors.preprocessing import Preprocessing, summary
from django_nsfw.images import VERSION

USUAL = {
    "side": 384,
    "crop_pct": 1.0,
    "crop_mode": "center",
    "interpolation": "bicubic",
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
}


def test_values_stay_within_the_normalised_range_and_channels_come_first():
    pixels = Preprocessing(**USUAL)(Image.new("RGB", (500, 400), (255, 0, 0)))

    assert pixels.shape == (3, 384, 384)
    assert pixels.dtype == np.float32
    assert [float(channel.mean()) for channel in pixels] == [1.0, -1.0, -1.0]


def test_only_the_centre_crop_loses_the_ends():
    picture = Image.new("RGB", (300, 100))
    picture.paste((255, 255, 255), (0, 0, 60, 100))

    assert Preprocessing(**USUAL)(picture).max() < 0
    assert Preprocessing(**{**USUAL, "crop_mode": "squash"})(picture).max() > 0.9


def test_it_travels_as_json():
    preprocessing = Preprocessing(**USUAL)

    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_mode": "border"}, "crop mode 'border' is none of: center, squash"),
        ({"interpolation": "random"}, "interpolation 'random' is none of: nearest, bilinear"),
        ({"side": 0}, "side 0 with crop_pct 1.0 is no size"),
        ({"std": (0.5, 0, 0.5)}, "are not of three channels"),
        ({"gamma": 2}, "not a preprocessing"),
        ({"mean": None}, "not a preprocessing"),
    ],
)
def test_what_it_cannot_honour_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_json(json.dumps({**USUAL, **change}))


@pytest.mark.parametrize("size", [(1, 384, 384), (3, 384, 256)])
def test_only_squares_of_three_channels(size):
    config = {**Preprocessing(**USUAL).data_config, "input_size": size}

    with pytest.raises(ValueError, match="is not a square of three channels"):
        Preprocessing.from_data_config(config)


def test_the_summary_names_decoding_and_every_step():
    config = {**Preprocessing(**USUAL).data_config, "mean": (0.485, 0.456, 0.406)}

    assert summary(config) == f"{VERSION}/384-bicubic-center1-m0.485,0.456,0.406-s0.5"


METADATA = Metadata(
    model="somebody/a-model",
    revision="c" * 40,
    weights="f" * 64,
    precision="fp32",
    labels=("NSFW", "SFW"),
    nsfw_labels=("NSFW",),
    preprocessing=Preprocessing(**USUAL),
)


def test_metadata_travel_as_strings():
    props = METADATA.to_props()

    assert all(isinstance(value, str) for value in props.values())
    assert Metadata.from_props({"other": "", **props}) == METADATA


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "9"}, "its metadata have format '9', not '1'"),
        ({"labels": None}, "its metadata lack 'labels'"),
        ({"labels": '"NSFW"'}, "where a list of labels belongs"),
        ({"preprocessing": "{}"}, "not a preprocessing"),
    ],
)
def test_metadata_that_are_not_ours_are_refused(change, message):
    props = METADATA.to_props()
    for key, value in change.items():
        props["django_nsfw." + key] = value
    given = {key: value for key, value in props.items() if value is not None}

    with pytest.raises(ValueError, match=message):
        Metadata.from_props(given)


def test_a_foreign_file_has_none():
    with pytest.raises(ValueError, match=r"^it carries no metadata of django_nsfw$"):
        Metadata.from_props({"author": "somebody"})


@pytest.mark.parametrize("size", [(1000, 750), (750, 1000), (816, 612), (1152, 864), (768, 768)])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_resizing_only_what_is_seen_gives_the_very_same_pixels(size, interpolation):
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise)
    ours = Preprocessing(
        side=384,
        interpolation=interpolation,
        crop_pct=1.0,
        crop_mode="center",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
    )
    resample = Image.Resampling[interpolation.upper()]
    whole = image.resize(ours._size(image), resample)
    left, top = (whole.width - 384) // 2, (whole.height - 384) // 2
    expected = whole.crop((left, top, left + 384, top + 384))

    assert ours._square(image).tobytes() == expected.tobytes()
