"""A file without a model has what an object's file has: it is deleted, rescanned, swept, counted,
erased and found as one."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse

from django_nsfw import assessment
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.contrib.stored_files.storing import uploaded_by
from django_nsfw.coverage import coverage
from django_nsfw.decisions import approve, reject
from django_nsfw.erasure import erase
from django_nsfw.exceptions import StorageError
from django_nsfw.models import Scan
from django_nsfw.quarantine import journal
from django_nsfw.renditions import bytes_of
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.folders import held, journalled

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY, OTHER = picture(seed=1), picture(seed=2)
LABEL = "nsfw_stored_files.StoredFile.file"
EACH = pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])


def test_moderators_see_it_and_its_page_leads_to_it(constant, papers, admin_client):
    constant.answer = 0.7
    papers.save("cat.jpg", upload(body=BODY))
    row, scan = StoredFile.objects.get(), Scan.objects.get()
    assert bytes_of(scan) == BODY
    page = admin_client.get(reverse("admin:django_nsfw_scan_change", args=[scan.pk]))
    link = reverse("admin:nsfw_stored_files_storedfile_change", args=[row.pk])
    assert link in page.content.decode()
    shown = admin_client.get(link).content.decode()
    assert f"/media/papers/{row.file.name}" in shown
    listing = admin_client.get(reverse("admin:nsfw_stored_files_storedfile_changelist"))
    assert "cat.jpg" in listing.content.decode()
    add = reverse("admin:nsfw_stored_files_storedfile_add")
    assert admin_client.get(add).status_code == 403
    assert admin_client.post(link, {"name": "x"}).status_code == 403
    gone = reverse("admin:nsfw_stored_files_storedfile_delete", args=[row.pk])
    assert admin_client.post(gone, {"post": "yes"}).status_code == 302
    assert (lying("papers"), held()) == ({}, [])


def test_files_that_were_never_scanned_are_counted_and_held(constant, editors, papers):
    for storage in (editors, papers):
        storage.save(f"{storage.alias}.jpg", upload(body=BODY))
    Scan.objects.all().delete()
    assessment.memo.clear()
    [counted] = [each for each in coverage(labels=[LABEL]) if each.database == "default"]
    assert (counted.kind, counted.files, counted.missing, counted.gap) == ("watched", 2, 2, True)
    constant.answer = 0.4  # which is too much for papers alone
    call_command("nsfw_rescan", "nsfw_stored_files.StoredFile", unscanned=True, verbosity=0)
    assert dict(Scan.objects.values_list("object_pk", "status")) == {
        str(StoredFile.objects.get(storage="editors").pk): "clear",
        str(StoredFile.objects.get(storage="papers").pk): "held",
    }
    assert (lying("editors"), held()) == ({"editors.jpg": BODY}, [BODY])
    assert BODY not in lying("papers").values()
    assert papers.url("papers.jpg") == "/files/papers/papers.jpg"


def take_in(alias):
    """The example of the documentation."""
    page = (Path(__file__).parents[3] / "docs/hosts/editors.md").read_text()
    (example,) = (block for block in page.split("```python\n") if block.startswith(TAKE_IN))
    exec(example.partition("```")[0].replace('"texts"', repr(alias)), {})


TAKE_IN = """from django.core.files.storage import storages

from django_nsfw.contrib.stored_files.models import StoredFile


