"""What the gate does with a verdict, by the policy of the field and of the object."""

from contextlib import nullcontext
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from django_nsfw.exceptions import QuarantineError
from django_nsfw.models import Scan
from django_nsfw.validators import NSFWValidator
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)


def trusting(instance, field_name):
    """A callable of the site: who writes "trusted" in the notes is."""
    return {"review": None} if instance.notes == "trusted" else None


def failing(instance, field_name):
    raise LookupError("no such tenant")


def made(body=BODY, name="cat.jpg", **options):
    asset = Asset.objects.create(file=upload(name, body=body), **options)
    scan = Scan.objects.get()
    stays = public()[asset.file.name] == body
    assert held() == ([] if stays else [body])
    return scan, stays


def test_on_review_flag_leaves_the_file_public_and_in_the_queue(explicit, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"on_review": "flag"}}
    scan, stays = made()
    assert (scan.status, scan.verdict, stays) == ("flagged", "review", True)
    assert list(Scan.objects.waiting()) == [scan]


def test_what_would_be_rejected_is_held_even_where_review_only_flags(explicit, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"on_review": "flag", "reject": 0.7}}
    scan, stays = made()
    assert (scan.status, scan.verdict, stays) == ("held", "reject", False)


@pytest.mark.parametrize(
    ("on_error", "status", "stays"),
    [("hold", "held", False), ("reject", "held", False), ("allow", "clear", True)],
)
def test_what_has_no_score_goes_by_on_error(on_error, status, stays, broken, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"on_error": on_error}}
    scan, stayed = made()
    assert (scan.status, scan.verdict, stayed) == (status, "unknown", stays)
    assert scan.error_code == "detector_unavailable"
    assert scan.error_message == "The model cannot be had: the hub is down."
    assert (scan.width, scan.height) == (96, 64)
    assert scan.nsfw is None


PDF = b"%PDF-1.7"
OTHER_FILES = [
    pytest.param("cv.pdf", PDF, "clear", "not_a_picture", id="a PDF is let through"),
    pytest.param("cv", PDF, "clear", "not_a_picture", id="and one whose name says nothing"),
    pytest.param("cv.png", PDF, "held", "unsupported_format", id="not one that is named png"),
    pytest.param("a.svg", b"<svg/>", "held", "unsupported_format", id="nor an SVG"),
    pytest.param("a.jpg", BODY[:300], "held", "unreadable_image", id="nor half a picture"),
    pytest.param("a.pdf", BODY, "held", "extension_mismatch", id="nor a picture named pdf"),
    pytest.param("a.jpg", BODY, "held", "", id="and a picture goes by its score"),
]


@pytest.mark.parametrize(("name", "body", "status", "code"), OTHER_FILES)
def test_other_files_are_let_through_where_the_field_takes_them(
    name, body, status, code, explicit, settings
):
    settings.NSFW_FIELDS = {"host.Asset.file": {"other_files": "allow", "on_error": "reject"}}
    refused = [pytest.raises(ValidationError), nullcontext()][status == "clear" or not code]
    with refused:
        NSFWValidator(other_files="allow")(upload(name, body=body))
    scan, stays = made(body, name)
    assert (scan.status, scan.error_code, stays) == (status, code, status == "clear")


def test_a_rescan_lets_other_files_through_as_well(explicit, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"other_files": "allow"}}
    scan, _ = made(PDF, "cv.pdf")
    Scan.objects.all().delete()
    call_command("nsfw_rescan", "host.Asset", "--unscanned", stdout=StringIO())
    again = Scan.objects.get()
    assert (again.status, again.verdict, again.error_code) == ("clear", "allow", "not_a_picture")
    assert (again.name, again.sampled_at) == (scan.name, None)


def test_a_detector_that_breaks_in_a_new_way_holds(constant, settings):
    constant.answer = ZeroDivisionError("surprise")
    scan, stays = made()
    assert (scan.status, stays, scan.error_code) == ("held", False, "detector_unavailable")
    assert scan.error_message == "The detector 'default' failed: ZeroDivisionError: surprise"


def test_the_callable_of_the_site_sees_the_object(explicit, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"for_object": f"{__name__}.trusting"}}
    scan, stays = made(notes="trusted")
    assert (scan.status, stays) == ("clear", True)


def test_the_callable_of_the_site_may_have_nothing_to_say(explicit, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"for_object": f"{__name__}.trusting"}}
    scan, stays = made()
    assert (scan.status, stays) == ("held", False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"for_object": f"{__name__}.failing"}, "LookupError: no such tenant"),
        ({"for_object": "nowhere.at_all"}, "ModuleNotFoundError: No module named 'nowhere'"),
        ({"review": "high"}, "ValueError: 'review' must be a number from 0 to 1 or None"),
        ({"detector": "none such", "on_error": "hold"}, "none such"),
    ],
    ids=["a callable that raises", "no such callable", "a wrong value", "no such detector"],
)
def test_without_a_policy_everything_is_held(options, message, constant, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": options}
    scan, stays = made()
    assert (scan.status, scan.verdict, stays) == ("held", "unknown", False)
    assert message in scan.error_message


def test_a_field_that_is_watched_no_more_passes_freely(explicit, settings):
    settings.NSFW_FIELDS = {}
    asset = Asset.objects.create(file=upload(body=BODY))
    assert public() == {asset.file.name: BODY}
    assert Scan.objects.count() == 0
    assert explicit.inferences == 0


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_while_scoring_publishes_nothing(interruption, constant, monkeypatch):
    def interrupt(self, images):
        raise interruption

    monkeypatch.setattr(constant, "predict", interrupt)
    with pytest.raises(interruption):
        Asset.objects.create(file=upload(body=BODY))
    assert (public(), held(), journalled()) == ({}, [], [])
    assert Asset.objects.count() == 0


def test_without_a_quarantine_the_host_gets_an_os_error_and_nothing_is_published(
    explicit, settings
):
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "nsfw_quarantine"}
    with pytest.raises(OSError, match="STORAGES has no 'nsfw_quarantine'") as raised:
        Asset.objects.create(file=upload(body=BODY))
    assert isinstance(raised.value, QuarantineError)
    assert public() == {}
    assert Asset.objects.count() == 0


def test_without_a_quarantine_clear_uploads_work(constant, settings):
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "nsfw_quarantine"}
    asset = Asset.objects.create(file=upload(body=BODY))
    assert public() == {asset.file.name: BODY}
