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


AS_WRITTEN = (
    '{"crop_mode": "center", "crop_pct": 1.0, "interpolation": "bicubic", '
    '"mean": [0.5, 0.5, 0.5], "side": 384, "std": [0.5, 0.5, 0.5]}'
)
"""In files from before there were ``halves``."""


def test_files_from_before_there_were_halves_stay_as_they_are():
    preprocessing = Preprocessing.from_json(AS_WRITTEN)

    assert preprocessing == Preprocessing(**USUAL)
    assert preprocessing.to_json() == AS_WRITTEN
    assert summary(preprocessing.data_config) == f"{VERSION}/384-bicubic-center1-m0.5-s0.5"
    assert "halves" not in preprocessing.data_config


def test_a_cut_at_half_a_pixel_is_told():
    down = Preprocessing(**USUAL, halves="down")

    assert Preprocessing.from_json(down.to_json()) == down
    assert summary(down.data_config) == f"{VERSION}/384-bicubic-center1-down-m0.5-s0.5"


@pytest.mark.parametrize(
    ("halves", "longer", "left"),
    [
        ("even", 1, 0), ("even", 2, 1), ("even", 3, 2), ("even", 5, 2),
        ("down", 1, 0), ("down", 2, 1), ("down", 3, 1), ("down", 5, 2),
    ],
)  # fmt: skip
def test_where_the_cut_begins(halves, longer, left):
    """A picture of one row that says in each pixel where it is."""
    side = 8
    columns = np.arange(side + longer, dtype=np.uint8)
    picture = Image.fromarray(np.repeat(np.tile(columns, (side, 1))[..., None], 3, axis=2))
    plain = {"side": side, "mean": (0.0,) * 3, "std": (1.0,) * 3}

    pixels = Preprocessing(**{**USUAL, **plain}, halves=halves)(picture)

    assert round(float(pixels[0, 0, 0]) * 255) == left


VIT = {
    "do_resize": True,
    "size": {"height": 224, "width": 224},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 0.00392156862745098,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
SHORT = {"size": {"shortest_edge": 224}}
CUT = {"do_center_crop": True, "crop_size": {"height": 224, "width": 224}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({}, "224-bilinear-squash1-m0.5-s0.5", id="squashed"),
        pytest.param({"resample": 3}, "224-bicubic-squash1-m0.5-s0.5", id="another filter"),
        pytest.param(
            {"size": {"height": 256, "width": 256}, **CUT},
            "224-bilinear-squash0.875-down-m0.5-s0.5",
            id="squashed and cut",
        ),
        pytest.param(
            {**SHORT, **CUT}, "224-bilinear-center1-down-m0.5-s0.5", id="short side and cut"
        ),
        pytest.param(
            {"crop_pct": 0.875, **SHORT}, "224-bilinear-center0.875-down-m0.5-s0.5", id="a share"
        ),
        pytest.param(
            {"crop_pct": 0.875, "size": {"shortest_edge": 384}},
            "384-bilinear-squash1-m0.5-s0.5",
            id="no share of what is large",
        ),
        pytest.param(
            {"rescale_factor": 1 / 127.5}, "224-bilinear-squash1-m0.25-s0.25", id="rescaled"
        ),
        pytest.param(
            {"do_rescale": False, "image_mean": [51, 102, 127.5]},
            "224-bilinear-squash1-m0.2,0.4,0.5-s0.00196078",
            id="not rescaled",
        ),
        pytest.param({"do_normalize": False}, "224-bilinear-squash1-m0-s1", id="not normalized"),
    ],
)
def test_what_an_image_processor_says(change, told):
    preprocessing = Preprocessing.from_image_processor({**VIT, **change})

    assert summary(preprocessing.data_config) == f"{VERSION}/{told}"
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


@pytest.mark.parametrize("edge", range(225, 700, 7))
def test_every_side_before_the_cut_survives_being_a_share(edge):
    size = {"size": {"shortest_edge": edge}, **CUT}

    assert Preprocessing.from_image_processor({**VIT, **size}).edge == edge


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do_resize": False}, "pictures are not resized"),
        ({"size": {"height": 224, "width": 256}}, "is no square and no short side"),
        ({"size": {"shortest_edge": 224, "longest_edge": 300}}, "is no square and no short side"),
        ({"size": None}, "size {} is no square and no short side"),
        ({**CUT, "crop_size": {"height": 224, "width": 220}}, "crop size .* is no square"),
        ({"resample": 9}, "9 is not a valid Resampling"),
    ],
)
def test_what_no_file_can_say_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_image_processor({**VIT, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_mode": "border"}, "crop mode 'border' is none of: center, squash"),
        ({"interpolation": "random"}, "interpolation 'random' is none of: nearest, bilinear"),
        ({"halves": "up"}, "halves 'up' is none of: even, down"),
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
