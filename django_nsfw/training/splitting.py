"""What is trained on and what is held out to measure: never two of a kind on both sides."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..exceptions import TrainingRefused
from . import LABELS


@dataclass(frozen=True, kw_only=True)
class Split:
    """Places in the sequence of pictures, ascending."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]
    groups: int
    """Of pictures that look like each other, lone ones included."""
    disagreeing: int
    """Groups in which pictures have different labels."""


def split(nsfw: Sequence[bool], groups: Sequence[int], *, share: float, seed: int) -> Split:
    """Hold out about ``share`` of each class, whole groups at a time.

    ``groups``: for each picture the number of its group. Raises ``TrainingRefused`` where a class
    cannot be on both sides.
    """
    if not 0 < share < 1:
        raise TrainingRefused(f"The share to hold out is {share!r}. It must be between 0 and 1.")
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    total = [sum(nsfw), len(nsfw) - sum(nsfw)]
    wanted = [max(1, round(count * share)) for count in total]
    held: list[int] = []
    order = list(members)
    random.Random(seed).shuffle(order)  # noqa: S311 - to be drawn again
    for group in order:
        explicit = sum(nsfw[place] for place in members[group])
        counts = (explicit, len(members[group]) - explicit)
        if all(count <= left for count, left in zip(counts, wanted, strict=True)):
            held += members[group]
            wanted = [left - count for count, left in zip(counts, wanted, strict=True)]
    out = set(held)
    train = [place for place in range(len(nsfw)) if place not in out]
    for number, label in enumerate(LABELS):
        sides = [sum(nsfw[p] != bool(number) for p in side) for side in (train, held)]
        if not all(sides):
            raise TrainingRefused(
                f"The {total[number]} pictures that are {label} cannot be divided into some to "
                "train on and some to measure with: they look like each other, or are too few. "
                "Add others."
            )
    return Split(
        train=tuple(train),
        held_out=tuple(sorted(held)),
        groups=len(members),
        disagreeing=sum(len({nsfw[place] for place in group}) == 2 for group in members.values()),
    )
