"""The thresholds of the settings, what they would be for the shadow, and who disagrees by them."""

import pytest
from django.core.cache import cache
from django.http import QueryDict

from django_nsfw.models import Scan, ShadowScore
from django_nsfw.queue.asking import Question
from django_nsfw.queue.counts import Count, counts
from django_nsfw.queue.pages import following, page
from django_nsfw.shadow.pairs import newest_pairs
from django_nsfw.shadow.thresholds import disagreeing, in_force, replacements, thresholds
from django_nsfw.shadow.wording import snippet
from tests.shadow.conftest import ASSET, DECIDES, PHOTO, SHADOW

pytestmark = pytest.mark.django_db

SLIDE = "host.Slide.image"


@pytest.fixture
def policies(settings):
    settings.NSFW_POLICY = {"review": 0.5}
    settings.NSFW_FIELDS = {ASSET: {"review": 0.3}, SLIDE: {"review": None, "reject": 0.9}}


def numbers(rows):
    return sorted(int(row.scan.object_pk) for row in rows)


def test_each_threshold_is_there_once_with_the_fields_that_it_holds_for(policies):
    found = {
        (one.setting, one.what, one.score, one.detector): one.labels
        for one in thresholds({ASSET, SLIDE, PHOTO, "host.Avatar.image"})
    }
    assert found == {
        ("NSFW_FIELDS", "review", 0.3, "default"): (ASSET,),
        ("NSFW_POLICY", "review", 0.5, "default"): ("host.Avatar.image", PHOTO),
        ("NSFWValidator", "reject", 0.95, "default"): (PHOTO,),
        ("NSFW_FIELDS", "reject", 0.9, "default"): (SLIDE,),
    }


def test_fields_with_other_detectors_have_thresholds_of_their_own(settings):
    settings.NSFW_POLICY = {"review": 0.5}
    settings.NSFW_FIELDS = {ASSET: {"detector": "constant"}}
    found = [(one.detector, one.labels) for one in thresholds({ASSET, "host.Avatar.image"})]
    assert found == [("constant", (ASSET,)), ("default", ("host.Avatar.image",))]


def test_they_are_carried_over_by_the_pictures_of_their_own_fields(policies, pair):
    for n in range(10):
        pair(n / 10, n / 100)
        pair(n / 10, 1 - n / 10, field=ASSET)
    found = replacements(thresholds({ASSET, PHOTO}), newest_pairs(ShadowScore.objects.all()))
    assert [
        (one.threshold.what, one.threshold.labels, one.carried.new, one.carried.above)
        for one in found
    ] == [
        ("review", (ASSET,), 0.4, 7),
        ("review", (PHOTO,), 0.045, 5),
        ("reject", (PHOTO,), None, 0),
    ]
    assert {(one.deciding, one.shadow) for one in found} == {(DECIDES, SHADOW)}


def test_scores_of_former_detectors_are_left_alone(pair):
    pair(0.9, 0.9, shadow="former@1")
    pair(0.9, 0.9, deciding="former@2")
    pair(0.8, 0.7)
    pair(0.1, 0.2, field=ASSET, deciding="other@1")  # of another field: its own detector
    found = newest_pairs(ShadowScore.objects.all())
    assert [(one.field, one.scores) for one in found] == [(ASSET, (0.1, 0.2)), (PHOTO, (0.8, 0.7))]


def test_the_settings_to_be_pasted(policies, pair):
    for n in range(10):
        pair(n / 10, n / 100)
        pair(n / 10, n / 20, field=ASSET)
    found = replacements(thresholds({ASSET, PHOTO}), newest_pairs(ShadowScore.objects.all()))
    assert snippet(found).splitlines() == [
        "# In place of decides@1",
        "# for shadow@1",
        "NSFW_POLICY = {",
        '    "review": 0.045,  # was 0.5; 5 of 10 pictures reach it; 95 %: 0.0100 to 0.0800; '
        "TOO FEW to rely on",
        "}",
        "NSFW_FIELDS = {",
        '    "host.Asset.file": {',
        '        "review": 0.12,  # was 0.3; 7 of 10 pictures reach it; 95 %: 0.0000 to 0.3000; '
        "TOO FEW to rely on",
        "    },",
        "}",
        "# host.Photo.image: NSFWValidator(",
        "#     # reject: was 0.95; 0 of 10 pictures reach it, so nothing can be said",
        "# )",
    ]
    compile(snippet(found), "<settings>", "exec")