def take_in("""


def test_files_from_before_are_taken_in(constant, editors, client):
    """As the documentation says: a row for each, and what is in them is looked at."""
    constant.answer = 0.7
    editors.save("new.jpg", upload(body=picture(seed=2)))
    name = editors.unmoderated.save("old/dog.jpg", ContentFile(BODY))
    for _ in range(2):  # neither a placeholder nor a file that has a row is taken in
        take_in("editors")
        assert set(StoredFile.objects.values_list("name", flat=True)) == {"new.jpg", name}
    approve(Scan.objects.get(original_name="new.jpg"), moderator=None)
    take_in("editors")
    assert StoredFile.objects.count() == 2
    scan = Scan.objects.get(status="held")
    assert (scan.status, held(), BODY in lying().values()) == ("held", [BODY], False)
    assert editors.url(name) == "/files/editors/old/dog.jpg"
    approve(scan, moderator=None)
    with editors.open(name) as file:
        assert file.read() == BODY


@pytest.mark.parametrize("verb", [approve, reject], ids=["released", "taken down"])
def test_the_sweep_ends_what_a_crash_cut_off(verb, constant, papers, monkeypatch):
    constant.answer = 0.7 if verb is approve else 0.1
    name = papers.save("cat.jpg", upload(body=BODY))
    with monkeypatch.context() as crash:
        crash.setattr(journal, "_end", lambda token, last_step: None)
        verb(Scan.objects.get(), moderator=None)
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    assert list(lying("papers")) == [StoredFile.objects.get().file.name]
    with papers.open(name) as file:
        assert (file.read() == BODY) is (verb is approve)


def test_the_sweep_lets_be_what_has_the_name_in_another_storage(
    constant, editors, papers, monkeypatch
):
    papers.unmoderated.save("cat.jpg", ContentFile(OTHER))  # from before, or of a model
    editors.save("cat.jpg", upload(body=BODY))
    with monkeypatch.context() as crash:
        crash.setattr(journal, "_end", lambda token, last_step: None)
        reject(Scan.objects.get(), moderator=None)
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    assert BODY not in lying("editors").values()
    assert lying("papers") == {"cat.jpg": OTHER}


def test_the_sweep_lets_be_what_took_the_name_since(constant, editors, monkeypatch):
    """As the file of a model in the same storage may, which asks for a free name and has it."""
    editors.save("cat.jpg", upload(body=BODY))
    with monkeypatch.context() as crash:
        crash.setattr(journal, "remove", lambda token: None)
        reject(Scan.objects.get(), moderator=None)
    editors.unmoderated.save("cat.jpg", ContentFile(OTHER))
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    assert (lying()["cat.jpg"], journalled()) == (OTHER, [])


def test_what_was_held_of_one_is_erased(constant, editors):
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    [erased] = erase(Scan.objects.of_object(StoredFile.objects.get(), "file"))
    assert (erased.size, erased.error, held()) == (len(BODY), "", [])
    assert Scan.objects.get().status == "rejected"
    assert editors.exists("cat.jpg")


def test_held_bytes_that_lie_in_the_open_are_found(constant, editors):
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    assert [each.kind for each in coverage(labels=[LABEL]) if each.gap] == []
    editors.unmoderated.save("cat.jpg", ContentFile(BODY))
    assert [each.kind for each in coverage(labels=[LABEL]) if each.gap] == ["exposed"]


# A storage that left STORAGES, or its mixin.


@pytest.fixture
def leave(settings):
    def leave(alias, spec=None):
        left = {k: v for k, v in settings.STORAGES.items() if k != alias}
        settings.STORAGES = left | ({alias: spec} if spec else {})

    return leave


def test_a_storage_that_is_gone_is_asked_for_by_its_name(constant, editors, leave, client):
    constant.answer = 0.7
    address = editors.url(editors.save("cat.jpg", upload(body=BODY)))
    leave("editors")
    row = StoredFile.objects.get()
    with pytest.raises(StorageError) as gone:
        row.file.open()
    assert str(gone.value) == (
        f"'{row.file.name}' is in STORAGES['editors']. "
        "Could not find config for 'editors' in settings.STORAGES."
    )
    assert client.get(address).status_code == 404
    with pytest.raises(OSError, match="Could not find config"):
        approve(Scan.objects.get(), moderator=None)
    assert (Scan.objects.get().status, held(), lying("papers")) == ("held", [BODY], {})


def test_a_rescan_goes_on_where_one_storage_is_gone(constant, editors, papers, leave):
    for storage in (editors, papers):
        storage.save("cat.jpg", upload(body=BODY))
    Scan.objects.all().delete()
    leave("editors")
    with pytest.raises(SystemExit):
        call_command("nsfw_rescan", "nsfw_stored_files.StoredFile", unscanned=True, verbosity=0)
    assert [scan.status for scan in Scan.objects.all()] == ["clear"]


def test_files_of_a_storage_that_lost_its_mixin_can_be_decided_upon(
    constant, editors, leave, settings
):
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    leave(
        "editors",
        {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": settings.MEDIA_ROOT / "editors"},
        },
    )
    approve(Scan.objects.get(), moderator=None)
    assert lying() == {StoredFile.objects.get().file.name: BODY}


# Several databases.


class InTheSecond:
    """The rows of our app in one database, its scans in another."""

    def _of(self, model, **hints):
        return "second" if model._meta.app_label == "nsfw_stored_files" else None

    db_for_read = db_for_write = _of

    def allow_relation(self, *objects, **hints):
        return True


@EACH
def test_rows_in_another_database_than_the_scans(score, constant, editors, settings, admin_user):
    settings.DATABASE_ROUTERS = [f"{__name__}.InTheSecond"]
    constant.answer = score
    with uploaded_by(admin_user):
        name = editors.save("cat.jpg", upload(body=BODY))
    scan = Scan.objects.get()
    assert (scan.object_db, scan.status) == ("second", "held" if score == 0.7 else "clear")
    assert StoredFile.objects.using("second").get().uploader_id is None
    if score == 0.7:
        approve(scan, moderator=None)
    with editors.open(name) as file:
        assert file.read() == BODY
    editors.delete(name)
    assert (lying(), held(), Scan.objects.get().status) == ({}, [], "gone")
