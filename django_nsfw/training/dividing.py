"""Gathered pictures → those to train on and those that are held out."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..evaluation.reading import Collection
from . import neighbours, splitting
from .gathering import Gathered, Gathering


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Pictures of each class: NSFW, SFW. ``groups``, ``disagreeing``: see ``splitting.Split``.
    ``left_out``, ``duplicates``: of everything that was labelled."""

    train: tuple[int, int]
    held_out: tuple[int, int]
    groups: int
    disagreeing: int
    left_out: int
    duplicates: int


@dataclass(frozen=True, kw_only=True)
class Divided:
    train: Sequence[Gathered]
    held_out: Sequence[Gathered]
    counted: Counted


def divide(collection: Collection, gathering: Gathering, *, share: float, seed: int) -> Divided:
    """Hold out about ``share`` of each class of what was gathered of ``collection``.

    Raises ``TrainingRefused`` where that cannot be.
    """
    pictures = gathering.pictures
    # A picture whose hash says nothing is like no other one.
    hashed = [place for place, one in enumerate(pictures) if one.pdq]
    groups = list(range(-len(pictures), 0))
    found = neighbours.components(neighbours.packed([pictures[place].pdq for place in hashed]))
    for place, group in zip(hashed, found.tolist(), strict=True):
        groups[place] = group
    nsfw = [one.sample.nsfw for one in pictures]
    split = splitting.split(nsfw, groups, share=share, seed=seed)
    train = [pictures[place] for place in split.train]
    held_out = [pictures[place] for place in split.held_out]
    return Divided(
        train=train,
        held_out=held_out,
        counted=Counted(
            train=_of_each(train),
            held_out=_of_each(held_out),
            groups=split.groups,
            disagreeing=split.disagreeing,
            left_out=len(collection.left_out) + len(gathering.left_out),
            duplicates=collection.duplicates + gathering.duplicates,
        ),
    )


def _of_each(pictures: Sequence[Gathered]) -> tuple[int, int]:
    nsfw = sum(one.sample.nsfw for one in pictures)
    return nsfw, len(pictures) - nsfw
