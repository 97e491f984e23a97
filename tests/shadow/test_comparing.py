"""The figures of a report."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_nsfw.models import QualityCheck, Scan, ShadowScore
from django_nsfw.quality import wilson
from django_nsfw.shadow.comparing import FieldFigures, Settled, report
from tests.shadow.conftest import ASSET, DECIDES, PHOTO, SHADOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def compared(settings, pair):
    """Hundred photos in the same order, but for six that the shadow takes for the opposite."""
    settings.NSFW_POLICY, settings.NSFW_FIELDS = {"review": 0.5}, {}
    rows = [pair((n + 0.5) / 100, (n + 0.5) / 1000) for n in range(100)]
    for number, nsfw in ((10, 0.0901), (11, 0.0902), (12, 0.0903), (80, 0.001), (81, 0.002),
                         (82, 0.003)):  # fmt: skip
        ShadowScore.objects.filter(pk=rows[number].pk).update(nsfw=nsfw)
    return rows


def put(row, status):
    Scan.objects.filter(pk=row.pk).update(status=status)


def test_verdicts_fields_and_quantiles(compared, django_assert_num_queries):
    with django_assert_num_queries(5):
        made = report()
    assert (made.deciding, made.shadow) == ((DECIDES,), SHADOW)
    assert (made.drawn, made.waiting, made.pairs, made.ms) == (100, 0, 100, 10.0)
    assert {key: count for key, count in made.verdicts.items() if count} == {
        ("allow", "allow"): 47, ("allow", "review"): 3, ("review", "allow"): 3,
        ("review", "review"): 42, ("reject", "reject"): 5,
    }  # fmt: skip
    assert made.fields == [
        FieldFigures(
            field=PHOTO, pairs=100, compared=100, stricter=3, milder=3,
            correlation=pytest.approx(made.correlation),
        )
    ]  # fmt: skip
    assert made.correlation == pytest.approx(0.782946, abs=1e-6)
    assert [(one.share, one.decided) for one in made.quantiles] == [
        (0.5, 0.505), (0.25, 0.755), (0.1, 0.905), (0.05, 0.955), (0.02, 0.985), (0.01, 0.995),
    ]  # fmt: skip
    assert [one.nsfw for one in made.quantiles][-1] == 0.0995
    assert [(one.threshold.what, one.carried.above) for one in made.carried] == [
        ("review", 50), ("reject", 5),
    ]  # fmt: skip


def test_who_was_right(compared):
    put(compared[10], "rejected")  # the shadow had it held
    put(compared[11], "approved")
    put(compared[80], "approved")  # the shadow had let it through
    put(compared[81], "approved")
    put(compared[50], "approved")  # on which both agree
    made = report()
    assert made.stricter == Settled(shadow=1, deciding=1, open=1)
    assert made.milder == Settled(shadow=2, deciding=0, open=1)
    assert (made.stricter.share, made.milder.share) == (0.5, 1.0)
    assert made.milder.between == wilson(2, 2)


def test_the_quality_sample_says_something_too(compared, person):
    mo = person("view_scan")
    QualityCheck.record(compared[10].scan, mo, QualityCheck.Answer.YES)
    QualityCheck.record(compared[11].scan, mo, QualityCheck.Answer.UNSURE)
    QualityCheck.record(compared[13].scan, mo, QualityCheck.Answer.YES)
    assert report().stricter == Settled(shadow=0, deciding=1, open=2)


def test_nothing_yet(db):
    made = report()
    assert (made.pairs, made.drawn, made.shadow, made.deciding) == (0, 0, "", ())
    assert (made.ms, made.correlation, made.fields, made.quantiles) == (None, None, [], [])
    assert made.stricter.between is None
    assert {one.carried.new for one in made.carried} == {None}


def test_failures_and_what_waits(pair):
    ShadowScore.objects.filter(pk=pair(0.1, 0.1).pk).update(
        nsfw=None, deciding_nsfw=None, error_code="missing"
    )
    ShadowScore.objects.filter(pk=pair(0.1, 0.1).pk).update(
        nsfw=None, deciding_nsfw=None, scored_at=None, next_at=timezone.now()
    )
    pair(0.2, 0.3, ms=0.0)  # recalled
    made = report()
    assert (made.drawn, made.waiting, made.pairs) == (3, 1, 1)
    assert (made.failures, made.ms) == ({"missing": 1}, None)


def test_some_fields_and_some_time(compared, pair):
    pair(0.2, 0.3, field=ASSET)
    ShadowScore.objects.filter(pk=compared[0].pk).update(
        drawn_at=timezone.now() - timedelta(days=40)
    )
    assert report().pairs == 101
    assert report(fields=[ASSET]).pairs == 1
    assert [one.threshold.labels for one in report(fields=[ASSET]).carried] == []
    assert report(after=timezone.now() - timedelta(days=30)).pairs == 100


def test_detectors_that_decide_on_different_fields_are_not_thrown_together(compared, pair):
    pair(0.2, 0.3, field=ASSET, deciding="another@1")
    made = report()
    assert made.deciding == ("another@1", DECIDES)
    assert (made.correlation, made.quantiles) == (None, [])
    assert made.fields[1].correlation is not None
