"""Where a picture is covered."""

from collections import Counter

import numpy as np
import pytest

from django_nsfw.explaining.grid import Grid

SIZES = [(400, 400), (400, 300), (300, 400), (1920, 1080), (2000, 1000), (7, 5), (401, 397)]


def covered(grid, windows) -> Counter:
    return Counter(cell for window in windows for cell in grid.cells(window))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_side_by_side_every_cell_is_covered_once_and_with_those_between_four_times(size):
    grid = Grid.over(size)
    every = {(c, r) for c in range(grid.columns) for r in range(grid.rows)}
    assert covered(grid, grid.side_by_side) == Counter(every)
    assert covered(grid, grid.side_by_side + grid.between) == Counter(list(every) * 4)
    assert not set(grid.side_by_side) & set(grid.between)


@pytest.mark.parametrize("size", [*SIZES, (1, 1), (1, 9), (2, 2)], ids=str)
def test_side_by_side_every_pixel_is_covered_once(size):
    grid = Grid.over(size)
    pixels = np.zeros(size, int)
    for window in grid.side_by_side:
        left, upper, right, lower = grid.box(window)
        pixels[left:right, upper:lower] += 1
    assert (pixels == 1).all()


@pytest.mark.parametrize(
    ("size", "windows"),
    [
        ((400, 400), (4, 4)),
        ((400, 300), (5, 3)),
        ((300, 400), (3, 5)),
        ((1920, 1080), (5, 3)),
        ((2000, 1000), (6, 3)),
        ((5, 400), (1, 36)),
        ((3, 3), (1, 1)),
        ((1, 1), (1, 1)),
    ],
    ids=str,
)
def test_windows_are_nearly_square_and_of_pixels(size, windows):
    grid = Grid.over(size)
    assert (grid.columns // 2, grid.rows // 2) == windows


def test_windows_at_the_edges_hang_over_them():
    grid = Grid.over((80, 80))
    assert grid.box((0, 0)) == (0, 0, 20, 20)
    assert grid.box((-1, -1)) == (0, 0, 10, 10)
    assert grid.box((7, 3)) == (70, 30, 80, 50)
    assert grid.cells((7, 3)) == [(7, 3), (7, 4)]
