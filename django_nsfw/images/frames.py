"""Which frames of an animation or multi-picture file are looked at."""

import random
from collections.abc import Collection


def choose_frames(
    total: int, limit: int, rng: random.Random, *, always: Collection[int] = ()
) -> list[int]:
    """At most ``limit`` frame indexes in ascending order: first, last, ``always``, and others.

    The others lie evenly between first and last, shifted by a random part of their spacing, so
    that nobody can count on a frame not being looked at.
    """
    if total <= limit:
        return list(range(total))
    fixed = list(dict.fromkeys([0, total - 1, *always]))[:limit]
    free = limit - len(fixed)
    if not free:
        return sorted(fixed)
    rest = [index for index in range(total) if index not in fixed]
    shift = rng.random()
    spaced = [rest[int((index + shift) * len(rest) / free)] for index in range(free)]
    return sorted([*fixed, *spaced])