def test_that_scores_are_equal_is_said(settings, pair):
    settings.NSFW_POLICY, settings.NSFW_FIELDS = {"review": 0.5}, {}
    for n in range(100):
        pair(n / 100, 0.9 if n >= 40 else 0.1)
    found = replacements(
        thresholds({"host.Avatar.image", PHOTO})[:1], newest_pairs(ShadowScore.objects.all())
    )
    assert "50 of 100 pictures reach it, 60 now, for many scores are equal;" in snippet(found)


@pytest.fixture
def rows(policies, pair):
    """Of twenty photos, two on each side of the threshold on which the two disagree."""
    for n in range(20):
        pair((n + 0.5) / 20, (n + 0.5) / 200)
    ShadowScore.objects.filter(scan__object_pk="3").update(nsfw=0.09)
    ShadowScore.objects.filter(scan__object_pk="16").update(nsfw=0.01)
    return ShadowScore.objects


def test_who_would_have_somebody_look_and_who_would_not(rows, pair):
    looked = in_force()
    assert (looked[PHOTO].decided, looked[PHOTO].nsfw) == (0.5, 0.05)
    assert numbers(disagreeing()) == [3, 16]
    ways = {
        one.scan: looked[PHOTO].disagree(one) for one in newest_pairs(ShadowScore.objects.all())
    }
    by_number = {int(row.scan.object_pk): ways[row.pk] for row in rows.all()}
    assert {number: way for number, way in by_number.items() if way} == {3: 1, 16: -1}


def test_without_pairs_there_is_no_opinion(rows):
    assert in_force()["host.Avatar.image"].nsfw == 0.05  # of the same threshold as the photos
    assert ASSET not in in_force()
    cache.clear()
    ShadowScore.objects.all().delete()
    assert in_force() == {}
    assert list(disagreeing()) == []


def test_a_threshold_that_nothing_reached_disagrees_with_nothing(policies, pair):
    for n in range(5):
        pair(0.1, n / 10)
    assert list(disagreeing()) == []


def test_where_nobody_is_asked_to_look_it_is_what_is_refused(policies, pair):
    for n in range(20):
        pair((n + 0.5) / 20, (n + 0.5) / 20, field=SLIDE)
    assert (in_force()[SLIDE].decided, in_force()[SLIDE].nsfw) == (0.9, 0.9)


def test_other_thresholds_are_found_at_once_and_the_same_are_kept(
    rows, settings, django_assert_num_queries
):
    in_force()
    with django_assert_num_queries(0):
        in_force()
    settings.NSFW_POLICY = {"review": 0.7}
    with django_assert_num_queries(1):
        assert in_force()[PHOTO].decided == 0.7


def asked(query):
    return Question.of(QueryDict(query))


class TestTheQueue:
    """Held are the numbers 10 to 19, clear those below."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("shadow=1", [16]),
            ("shadow=1&status=clear", [3]),
            ("shadow=1&status=clear&status=held", [3, 16]),
            ("shadow=1&status=clear&status=held&sort=uncertainty", [3, 16]),
            ("shadow=1&field=host.Asset.file", []),
            ("shadow=0&status=held&low=0.9", [18, 19]),
        ],
    )
    def test_where_the_second_detector_disagrees(self, rows, person, query, expected):
        mo, question = person("view_scan"), asked(query)
        assert sorted(int(s.object_pk) for s in page(question, mo).scans) == expected
        assert counts(question, mo).shown == Count(number=len(expected))
        other = Scan.objects.get(object_pk="0")
        after = following(question, mo, other)
        ahead = Scan.objects.filter(pk=after.pk).values_list("object_pk", flat=True)
        assert {int(number) for number in ahead} <= set(expected)
        assert bool(ahead) == bool(expected)

    def test_who_is_restricted_gets_none_of_other_fields(self, rows, person):
        mo = person("view_scan", only=[ASSET])
        assert page(asked("shadow=1"), mo).scans == []

    def test_it_is_a_part_of_the_question(self):
        assert asked("shadow=1&escalated=1").query() == "escalated=1&shadow=1"
        assert asked("shadow=yes").problems == (
            "“yes” was left out: it is no value for “shadow”.",
        )  # fmt: skip
