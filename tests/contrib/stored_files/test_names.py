"""Names that are given out: one for each file, for good, whatever happens at the same moment."""

import io
from datetime import datetime

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import IntegrityError, connection, connections

from django_nsfw.contrib.stored_files import looking_up
from django_nsfw.contrib.stored_files.exceptions import FileRefused
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.contrib.stored_files.storages import ModeratedFileSystemStorage
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.contrib.stored_files.storages import EditorsStorage
from tests.engines.test_concurrency import together

pytestmark = pytest.mark.django_db(transaction=True)

BODY, OTHER = picture(seed=1), picture(seed=2)


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


def test_of_two_files_of_one_name_each_has_its_own(constant, editors):
    """Editors call all that is pasted ``image.png``."""
    names = [editors.save("image.jpg", upload(body=picture(seed=n))) for n in range(3)]
    assert names[0] == "image.jpg"
    assert len(set(names)) == 3
    assert [read(editors, name) for name in names] == [picture(seed=n) for n in range(3)]


@pytest.mark.parametrize("taken", ["held", "taken down"])
def test_the_name_of_what_is_not_there_is_taken_as_well(taken, constant, editors):
    constant.answer = 0.7 if taken == "held" else 0.1
    assert editors.save("cat.jpg", upload(body=BODY)) == "cat.jpg"
    if taken == "taken down":
        reject(Scan.objects.get(), moderator=None)
    assert "cat.jpg" not in lying()
    constant.answer = 0.1
    other = editors.save("cat.jpg", upload(body=OTHER))
    assert other != "cat.jpg"
    assert (read(editors, other), read(editors, "cat.jpg") == OTHER) == (OTHER, False)


def test_of_one_name_in_two_storages_each_is_itself(constant, editors, papers):
    """A scan knows a file by its field and name: equal ones would be copies of one file."""
    constant.answer = 0.4
    first = papers.save("cat.jpg", upload(body=BODY))
    [placeholder] = lying("papers")
    names = [editors.save(name, upload(body=OTHER)) for name in ("cat.jpg", placeholder)]
    assert {first, placeholder}.isdisjoint(names)
    files = list(StoredFile.objects.order_by("pk").values_list("file", flat=True))
    assert files == [placeholder, *names]
    approve(Scan.objects.get(status="held"), moderator=None)
    assert read(papers, "cat.jpg") == BODY
    assert [read(editors, name) for name in names] == [OTHER, OTHER]
    assert sorted(Scan.objects.values_list("status", flat=True)) == ["approved", "clear", "clear"]


@pytest.fixture
def overwriting(settings):
    """As object stores do, unless they are told otherwise."""
    spec = {"BACKEND": f"{EditorsStorage.__module__}.EditorsStorage"}
    settings.STORAGES = settings.STORAGES | {
        "editors": spec | {"OPTIONS": {"allow_overwrite": True}}
    }
    return storages["editors"]


def test_nothing_is_overwritten_where_the_class_behind_would(constant, overwriting):
    assert overwriting.save("cat.jpg", upload(body=BODY)) == "cat.jpg"
    other = overwriting.save("cat.jpg", upload(body=OTHER))
    assert lying() == {"cat.jpg": BODY, other: OTHER}
    overwriting.unmoderated.save("cat.jpg", ContentFile(OTHER))
    assert lying()["cat.jpg"] == OTHER  # which it does when it is asked for itself


@pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])
def test_the_length_that_the_caller_has_room_for(score, constant, editors):
    constant.answer = score
    name = editors.save(f"{'c' * 60}.jpg", upload(body=BODY), max_length=24)
    assert (len(name), name.startswith("cccc"), name.endswith(".jpg")) == (24, True, True)
    assert StoredFile.objects.get().name == name
    with pytest.raises(SuspiciousFileOperation, match="can not find an available filename"):
        editors.save("cat.jpg", upload(body=BODY), max_length=5)


def test_a_name_of_any_length_fits_the_table(constant, editors):
    folders = "/".join(["f" * 100] * 4)
    name = editors.save(f"{folders}/{'c' * 200}.jpg", upload(body=BODY))
    assert len(name) == 500
    assert read(editors, name) == BODY


