"""The order by uncertainty is one order, whatever the rounding: floats are compared exactly."""

import itertools
import math
import random

import pytest
from django.http import QueryDict

from django_nsfw.queue.asking import SORTS, Question
from django_nsfw.queue.lanes import Spot, lanes, thresholds
from tests.queue.conftest import START

PHOTO, ASSET, SLIDE = "host.Photo.image", "host.Asset.file", "host.Slide.image"


@pytest.fixture
def policies(settings):
    settings.NSFW_POLICY = {"review": 0.5}
    settings.NSFW_FIELDS = {ASSET: {"review": 0.3}, SLIDE: {"review": None, "reject": 0.9}}


def test_thresholds_are_those_of_the_fields_and_of_the_project(policies):
    assert list(thresholds()) == [
        (0.3, frozenset({ASSET}), False),
        (0.9, frozenset({SLIDE}), False),
        (0.5, frozenset({ASSET, SLIDE}), True),
    ]


def test_where_nobody_is_asked_to_look_uploads_are_refused_above_it_or_it_is_the_middle(settings):
    settings.NSFW_POLICY, settings.NSFW_FIELDS = {"review": None}, {}
    photo = frozenset({PHOTO})  # its validator refuses from 0.95 on
    assert list(thresholds()) == [(0.95, photo, False), (0.5, photo, True)]


def spots(rng):
    """Scores at the same distances from each threshold, next to them, equal ones, and none."""
    near = [t + s * d for t in (0.3, 0.5, 0.9) for s in (1, -1) for d in (0, 0.1, 0.2, 1e-16)]
    scores = [*near, *(math.nextafter(x, s) for x in near for s in (0, 1)), 0.0, 1.0, 5e-324]
    scores += [rng.random() for _ in range(10)]
    every = itertools.product([None, *(s for s in scores if 0 <= s <= 1)], (PHOTO, ASSET, SLIDE))
    made = [
        Spot(pk=pk, created_at=START, nsfw=nsfw, field=field)
        for pk, (nsfw, field) in enumerate(every, start=1)
    ]
    rng.shuffle(made)
    return made


def holds(condition, spot):
    """What the database would say."""
    compare = {"gt": float.__gt__, "gte": float.__ge__, "lt": float.__lt__, "lte": float.__le__}

    def one(child):
        if not isinstance(child, tuple):
            return holds(child, spot)
        column, _, how = child[0].partition("__")
        value = getattr(spot, column)
        if column == "created_at":
            return compare[how](value.timestamp(), child[1].timestamp())
        return value is not None and compare[how](float(value), float(child[1]))

    found = [one(child) for child in condition.children]
    return any(found) if condition.connector == "OR" and found else all(found)


@pytest.mark.parametrize("sort", SORTS)
def test_every_spot_is_before_or_after_every_other_one_and_never_both(policies, sort):
    order = lanes(Question.of(QueryDict(f"sort={sort}")))
    made = spots(random.Random(3))
    for spot in made:
        assert sum(lane.has(spot) for lane in order) == 1
    lane_of = {spot.pk: next(lane for lane in order if lane.has(spot)) for spot in made}
    for one in random.Random(4).sample(made, 40):
        own = lane_of[one.pk]
        for other in made:
            lane = lane_of[other.pk]
            after, before = lane.after(one, own), lane.before(one, own)
            later = lane.place(other) > own.place(one)
            assert (after is not None and holds(after, other)) == later
            assert (before is not None and holds(before, other)) == (not later and other != one)
