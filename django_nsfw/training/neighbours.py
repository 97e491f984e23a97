"""Which of many pictures look like each other, without comparing each with each."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MAX_DISTANCE = 31
"""Bits of 256 in which the PDQ hashes of one picture differ at most, as for known images."""

SLOTS, SLOT_BITS = 16, 16

PAIRS_AT_ONCE = 1_000_000

CROWD = 100
"""Hashes with the same slot from which on they are walked through, and not paired: ten times as
fast as 1,000 where thousands look alike. Where none do, a slot has so many beyond six million."""

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.intp]


def packed(hashes: list[str]) -> Hashes:
    """PDQ hashes, 64 hexadecimal digits each → n × 4."""
    together = bytes.fromhex("".join(hashes))
    return np.frombuffer(together, dtype=np.uint64).reshape(len(hashes), 4)


def components(hashes: Hashes) -> Numbers:
    """n × 4 → for each the number of its group: what is linked by neighbours shares one.

    Neighbours are at most ``MAX_DISTANCE`` bits apart. All of them are found: 31 bits over sixteen
    slots leave one slot with at most one of them, so that two neighbours have a slot in which they
    are equal or differ in one bit (multi-index hashing: Norouzi, Punjani and Fleet, *Fast Search in
    Hamming Space with Multi-Index Hashing*, CVPR 2012).
    """
    if not len(hashes):
        return np.zeros(0, dtype=np.intp)
    distinct, places = np.unique(hashes, axis=0, return_inverse=True)
    group = np.arange(len(distinct), dtype=np.intp)
    for values in distinct.view(np.uint16).T:
        for left, right in _links(distinct, values):
            group = _joined(group, left, right)
    return group[places.reshape(-1)]


def _links(hashes: Hashes, values: npt.NDArray[np.uint16]) -> Iterator[tuple[Numbers, Numbers]]:
    """Neighbours among what has the same or almost the same value in one slot."""
    order = np.argsort(values, kind="stable")
    found, starts, counts = np.unique(values[order], return_index=True, return_counts=True)
    for flip in (0, *(1 << bit for bit in range(SLOT_BITS))):
        others = found ^ np.uint16(flip)
        at = np.searchsorted(found, others).clip(max=len(found) - 1)
        # Of two values that are each other's neighbours the smaller one has the pairs.
        met = np.flatnonzero((found[at] == others) & (found <= others))
        crowded = (counts[met] * counts[at[met]]) > CROWD**2
        for one in met[crowded]:
            two = at[one]
            sides = [order[starts[each] : starts[each] + counts[each]] for each in {one, two}]
            yield _walk(hashes, np.concatenate(sides))
        met = met[~crowded]
        for left, right in _pairs(starts[met], counts[met], starts[at[met]], counts[at[met]]):
            left, right = order[left], order[right]
            near = _distance(hashes[left], hashes[right]) <= MAX_DISTANCE
            yield left[near], right[near]


def _pairs(
    left: Numbers, left_counts: Numbers, right: Numbers, right_counts: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """Every place of a range with every one of the range beside it, so many at once."""
    sizes = left_counts * right_counts
    cuts = np.searchsorted(
        np.cumsum(sizes), np.arange(PAIRS_AT_ONCE, sizes.sum() + PAIRS_AT_ONCE, PAIRS_AT_ONCE)
    )
    start = 0
    for cut in cuts:
        part = slice(start, cut + 1)
        start = cut + 1
        number = sizes[part]
        if not number.sum():
            continue
        owner = np.repeat(np.arange(len(number)), number)
        place = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        across = right_counts[part][owner]
        yield left[part][owner] + place // across, right[part][owner] + place % across


def _walk(hashes: Hashes, members: Numbers) -> tuple[Numbers, Numbers]:
    """From neighbour to neighbour: what was reached once is not compared again.

    Thousands of pictures that are alike, the frames of a film, have millions of pairs.
    """
    left, right = [members[:0]], [members[:0]]
    waiting, reached = members, members[:0]
    while len(waiting):
        if not len(reached):
            reached, waiting = waiting[:1], waiting[1:]
        at_once = max(1, PAIRS_AT_ONCE // max(1, len(waiting)))
        some, reached = reached[:at_once], reached[at_once:]
        near = _distance(hashes[some][:, None], hashes[waiting][None]) <= MAX_DISTANCE
        met = near.any(axis=0)
        left.append(some[near.argmax(axis=0)[met]])
        right.append(waiting[met])
        reached = np.concatenate([reached, waiting[met]])
        waiting = waiting[~met]
    return np.concatenate(left), np.concatenate(right)


def _distance(left: Hashes, right: Hashes) -> npt.NDArray[np.intp]:
    found: npt.NDArray[np.intp] = np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.intp)
    return found


def _joined(group: Numbers, left: Numbers, right: Numbers) -> Numbers:
    left, right = group[left], group[right]
    new = left != right
    if not new.any():
        return group
    ends = (left[new], right[new])
    links = coo_array((np.ones(len(ends[0]), bool), ends), (len(group),) * 2)
    _, merged = connected_components(links, directed=False)
    joined: Numbers = merged[group].astype(np.intp)
    return joined
