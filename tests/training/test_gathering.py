import io

import numpy as np
import pytest
from PIL import Image

from django_nsfw.evaluation.labelled_files import LeftOut
from django_nsfw.evaluation.reading import Collection
from django_nsfw.exceptions import TrainingRefused
from django_nsfw.limits import Limits
from django_nsfw.training.dividing import divide
from django_nsfw.training.gathering import gather
from tests.conftest import encode, photograph, picture

from .conftest import collection, sample

LIMITS = Limits()


@pytest.fixture
def hashes(tmp_path):
    return tmp_path / "hashes.jsonl"


def test_every_picture_once_in_an_order_of_its_own(samples, hashes):
    again = sample("again.png", nsfw=True, body=picture(seed=0, format="PNG"))
    counted = []

    there = gather([*samples, again], LIMITS, hashes=hashes, progress=counted.append)
    back = gather([again, *reversed(samples)], LIMITS, hashes=hashes)

    assert len(there.pictures) == 12
    assert [one.sha256 for one in there.pictures] == sorted(one.sha256 for one in back.pictures)
    assert (there.duplicates, back.duplicates) == (1, 1)
    assert counted == list(range(1, 14))


def test_what_is_no_picture_is_left_out_with_the_reason(samples, hashes, tmp_path):
    broken = [
        sample("text.jpg", nsfw=True, body=b"hello"),
        sample("half.jpg", nsfw=True, body=photograph("rocket.jpg")[:20_000]),
        sample("swapped.png", nsfw=True, body=picture(seed=99), sha256="0" * 64),
    ]
    gone = samples[0].__class__(name="gone", nsfw=True, open=(tmp_path / "gone").open)

    found = gather([*samples, *broken, gone], LIMITS, hashes=hashes)

    assert len(found.pictures) == 12
    assert list(found.left_out) == ["text.jpg", "half.jpg", "swapped.png", "gone"]
    assert found.left_out["text.jpg"].startswith("The file is no picture in a supported format")
    assert found.left_out["swapped.png"] == "The file has changed since it was labelled."
    assert found.left_out["gone"] == "It cannot be read: No such file or directory."


def test_the_same_bytes_with_different_labels_are_refused(samples, hashes):
    other = sample("other.png", nsfw=False, body=picture(seed=0, format="PNG"))

    with pytest.raises(TrainingRefused) as caught:
        gather([*samples, other], LIMITS, hashes=hashes)

    assert str(caught.value) == (
        "The same bytes have different labels: 0.png and other.png. Keep each picture under one "
        "label."
    )


def test_a_run_that_is_resumed_hashes_nothing_twice(samples, hashes):
    first = gather(samples, LIMITS, hashes=hashes)
    hashes.write_text(hashes.read_text()[:-9])  # killed as it wrote
    lines = hashes.read_text().count("\n")

    second = gather(samples, LIMITS, hashes=hashes)

    assert lines == 11
    assert [one.pdq for one in second.pictures] == [one.pdq for one in first.pictures]


def test_copies_of_a_picture_are_on_one_side(hashes):
    """Other sizes, formats and qualities of photographs, and an animation that begins with one."""
    names = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg"]
    originals = [Image.open(io.BytesIO(photograph(name))).convert("RGB") for name in names]
    bodies = []
    for image in originals:
        still = image.resize((320, 240))
        noise = Image.fromarray(
            np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
        )
        bodies += [
            encode(image, quality=90),
            encode(image, quality=40),
            encode(image.resize((400, 300)), "PNG"),
            encode(still, "WEBP", save_all=True, append_images=[noise], quality=80),
        ]
    labelled = [
        sample(f"{names[place // 4]} {place % 4}", nsfw=place // 4 % 2 == 0, body=body)
        for place, body in enumerate(bodies)
    ]

    divided = divide(
        collection(labelled), gather(labelled, LIMITS, hashes=hashes), share=0.5, seed=1
    )

    assert divided.counted.groups == 5
    assert divided.counted.disagreeing == 0
    sides = [{one.sample.name[:-2] for one in side} for side in (divided.train, divided.held_out)]
    assert all(sides)
    assert sides[0].isdisjoint(sides[1])


def test_pictures_too_flat_for_a_hash_are_not_alike(hashes):
    flat = [
        sample(
            str(shade), nsfw=shade % 2 == 0, body=encode(Image.new("RGB", (64, 64), (shade,) * 3))
        )
        for shade in range(100, 108)
    ]

    found = gather(flat, LIMITS, hashes=hashes)

    assert {one.pdq for one in found.pictures} == {""}
    assert divide(collection(flat), found, share=0.25, seed=1).counted.groups == 8


def test_everything_that_was_labelled_is_accounted_for(samples, hashes):
    broken = sample("text.jpg", nsfw=True, body=b"hello")
    again = sample("again.png", nsfw=True, body=picture(seed=0, format="PNG"))
    found = Collection(
        samples=[*samples, broken, again],
        left_out=[LeftOut(name="empty.jpg", reason="The file is empty.")],
        duplicates=3,
    )

    counted = divide(
        found, gather(found.samples, LIMITS, hashes=hashes), share=0.25, seed=1
    ).counted

    assert (sum(counted.train + counted.held_out), counted.left_out, counted.duplicates) == (
        12, 2, 4,
    )  # fmt: skip
