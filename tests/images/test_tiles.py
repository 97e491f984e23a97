import random

import pytest

from django_nsfw.images.tiles import boxes, tile_count

from .drawing import crops_of, encode, scene


def seen(width: int, height: int) -> set[int]:
    """Positions along the long side that some centre square of the crops covers."""
    positions: set[int] = set()
    for left, upper, right, lower in boxes(width, height):
        start, end = (left, right) if width >= height else (upper, lower)
        side = min(right - left, lower - upper)
        middle = start + (end - start - side) // 2
        positions.update(range(middle, middle + side))
    return positions


@pytest.mark.parametrize("seed", range(200))
def test_tiles_cover_the_long_side_and_stay_inside(seed: int) -> None:
    rng = random.Random(seed)
    short = rng.randint(1, 90)
    long = rng.randint(2 * short + 1, 16 * short)
    for width, height in ((long, short), (short, long)):
        cut = boxes(width, height)
        assert len(cut) == tile_count(width, height) == -(-long // short)
        for left, upper, right, lower in cut:
            assert right - left == lower - upper == short
            assert 0 <= left < right <= width
            assert 0 <= upper < lower <= height
        assert seen(width, height) == set(range(long))
        offsets = [box[0] if width > height else box[1] for box in cut]
        assert offsets == sorted(set(offsets))


@pytest.mark.parametrize(
    ("width", "height", "count"),
    [
        (100, 100, 1),
        (400, 300, 1),
        (300, 200, 1),
        (1920, 1080, 1),
        (1366, 768, 1),
        (1080, 1920, 1),
        (1810, 1000, 3),
        (2000, 1000, 3),
        (1000, 2000, 3),
        (2001, 1000, 3),
        (3001, 1000, 4),
        (1, 16, 16),
    ],
)
def test_the_number_of_crops(width: int, height: int, count: int) -> None:
    assert len(boxes(width, height)) == count


@pytest.mark.parametrize("size", [(1810, 1000), (2000, 1000), (1000, 1999)])
def test_up_to_two_to_one_the_whole_frame_comes_first_and_the_ends_are_seen(
    size: tuple[int, int],
) -> None:
    assert boxes(*size)[0] == (0, 0, *size)
    assert seen(*size) == set(range(max(size)))


def test_crops_carry_the_index_of_their_tile_and_its_pixels() -> None:
    image = scene((130, 40))
    crops = crops_of(encode(image, "PNG"))
    assert [(crop.frame, crop.tile, crop.image.size) for crop in crops] == [
        (0, tile, (40, 40)) for tile in range(4)
    ]
    assert [crop.image.tobytes() for crop in crops] == [
        image.crop((left, 0, left + 40, 40)).tobytes() for left in (0, 30, 60, 90)
    ]


def test_tiles_are_cut_from_the_upright_frame() -> None:
    image = scene((40, 100))
    exif = image.getexif()
    exif[0x0112] = 6
    data = encode(image, "PNG", exif=exif)
    from PIL import Image

    upright = image.transpose(Image.Transpose.ROTATE_270)
    assert [crop.image.tobytes() for crop in crops_of(data)] == [
        upright.crop((left, 0, left + 40, 40)).tobytes() for left in (0, 30, 60)
    ]
