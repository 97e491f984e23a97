"""What becomes of a file that is saved into a moderated storage, and what the name leads to."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction

from django_nsfw import pending
from django_nsfw.contrib.stored_files.exceptions import FileRefused
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.contrib.stored_files.storing import uploaded_by
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.exceptions import QuarantineError
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from django_nsfw.testing import uploads
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.folders import held, journalled

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY, OTHER = picture(seed=1), picture(seed=2)


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


def test_a_picture_that_passes_is_stored_as_without_us(constant, editors):
    assert editors.save("texts/cat.jpg", upload(body=BODY)) == "texts/cat.jpg"
    assert lying() == {"texts/cat.jpg": BODY}
    assert read(editors, "texts/cat.jpg") == BODY
    assert editors.url("texts/cat.jpg") == "/files/editors/texts/cat.jpg"
    row, scan = StoredFile.objects.get(), Scan.objects.get()
    assert (row.storage, row.name, row.file.name) == ("editors", "texts/cat.jpg", "texts/cat.jpg")
    assert (scan.field, scan.object_pk) == ("nsfw_stored_files.StoredFile.file", str(row.pk))
    assert (scan.status, scan.name, scan.original_name) == ("clear", row.name, row.name)
    assert (constant.inferences, journalled()) == (1, [])


def test_a_held_one_is_nowhere_but_in_quarantine_and_keeps_its_name(constant, editors):
    constant.answer = 0.7
    name = editors.save("cat.jpg", upload(body=BODY))
    address = editors.url(name)
    assert (name, address) == ("cat.jpg", "/files/editors/cat.jpg")
    assert (held(), BODY in lying().values(), journalled()) == ([BODY], False, [])
    [(placeholder, drawn)] = lying().items()
    assert placeholder != "cat.jpg"
    assert read(editors, name) == drawn
    assert (editors.exists(name), editors.size(name)) == (True, len(drawn))
    approve(Scan.objects.get(), moderator=None)
    [(public, body)] = lying().items()
    assert (body, read(editors, name), editors.url(name)) == (BODY, BODY, address)
    assert public not in (name, placeholder)
    assert (held(), Scan.objects.get().status) == ([], "approved")
    undo(Scan.objects.get().decisions.get(), moderator=None)
    assert (held(), list(lying().values()), editors.url(name)) == ([BODY], [drawn], address)


def test_what_was_public_is_taken_down_behind_the_same_name(constant, editors):
    name = editors.save("cat.jpg", upload(body=BODY))
    reject(Scan.objects.get(), moderator=None)
    assert (held(), BODY in lying().values()) == ([BODY], False)
    assert editors.url(name) == "/files/editors/cat.jpg"
    assert read(editors, name) == next(iter(lying().values()))


ONE_OF = "Please send one of: JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF."


@pytest.mark.parametrize(
    ("name", "body", "score", "code", "message"),
    [
        pytest.param(
            "cat.jpg", BODY, 0.97, "nsfw",
            "This picture looks explicit and cannot be accepted. Please choose another one.",
            id="one that the policy rejects",
        ),
        pytest.param(
            "cat.jpg", BODY[:-400], 0.1, "unreadable_image",
            "This picture cannot be read. It may be damaged: open it, save it again as JPEG or "
            "PNG, and send that.",
            id="half a picture",
        ),
        pytest.param(
            "cat.png", BODY, 0.1, "extension_mismatch",
            "The file name ends in “.png”, but the content is JPEG. Please rename the file or "
            "save it again.",
            id="a JPEG named png",
        ),
        pytest.param(
            "cat.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 0.1, "unsupported_format",
            f"This file is not a picture of a supported format. {ONE_OF}",
            id="an SVG",
        ),
        pytest.param(
            "paper.png", b"%PDF-1.7", 0.1, "unsupported_format",
            f"This file is not a picture of a supported format. {ONE_OF}",
            id="a PDF named png",
        ),
        pytest.param(
            "notes.txt", b"remember the milk", 0.1, "not_a_picture",
            f"This file is not a picture of a supported format. {ONE_OF}",
            id="a text, where nobody allows other files",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_and_nothing_is_stored(
    name, body, score, code, message, constant, editors
):
    constant.answer = score
    with pytest.raises(FileRefused) as refused:
        editors.save(name, ContentFile(body))
    assert (refused.value.code, refused.value.messages) == (code, [message])
    assert str(refused.value) == f"'{name}' is not stored: {message}"
    assert (lying(), held(), journalled()) == ({}, [], [])
    assert (StoredFile.objects.count(), Scan.objects.count()) == (0, 0)


def test_each_storage_has_a_policy_of_its_own(constant, editors, papers):
    assert papers.save("notes.txt", ContentFile("grüße")) == "notes.txt"
    assert lying("papers") == {"notes.txt": "grüße".encode()}
    constant.answer = 0.4
    papers.save("cat.jpg", upload(body=BODY))
    editors.save("cat.jpg", upload(body=BODY))
    assert list(Scan.objects.order_by("pk").values_list("status", "error_code")) == [
        ("clear", "not_a_picture"),
        ("held", ""),
        ("clear", ""),
    ]
    assert list(lying("editors").values()) == [BODY]
    assert BODY not in lying("papers").values()


def of_trusted(instance, field_name):
    trusted = instance.uploader is not None and instance.uploader.is_staff
    return {"review": 0.9} if trusted else {}


@pytest.fixture
def trusting(settings):
    spec = settings.STORAGES["editors"]
    policy = {"review": 0.4, "for_object": f"{__name__}.of_trusted"}
    settings.STORAGES = settings.STORAGES | {"editors": spec | {"OPTIONS": {"policy": policy}}}


@pytest.mark.parametrize(
    ("person", "status"), [("admin_user", "clear"), (None, "held")], ids=["staff", "nobody"]
)
def test_the_policy_of_a_storage_may_ask_who_it_is(person, status, trusting, constant, request):
    constant.answer = 0.7
    user = request.getfixturevalue(person) if person else AnonymousUser()
    with uploaded_by(user):
        storages["editors"].save("cat.jpg", upload(body=BODY))
    scan = Scan.objects.get()
    assert (scan.status, scan.uploader) == (status, user if person else None)
    assert StoredFile.objects.get().uploader == scan.uploader


def test_whoever_saves_outside_of_it_is_nobody(constant, editors, admin_user):
    with uploaded_by(admin_user):
        editors.save("a.jpg", upload(body=BODY))
    editors.save("b.jpg", upload(body=OTHER))
    assert list(StoredFile.objects.order_by("name").values_list("uploader", flat=True)) == [
        admin_user.pk,
        None,
    ]


def test_settings_of_the_field_take_the_place_of_the_policies_of_storages(
    constant, editors, settings
):
    settings.NSFW_FIELDS = {
        "nsfw_stored_files.StoredFile.file": {"review": 0.9, "for_object": f"{__name__}.of_trusted"}
    }
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    assert Scan.objects.get().status == "clear"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: ContentFile(BODY), id="without a name"),
        pytest.param(lambda: File(io.BytesIO(BODY), name="other.png"), id="with another name"),
        pytest.param(lambda: io.BytesIO(BODY), id="a stream of Python's own"),
        pytest.param(lambda: _Pipe(BODY), id="a stream that cannot go back"),
        pytest.param(lambda: upload(body=BODY, name="x.jpg"), id="an upload"),
    ],
)
def test_content_of_any_kind(content, constant, editors):
    assert editors.save("cat.jpg", content()) == "cat.jpg"
    assert lying() == {"cat.jpg": BODY}


class _Pipe(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *args):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def test_content_may_bring_its_name(constant, editors):
    assert editors.save(None, upload("cat.jpg", BODY)) == "cat.jpg"


def test_a_picture_by_any_name_without_a_detector_waits(broken, editors):
    name = editors.save("cat.jpg", upload(body=BODY))
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code, held()) == ("held", "detector_unavailable", [BODY])
    assert BODY not in lying().values()
    assert editors.exists(name)


def test_without_a_quarantine_nothing_is_stored(constant, editors, settings):
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "nsfw_quarantine"}
    constant.answer = 0.7
    with pytest.raises(QuarantineError, match="STORAGES has no 'nsfw_quarantine'"):
        storages["editors"].save("cat.jpg", upload(body=BODY))
    assert (lying(), StoredFile.objects.count()) == ({}, 0)


def test_a_score_that_comes_later_settles_it(constant, editors, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    name = editors.save("cat.jpg", upload(body=BODY))
    scan = Scan.objects.get()
    assert (scan.status, held(), constant.inferences) == ("pending", [BODY], 0)
    assert BODY not in lying().values()
    pending.score(scan.pk)
    assert (read(editors, name), held()) == (BODY, [])


@pytest.mark.parametrize("said", ["clear", "held", "rejected"])
def test_tests_of_a_site_say_what_becomes_of_a_file(said, editors):
    with getattr(uploads, said)():
        if said == "rejected":
            with pytest.raises(FileRefused, match="looks explicit"):
                editors.save("cat.jpg", upload(body=BODY))
            return
        assert editors.save("cat.jpg", upload(body=BODY)) == "cat.jpg"
    assert Scan.objects.get().status == said
    assert (BODY in lying().values()) is (said == "clear")


def test_what_is_saved_takes_few_queries(constant, editors, django_assert_num_queries):
    editors.save("warm.jpg", upload(body=OTHER))
    with django_assert_num_queries(12):
        editors.save("cat.jpg", upload(body=BODY))
    with django_assert_num_queries(1):
        editors.url("cat.jpg")


# Transactions and crashes.


def test_a_transaction_of_the_caller_that_is_rolled_back(constant, editors):
    """As with any object: what passed stays in its storage, what was held in the quarantine."""
    for score, name in ((0.1, "clear.jpg"), (0.7, "held.jpg")):
        constant.answer = score
        with pytest.raises(RuntimeError), transaction.atomic():
            editors.save(name, upload(body=picture(seed=int(score * 10))))
            raise RuntimeError
    assert (StoredFile.objects.count(), Scan.objects.count()) == (0, 0)
    assert lying()["clear.jpg"] == picture(seed=1)
    assert held() == [picture(seed=7)]
    assert picture(seed=7) not in lying().values()
    assert editors.url("clear.jpg") == "/media/editors/clear.jpg"
    assert not editors.exists("held.jpg")
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["kept"]
    assert (Scan.objects.get().status, held()) == ("gone", [picture(seed=7)])


@pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])
def test_a_process_that_dies_before_the_commit_leaves_no_row(score, constant, editors, monkeypatch):
    constant.answer = score

    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        if kwargs.get("update_fields"):
            raise Killed
        return save(*args, **kwargs)

    save = StoredFile.save
    with monkeypatch.context() as crash, pytest.raises(Killed):
        crash.setattr(StoredFile, "save", lambda self, **kwargs: die(self, **kwargs))
        editors.save("cat.jpg", upload(body=BODY))
    assert StoredFile.objects.count() == 0
    found = [each.finding for each in sweep(older_than=timedelta(0))]
    assert found == (["kept"] if score == 0.7 else [])
    assert (BODY in lying().values()) is (score == 0.1)
    constant.answer = 0.1
    assert read(editors, editors.save("cat.jpg", upload(body=OTHER))) == OTHER
