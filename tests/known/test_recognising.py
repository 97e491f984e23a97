"""What was settled is recognised when it comes back, byte for byte or in disguise."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.models import Decision, KnownImage, Scan
from django_nsfw.validators import NSFWValidator
from tests.conftest import picture, upload
from tests.folders import held, public
from tests.host.models import Photo
from tests.known.pictures import COPIES, FLAT, ORIGINAL, OTHER, TURNED, jpeg

pytest.importorskip("pdqhash")
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def seen(scan):
    scan = Scan.objects.get(pk=scan.pk)
    return scan.status, scan.verdict, scan.known_id and scan.known.outcome


@pytest.mark.parametrize(
    ("outcome", "answer", "expected"),
    [
        ("reject", 0.0, ("rejected", "reject", "reject")),
        ("reject", 0.8, ("rejected", "reject", "reject")),
        ("approve", 0.0, ("approved", "allow", "approve")),
        ("approve", 0.99, ("approved", "allow", "approve")),
    ],
)
def test_the_same_bytes_inherit_the_outcome(outcome, answer, expected, settle, send, constant):
    settle(outcome)
    asked = constant.inferences
    again = send(ORIGINAL, answer=answer)
    assert seen(again) == expected
    assert again.known_distance is None
    assert again.known.decision == Decision.objects.get()
    assert constant.inferences == asked
    assert (ORIGINAL in [*public().values()]) is (outcome == "approve")
    assert held() == ([ORIGINAL, ORIGINAL] if outcome == "reject" else [])


@pytest.mark.parametrize(
    ("rule", "outcome", "answer", "expected"),
    [
        ("review", "reject", 0.0, ("held", "review", "reject")),
        ("review", "reject", 0.8, ("held", "review", "reject")),
        ("review", "approve", 0.0, ("clear", "allow", "approve")),
        ("review", "approve", 0.8, ("held", "review", "approve")),
        ("ignore", "reject", 0.0, ("clear", "allow", None)),
        ("ignore", "approve", 0.8, ("held", "review", None)),
    ],
)
def test_the_same_bytes_under_other_rules(rule, outcome, answer, expected, settle, send, rules):
    settle(outcome)
    Scan.objects.update(detector="another")  # its score may differ
    rules(exact=rule, similar="ignore")
    assert seen(send(ORIGINAL, answer=answer)) == expected


@pytest.mark.parametrize("body", COPIES.values(), ids=COPIES)
def test_a_copy_in_disguise_of_what_was_rejected_is_looked_at(body, settle, send):
    known = settle("reject")
    again = send(body)
    assert seen(again) == ("held", "review", "reject")
    assert 0 <= again.known_distance <= 31
    assert again.known.decision.scan == known


@pytest.mark.parametrize("rotations", [True, False], ids=["on request", "not by default"])
@pytest.mark.parametrize("body", TURNED.values(), ids=TURNED)
def test_turned_and_mirrored_copies(body, rotations, settle, send, rules):
    settle("reject")
    rules(rotations=rotations)
    again = send(body)
    assert again.status == ("held" if rotations else "clear")
    assert (again.known_id is not None) is rotations
    assert len(again.pdq_rotations) == (7 * 64 if rotations else 0)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("reject", ("rejected", "reject", "reject")), ("approve", ("approved", "allow", "approve"))],
)
def test_similar_pictures_inherit_where_the_site_says_so(outcome, expected, settle, send, rules):
    settle(outcome)
    rules(similar="apply")
    again = send(COPIES["smaller"], answer=0.7)
    assert seen(again) == expected
    assert again.nsfw == 0.7


@pytest.mark.parametrize("body", [OTHER, picture(seed=5)], ids=["a cup", "drawn"])
def test_another_picture_is_no_match(body, settle, send):
    settle("reject")
    assert seen(send(body)) == ("clear", "allow", None)


def test_a_flat_picture_resembles_nothing(settle, send):
    settle("reject", jpeg(FLAT))
    known = KnownImage.objects.get()
    assert (known.pdq != "", known.quality < 50, known.slots.count()) == (True, True, 0)
    assert seen(send(jpeg(FLAT, quality=80))) == ("clear", "allow", None)
    assert send(jpeg(FLAT)).status == "rejected"


def test_a_rejection_outranks_a_nearer_approval(settle, send):
    settle("approve", COPIES["as a PNG"])
    settle("reject", COPIES["smaller"])
    assert seen(send(ORIGINAL)) == ("held", "review", "reject")


def test_a_revoked_entry_matches_nothing_until_the_next_decision(settle, send, decide):
    first = settle("reject")
    assert KnownImage.objects.all().revoke() == 1
    assert seen(send(ORIGINAL)) == ("held", "review", None)  # for its score of then
    assert send(COPIES["smaller"]).known is None
    decide("approve", first)
    known = KnownImage.objects.get()
    assert (known.outcome, known.revoked_at) == ("approve", None)


def test_without_a_detector_known_bytes_are_settled_all_the_same(settle, send, settings):
    settle("approve")
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"},
    }
    again = send(ORIGINAL)
    assert (again.status, again.error_code, again.nsfw) == ("approved", "", None)
    similar = send(COPIES["smaller"])
    assert (similar.status, similar.error_code) == ("held", "detector_unavailable")
    assert similar.known is not None


def test_a_detector_that_fails_does_not_open_the_door_to_a_copy(settle, send, rules, settings):
    settle("reject")
    settings.NSFW_FIELDS = {"host.Asset.file": {"on_error": "allow"}}
    assert seen(send(COPIES["smaller"], answer=DetectorUnavailable("down"))) == (
        "held",
        "review",
        "reject",
    )
    assert seen(send(OTHER, answer=DetectorUnavailable("down"))) == ("clear", "unknown", None)


def test_an_approval_of_bytes_is_none_of_another_name(settle, rules, constant):
    """A polyglot that was approved as a picture does not become a page."""
    settle("approve")
    photo = Photo.objects.create(image=upload("cat.html", ORIGINAL))
    scan = Scan.objects.get(object_pk=photo.pk, field="host.Photo.image")
    assert (scan.status, scan.error_code) == ("held", "extension_mismatch")
    assert scan.known is not None


def test_the_validator_refuses_what_was_rejected_and_takes_what_was_approved(settle, decide):
    scan = settle("reject")
    with pytest.raises(ValidationError) as error:
        NSFWValidator()(ContentFile(ORIGINAL, "cat.jpg"))
    assert error.value.code == "nsfw"
    decide("approve", scan)
    NSFWValidator(review=0.1, reject=0.1)(ContentFile(ORIGINAL, "cat.jpg"))


def test_a_stored_file_is_recognised_too(settle, constant):
    settle("reject")
    storage = Photo._meta.get_field("image").storage
    storage.save("photos/a.jpg", ContentFile(ORIGINAL))
    photo = Photo.objects.create(image="photos/a.jpg")
    scan = Scan.objects.get(object_pk=photo.pk, field="host.Photo.image")
    assert seen(scan) == ("rejected", "reject", "reject")
    assert ORIGINAL not in public().values()


def test_the_hash_is_taken_once_for_the_same_bytes(send, monkeypatch):
    from django_nsfw import perceptual

    taken = []
    perceive = perceptual.perceive
    monkeypatch.setattr(
        perceptual, "perceive", lambda *a, **o: taken.append(1) or perceive(*a, **o)
    )
    first, again = send(ORIGINAL), send(ORIGINAL)
    assert first.pdq == again.pdq != ""
    assert taken == [1]


def test_the_hash_is_of_the_first_frame_whatever_else_is_looked_at(send):
    from tests.conftest import encode
    from tests.known.pictures import CAT, CUP

    frames = [CAT.resize((300, 200)), *[CUP.resize((300, 200))] * 30]
    animated = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=90)
    assert send(animated).pdq == send(animated).pdq
    still = int(send(encode(frames[0], "WEBP", quality=90)).pdq, 16)
    assert (int(send(animated).pdq, 16) ^ still).bit_count() <= 10


def test_scores_that_are_remembered_are_kept(settle, send):
    settle("reject")
    assert send(ORIGINAL).nsfw == 0.8
    Scan.objects.update(detector="another")
    assert send(ORIGINAL).nsfw is None
