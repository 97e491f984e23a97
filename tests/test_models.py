import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import translation

from django_nsfw.models import (
    Chunk,
    ClaimedBytes,
    Decision,
    Delivery,
    QualityCheck,
    ReviewPreference,
    Run,
    Scan,
)
from django_nsfw.models.on_record import on_record
from django_nsfw.scores import Failure
from django_nsfw.verdict import Verdict
from tests.test_policy import assessed

pytestmark = pytest.mark.django_db


def scan(**values) -> Scan:
    made = Scan(
        field="host.Photo.image",
        object_pk="1",
        name="photos/a.jpg",
        original_name="photos/a.jpg",
        verdict=Verdict.ALLOW,
        status=Scan.Status.CLEAR,
    )
    made.take(values.pop("assessment", assessed(0.2, 0.4)))
    for name, value in values.items():
        setattr(made, name, value)
    return made


def test_an_assessment_comes_back_as_it_was_recorded():
    original = assessed(0.2, 0.4, failure="timeout")
    made = scan(assessment=original)
    made.save()
    made = Scan.objects.get()
    assert made.assessment == original
    assert made.nsfw == 0.4
    assert made.scores == {"sfw": 0.6, "nsfw": 0.4}


def test_the_words_of_a_decoder_are_stored_on_every_database():
    failure = Failure(code="unreadable_image", message="bad \x00 chunk \udcff")
    made = scan(assessment=assessed().failed(failure))
    made.save()
    assert Scan.objects.get().error_message == "bad � chunk ?"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"nsfw": 1.5}, "nsfw_scan_score_is_probability"),
        ({"nsfw": -0.1}, "nsfw_scan_score_is_probability"),
        ({"status": "held"}, "nsfw_scan_held_has_bytes"),
    ],
    ids=str,
)
def test_constraints(values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        scan(**values).save()


def test_a_token_is_recorded_once():
    first = scan()
    first.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        scan(token=first.token).save()


def recalled(sha256, detector):
    return on_record(sha256, detector, using="default").assessment


def test_on_record_are_only_whole_assessments_of_that_detector():
    scan(assessment=assessed(0.3, failure="timeout"), detector="a").save()
    assert recalled("0" * 64, "a") is None
    made = scan(detector="a")
    made.save()
    assert recalled("0" * 64, "a") == Scan.objects.get(pk=made.pk).assessment
    assert recalled("0" * 64, "a").nsfw == 0.4
    assert recalled("0" * 64, "b") is None
    assert recalled("1" * 64, "a") is None


def test_move_is_a_compare_and_swap():
    made = scan()
    made.save()
    stale = Scan.objects.get()
    assert made.move(Scan.Status.GONE)
    assert made.status == Scan.Status.GONE
    assert made.settled_at is not None
    assert not stale.move(Scan.Status.SUPERSEDED)
    assert stale.status == Scan.Status.CLEAR
    assert Scan.objects.get().status == Scan.Status.GONE


@pytest.fixture
def decision():
    made = scan()
    made.save()
    moderator = get_user_model().objects.create_user("mo")
    return Decision.objects.create(
        scan=made,
        action="approve",
        from_status="held",
        to_status="approved",
        sha256=made.sha256,
        moderator=moderator,
        moderator_name="mo",
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.save(), id="save"),
        pytest.param(lambda d: d.delete(), id="delete"),
        pytest.param(lambda d: Decision.objects.update(note="x"), id="update"),
        pytest.param(lambda d: Decision.objects.all().delete(), id="delete all"),
    ],
)
def test_decisions_are_append_only(decision, change):
    with pytest.raises(TypeError, match="append-only"):
        change(decision)
    assert Decision.objects.get().note == ""


def test_a_scan_with_a_decision_stays(decision):
    with pytest.raises(ProtectedError):
        decision.scan.delete()


def test_a_moderator_can_leave_and_the_name_stays(decision):
    decision.moderator.delete()
    kept = Decision.objects.get()
    assert (kept.moderator, kept.moderator_name) == (None, "mo")


NAMES = {
    "a scan": (
        Scan(field="host.Photo.image", object_pk="7", status="held"),
        "host.Photo.image 7: held, awaiting review",
        "host.Photo.image 7: zurückgehalten, wartet auf Prüfung",
    ),
    "a decision": (
        Decision(action="approve", from_status="clear", to_status="approved"),
        "approve: clear → approved",
        "freigeben: unbedenklich → freigegeben",
    ),
    "a rescan": (Run(pk=3, status="finished"), "3: finished", "3: beendet"),
    "a chunk": (Chunk(run_id=3, number=2, status="done"), "3/2: done", "3/2: fertig"),
    "claimed bytes": (ClaimedBytes(run_id=3, sha256="00ff"), "3: 00ff", "3: 00ff"),
    "a delivery": (
        Delivery(event="scan.held", message="m1", status="delivered"),
        "scan.held (m1): delivered",
        "scan.held (m1): zugestellt",
    ),
    "a quality check": (
        QualityCheck(user_name="mo", scan_id=5, answer="unsure"),
        "mo: 5: cannot say",
        "mo: 5: kann ich nicht sagen",
    ),
    "a preference": (
        ReviewPreference(blur=ReviewPreference.Blur.STRONG, greyscale=True, muted=True),
        "blur: strong, without colours, animations stand still",
        "Unschärfe: stark, ohne Farben, Animationen stehen still",
    ),
    "a preference for nothing": (
        ReviewPreference(blur=ReviewPreference.Blur.LIGHT, greyscale=False, muted=False),
        "blur: light",
        "Unschärfe: leicht",
    ),
}


@pytest.mark.parametrize(("one", "english", "german"), NAMES.values(), ids=NAMES)
def test_what_people_read_is_in_their_language(one, english, german):
    assert str(one) == english
    with translation.override("de"):
        assert str(one) == german