@pytest.mark.parametrize("name", ["../cat.jpg", "a/../../cat.jpg", "/etc/cat.jpg", "", ".", "a/.."])
def test_a_name_that_leads_out_is_refused(name, constant, editors):
    with pytest.raises(SuspiciousFileOperation):
        editors.save(name, upload(body=BODY))
    assert (lying(), StoredFile.objects.count(), constant.inferences) == ({}, 0, 0)


def test_backslashes_are_folders(constant, editors):
    assert editors.save("texts\\cat.jpg", upload(body=BODY)) == "texts/cat.jpg"


@pytest.mark.parametrize("name", ["Cat.jpg", "cat .jpg", "cät.jpg", "cat?.jpg", "my cat.jpg"])
def test_names_are_compared_exactly(name, constant, editors):
    editors.save("cat.jpg", upload(body=BODY))
    assert looking_up.standing("editors", name) is None
    assert editors.save(name, upload(body=OTHER)) == name
    assert looking_up.standing("editors", f"{name} ") is None
    assert (read(editors, name), read(editors, "cat.jpg")) == (OTHER, BODY)


def test_somebody_takes_the_name_in_the_same_moment(constant, editors, monkeypatch):
    """Between looking for it and writing it down: the table has the last word."""
    free = editors.get_available_name
    taken = []

    def slow(self, name, max_length=None):
        found = free(name, max_length=max_length)
        if not taken:
            taken.append(found)
            StoredFile.objects.create(storage="editors", name=found)
        return found

    monkeypatch.setattr(type(editors), "get_available_name", slow)
    name = editors.save("a/cat.jpg", upload(body=BODY))
    assert taken == ["a/cat.jpg"]
    assert name.startswith("a/cat_")
    assert (read(editors, name), StoredFile.objects.count()) == (BODY, 2)


def test_who_never_finds_a_name_is_told(constant, editors, monkeypatch):
    StoredFile.objects.create(storage="editors", name="cat.jpg")
    monkeypatch.setattr(
        type(editors), "get_available_name", lambda self, name, max_length: "cat.jpg"
    )
    with pytest.raises(IntegrityError):
        editors.save("cat.jpg", upload(body=BODY))
    assert (lying(), StoredFile.objects.count()) == ({}, 1)


@pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="a second connection would wait for the first; the test above has the same race",
)
def test_many_save_one_name_at_once(constant, editors):
    bodies = [picture(seed=n) for n in range(6)]

    def saving(body):
        return lambda: editors.save("image.jpg", upload(body=body))

    names = together(*map(saving, bodies))
    connections.close_all()
    assert len(set(names)) == 6
    assert [read(editors, name) for name in names] == bodies


# Files that were there before, and what the storage is asked besides.


@pytest.fixture
def earlier(editors):
    """Saved before the mixin was there: nobody has it on record."""
    return editors.unmoderated.save("old/dog.jpg", ContentFile(OTHER))


def test_names_that_were_never_given_out_are_those_of_the_class_behind(
    constant, editors, earlier, django_assert_num_queries
):
    assert (read(editors, earlier), editors.size(earlier)) == (OTHER, len(OTHER))
    assert editors.exists(earlier)
    with django_assert_num_queries(1):
        assert editors.url(earlier) == "/media/editors/old/dog.jpg"
    assert editors.save("old/dog.jpg", upload(body=BODY)) != "old/dog.jpg"
    editors.delete(earlier)
    assert not editors.exists(earlier)
    assert list(lying().values()) == [BODY]


def test_what_is_asked_of_a_file_is_answered_for_what_stands_there(constant, editors):
    constant.answer = 0.7
    name = editors.save("a/cat.jpg", upload(body=BODY))
    [placeholder] = lying()
    assert editors.path(name) == editors.unmoderated.path(placeholder)
    for ask in ("get_accessed_time", "get_created_time", "get_modified_time"):
        assert isinstance(getattr(editors, ask)(name), datetime)
    assert editors.listdir("a") == ([], ["cat.jpg"])
    assert editors.unmoderated.listdir("a") == ([], [placeholder.removeprefix("a/")])
    approve(Scan.objects.get(), moderator=None)
    assert (editors.size(name), editors.listdir("a")) == (len(BODY), ([], ["cat.jpg"]))


