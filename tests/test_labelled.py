"""The site's own decisions as samples: which count, and how many uploads each stands for."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from django_nsfw import labelled, quality, strata
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.labelled import DECISIONS, QUALITY
from django_nsfw.models import Decision, QualityCheck, Scan
from django_nsfw.retention import prune
from tests.conftest import picture, upload
from tests.host.models import Asset, Photo

YES, NO, UNSURE = QualityCheck.Answer
pytestmark = pytest.mark.django_db(databases=["default", "second"])


@pytest.fixture
def site(constant, settings, django_user_model):
    """Uploads files with the scores that it is told."""
    settings.NSFW_REVIEW = {"quality_share": 1}
    settings.NSFW_RETENTION = {"rejected": 0}

    class Site:
        moderator = django_user_model.objects.create_superuser("mo")
        uploads = 0

        def upload(self, score, model=Photo, body=None) -> Scan:
            constant.answer = score
            self.uploads += 1
            body = picture(seed=1000 + self.uploads) if body is None else body
            field = {Photo: "image", Asset: "file"}[model]
            made = model.objects.create(**{field: upload(body=body)})
            return Scan.objects.get(object_pk=str(made.pk), field__startswith=model._meta.label)

        def approve(self, scan):
            return approve(scan, moderator=self.moderator)

        def reject(self, scan):
            return reject(scan, moderator=self.moderator)

        def check(self, scan, said):
            quality.answer(scan.pk, self.moderator, said)
            return Scan.objects.get(pk=scan.pk)

    return Site()


def found(**options):
    """Scan of each sample → label, source, weight."""
    return {
        int(sample.name.split(":")[0].removeprefix("scan ")): (
            sample.nsfw,
            sample.source,
            sample.weight,
        )
        for sample in labelled.subject(**options).samples
    }


def test_decisions_of_people_that_stand(site):
    held = [site.upload(0.8) for _ in range(4)]
    site.approve(held[0])
    site.reject(held[1])
    undo(site.reject(held[2]), moderator=site.moderator)
    reject(held[3], moderator=None)  # a program
    # Two of four that waited, of which two are on record: each stands for two.
    assert found() == {
        held[0].pk: (False, DECISIONS, 2.0),
        held[1].pk: (True, DECISIONS, 2.0),
    }


def test_the_newest_decision_counts(site):
    scan = site.upload(0.8)
    undo(site.reject(scan), moderator=site.moderator)
    site.approve(Scan.objects.get())
    assert found() == {scan.pk: (False, DECISIONS, 1.0)}


def test_what_arrives_settled_is_no_sample_and_none_that_waited(site):
    first = site.upload(0.8, body=picture(seed=1))
    site.reject(first)
    second = site.upload(0.8, body=picture(seed=1))
    assert (second.status, second.decisions.count()) == ("rejected", 0)
    assert found() == {first.pk: (True, DECISIONS, 1.0)}


def test_a_decision_that_follows_another_is_no_sample(site):
    body = picture(seed=1)
    first, second = site.upload(0.8, body=body), site.upload(0.8, body=body)
    made = site.reject(first)
    Decision(
        scan=second,
        action="reject",
        from_status="held",
        to_status="rejected",
        sha256=second.sha256,
        moderator_name="mo",
        inherited_from=made,
    ).save()
    assert found() == {first.pk: (True, DECISIONS, 1.0)}


def test_what_was_cleared_is_represented_by_the_quality_sample(site):
    cleared = [site.upload(0.1 * (n % 4)) for n in range(12)]
    held = [site.upload(0.8) for _ in range(2)]
    site.reject(held[0])
    site.approve(held[1])
    site.check(cleared[0], YES)
    site.check(cleared[1], NO)
    site.check(cleared[2], YES)
    site.check(cleared[3], UNSURE)
    assert found() == {
        held[0].pk: (True, DECISIONS, 1.0),
        held[1].pk: (False, DECISIONS, 1.0),
        cleared[0].pk: (False, QUALITY, 4.0),
        cleared[1].pk: (True, QUALITY, 4.0),
        cleared[2].pk: (False, QUALITY, 4.0),
    }
    subject = labelled.subject()
    assert sum(sample.weight for sample in subject.samples) == 14
    assert subject.recall_known
    assert subject.alone == DECISIONS
    assert subject.notes[1].startswith(
        "The quality sample corrects for it: 3 cleared pictures that somebody looked at"
    )
    assert subject.notes[1].endswith("stand beside 2 decisions.")


def test_what_was_decided_after_a_check_still_stands_for_what_was_cleared(site):
    cleared = [site.upload(0.1) for _ in range(6)]
    site.approve(site.check(cleared[0], NO))  # a moderator overrules the check
    site.check(cleared[1], YES)
    assert found() == {
        cleared[0].pk: (False, QUALITY, 3.0),
        cleared[1].pk: (False, QUALITY, 3.0),
    }


def test_what_somebody_took_down_by_themselves_stands_for_itself(site):
    cleared = [site.upload(0.1) for _ in range(5)]
    site.reject(cleared[0])  # somebody complained; it was not drawn from all
    site.check(cleared[1], YES)
    site.check(cleared[2], YES)
    assert found() == {
        cleared[0].pk: (True, DECISIONS, 1.0),
        cleared[1].pk: (False, QUALITY, 2.0),
        cleared[2].pk: (False, QUALITY, 2.0),
    }


def test_fields_and_bands_are_weighted_on_their_own(site, monkeypatch):
    monkeypatch.setattr(strata, "ENOUGH", 2)
    low = [site.upload(0.05) for _ in range(8)]
    high = [site.upload(0.3) for _ in range(3)]
    other = [site.upload(0.05, model=Asset) for _ in range(4)]
    for scan in (low[0], low[1], high[0], high[1], other[0]):
        site.check(scan, YES)
    weights = {pk: weight for pk, (_, _, weight) in found().items()}
    assert weights == {
        low[0].pk: 4.0,
        low[1].pk: 4.0,
        high[0].pk: 1.5,
        high[1].pk: 1.5,
        other[0].pk: 4.0,
    }


def test_bands_that_few_were_seen_of_go_with_their_neighbours(site, monkeypatch):
    monkeypatch.setattr(strata, "ENOUGH", 2)
    scans = [site.upload(score) for score in (0.05, 0.05, 0.05, 0.15, 0.15, 0.3, 0.3, 0.3)]
    for place in (0, 1, 3):
        site.check(scans[place], YES)
    # 0.05 has two, and the rest one between them: too few to stand alone.
    assert {weight for _, _, weight in found().values()} == {8 / 3}


def test_without_a_quality_sample_recall_cannot_be_known(site):
    site.upload(0.1)
    site.reject(site.upload(0.8))
    subject = labelled.subject()
    assert not subject.recall_known
    assert subject.notes[0].startswith("Decisions are a biased sample: ")
    assert subject.notes[1].startswith("There is no quality sample, so nobody knows how much was")


def test_a_field_that_nobody_checked_is_in_no_corrected_number(site):
    site.check(site.upload(0.1), YES)
    site.upload(0.1, model=Asset)
    site.reject(site.upload(0.8, model=Asset))
    subject = labelled.subject()
    assert subject.recall_known
    assert {s.model_field: s.weight for s in subject.samples} == {
        "host.Photo.image": 1.0,
        "host.Asset.file": 0.0,
    }
    assert subject.notes[2] == (
        "Nobody looked at what was cleared in host.Asset.file: what was decided there counts in "
        "none of the corrected numbers."
    )


def test_the_same_bytes_are_one_sample_that_stands_for_all_of_them(site):
    body = picture(seed=7)
    twins = [site.upload(0.8, body=body) for _ in range(2)]
    site.reject(twins[0])
    site.reject(twins[1])
    subject = labelled.subject()
    [sample] = subject.samples
    assert (sample.nsfw, sample.weight, subject.duplicates) == (True, 2.0, 1)


def test_people_who_disagree_are_counted_and_the_newest_holds(site, settings):
    settings.NSFW_POLICY = {"known": {"exact": "ignore"}}
    body = picture(seed=7)
    twins = [site.upload(0.8, body=body) for _ in range(2)]
    site.reject(twins[0])
    site.approve(twins[1])
    subject = labelled.subject()
    [sample] = subject.samples
    assert (sample.nsfw, sample.weight) == (False, 2.0)
    assert subject.notes[-1] == ("1 picture was judged in two ways; the newest decision counts.")


def test_uploads_since(site):
    old, new = site.upload(0.8), site.upload(0.8)
    Scan.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
    site.reject(old)
    site.reject(new)
    since = timezone.now() - timedelta(days=30)
    assert set(found(since=since)) == {new.pk}
    assert set(found()) == {old.pk, new.pk}
    assert labelled.subject(since=since).title == f"Decisions of this site since {since:%Y-%m-%d}"


@pytest.mark.parametrize("score", [0.8, 0.1], ids=["held", "public"])
def test_the_bytes_are_those_that_were_scored(site, score):
    body = picture(seed=3)
    scan = site.upload(score, body=body)
    site.reject(scan)
    [sample] = labelled.subject().samples
    with sample.open() as file:
        assert file.read() == body
    assert (sample.sha256, sample.format) == (scan.sha256, "JPEG")
    assert sample.recorded == {scan.detector: score}


def test_what_is_deleted_counts_by_its_score_on_record(site):
    scan = site.upload(0.8)
    site.reject(scan)
    assert [pruned.scan for pruned in prune({"rejected": 0})] == [scan.pk]
    [sample] = labelled.subject().samples
    assert sample.recorded == {scan.detector: 0.8}
    with pytest.raises(Exception, match="What was held was deleted"):
        sample.open()


def test_a_failure_on_record_is_no_score(site):
    scan = site.upload(0.8)
    site.reject(scan)
    Scan.objects.update(error_code="unreadable_image", nsfw=None)
    [sample] = labelled.subject().samples
    assert sample.recorded == {}


def test_three_queries_whatever_the_number(site, django_assert_num_queries):
    for _ in range(5):
        site.reject(site.upload(0.8))
        site.check(site.upload(0.1), YES)
    with django_assert_num_queries(3):
        subject = labelled.subject()
    with django_assert_num_queries(0):
        for sample in subject.samples:
            sample.open().close()


def test_the_estimate_is_near_what_is_true_of_all_uploads(site, monkeypatch):
    """Of 60 uploads twelve are NSFW; the score holds eight of them. The decisions alone say that
    none is missed, the estimate says a third."""
    truth = {}
    for n in range(60):
        nsfw = n < 12
        scan = site.upload(0.8 if n < 8 or n >= 56 else 0.1)
        truth[scan.pk] = nsfw
        if scan.verdict == "review":
            (site.reject if nsfw else site.approve)(scan)
    for place, (pk, nsfw) in enumerate(truth.items()):
        if 8 <= place < 56 and place % 4 == 0:  # every fourth of the 48 that were cleared
            site.check(Scan.objects.get(pk=pk), NO if nsfw else YES)
    weights = Counter()
    for nsfw, source, weight in found().values():
        weights[nsfw, source] += weight
    assert weights == {
        (True, DECISIONS): 8, (False, DECISIONS): 4, (True, QUALITY): 4, (False, QUALITY): 44,
    }  # fmt: skip