@pytest.mark.parametrize("path", ["", "."])
def test_the_names_of_a_folder_are_those_that_were_given_out(path, constant, editors, earlier):
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    assert editors.listdir(path) == (["old"], ["cat.jpg"])
    assert editors.listdir("old") == ([], ["dog.jpg"])


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "xb", "w"])
def test_nobody_writes_into_a_file(mode, constant, editors):
    """It would be a way around."""
    editors.save("cat.jpg", upload(body=BODY))
    for name in ("cat.jpg", "new.jpg"):
        with pytest.raises(io.UnsupportedOperation, match=r"are written by save\(\)"):
            editors.open(name, mode)
    assert lying() == {"cat.jpg": BODY}


def test_before_migrate_every_name_is_that_of_the_class_behind(editors, earlier, monkeypatch):
    monkeypatch.setattr(StoredFile._meta, "db_table", "not_migrated_yet")
    monkeypatch.setattr(looking_up, "_looking", looking_up.Shield())
    assert (editors.exists(earlier), editors.url(earlier)) == (True, "/media/editors/old/dog.jpg")
    editors.delete(earlier)
    assert lying() == {}


# Which entry of STORAGES it is.


def test_one_that_is_built_from_the_path_of_its_class_is_the_entry_of_that_class(constant, editors):
    """As django-ckeditor-5 does for each upload, without any options."""
    built = EditorsStorage()
    constant.answer = 0.97
    with pytest.raises(FileRefused, match="looks explicit"):
        built.save("cat.jpg", upload(body=OTHER))
    constant.answer = 0.1
    assert built.save("cat.jpg", upload(body=BODY)) == "cat.jpg"
    assert built.unmoderated is editors.unmoderated
    assert built.url("cat.jpg") == "/files/editors/cat.jpg"


def test_of_two_entries_of_one_class_each_is_itself(constant, editors, settings):
    spec = settings.STORAGES["editors"]
    settings.STORAGES = settings.STORAGES | {"others": spec}
    assert [storages[alias].alias for alias in ("editors", "others")] == ["editors", "others"]
    storages["others"].save("cat.jpg", upload(body=BODY))
    assert StoredFile.objects.get().storage == "others"
    with pytest.raises(ImproperlyConfigured, match="STORAGES has 2 entries of"):
        EditorsStorage().save("cat.jpg", upload(body=BODY))


def test_one_that_is_no_entry_says_so():
    with pytest.raises(ImproperlyConfigured) as wrong:
        ModeratedFileSystemStorage().save("cat.jpg", upload(body=BODY))
    assert str(wrong.value) == (
        "STORAGES has no entries of django_nsfw.contrib.stored_files.storages."
        "ModeratedFileSystemStorage: a moderated storage is one of its entries, and others name it "
        "by its alias."
    )


def test_a_wrong_policy_is_said_when_it_is_built():
    with pytest.raises(ImproperlyConfigured, match="ModeratedFileSystemStorage: policy: unknown"):
        ModeratedFileSystemStorage(policy={"reveiw": 0.4})


def test_the_quarantine_is_none(constant, settings):
    settings.STORAGES = settings.STORAGES | {"nsfw_quarantine": settings.STORAGES["editors"]}
    with pytest.raises(ImproperlyConfigured, match="must not be moderated"):
        storages["nsfw_quarantine"].save("cat.jpg", upload(body=BODY))


def test_the_storage_behind_follows_the_settings_of_a_test(constant, tmp_path, settings):
    settings.STORAGES = settings.STORAGES | {
        "plain": {"BACKEND": "django_nsfw.contrib.stored_files.storages.ModeratedFileSystemStorage"}
    }
    assert storages["plain"].save("a.jpg", upload(body=BODY)) == "a.jpg"
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    assert storages["plain"].save("b.jpg", upload(body=OTHER)) == "b.jpg"
    assert (tmp_path / "elsewhere" / "b.jpg").read_bytes() == OTHER
