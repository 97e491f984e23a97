"""A file without a model is deleted: by its name, by its row, at once or once a storage answers."""

from datetime import timedelta

import pytest
from django.db import transaction

from django_nsfw.contrib.stored_files import deleting
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve
from django_nsfw.exceptions import StorageError
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.contrib.stored_files.storages import EditorsStorage
from tests.folders import held, journalled

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY, OTHER, THIRD = (picture(seed=seed) for seed in (1, 2, 3))
EACH = pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])


@EACH
def test_deleting_it_deletes_what_was_held_of_it(score, constant, editors):
    constant.answer = score
    name = editors.save("cat.jpg", upload(body=BODY))
    editors.delete(name)
    assert (lying(), held(), journalled()) == ({}, [], [])
    assert (StoredFile.objects.count(), Scan.objects.get().status) == (0, "gone")
    assert not editors.exists(name)
    editors.delete(name)  # as for any file that is not there


@EACH
def test_a_rollback_brings_it_back(score, constant, editors):
    constant.answer = score
    name = editors.save("cat.jpg", upload(body=BODY))
    before = lying()
    with pytest.raises(RuntimeError), transaction.atomic():
        editors.delete(name)
        raise RuntimeError
    assert (lying(), held()) == (before, [BODY] if score == 0.7 else [])
    assert editors.exists(name)


def test_deleting_the_row_deletes_the_file(constant, editors):
    names = [editors.save("cat.jpg", upload(body=picture(seed=n))) for n in range(3)]
    StoredFile.objects.filter(name__in=names[:2]).delete()
    assert lying() == {names[2]: picture(seed=2)}


def test_a_row_that_was_read_before_a_moderator_moved_its_file(constant, editors):
    constant.answer = 0.7
    editors.save("cat.jpg", upload(body=BODY))
    row = StoredFile.objects.get()
    approve(Scan.objects.get(), moderator=None)
    row.delete()
    assert (lying(), held(), StoredFile.objects.count()) == ({}, [], 0)


def test_a_row_that_somebody_else_has_deleted_takes_no_file_along(constant, editors):
    editors.save("cat.jpg", upload(body=BODY))
    row = StoredFile.objects.get()
    editors.delete("cat.jpg")
    assert editors.save("cat.jpg", upload(body=OTHER)) == "cat.jpg"
    row.delete()
    assert lying() == {"cat.jpg": OTHER}


def test_in_one_transaction(constant, editors):
    constant.answer = 0.7
    with transaction.atomic():
        editors.delete(editors.save("cat.jpg", upload(body=BODY)))
        constant.answer = 0.1
        assert editors.save("cat.jpg", upload(body=OTHER)) == "cat.jpg"
    assert (lying(), held(), journalled()) == ({"cat.jpg": OTHER}, [], [])
    with transaction.atomic():
        editors.delete("cat.jpg")
        other = editors.save("cat.jpg", upload(body=THIRD))
        assert other != "cat.jpg"  # whose file is there until the commit
    assert lying() == {other: THIRD}


def test_a_file_that_cannot_be_deleted_is_no_secret(constant, editors, monkeypatch, caplog):
    names = [editors.save("cat.jpg", upload(body=picture(seed=n))) for n in range(3)]
    delete = type(editors.unmoderated).delete

    def fail(self, name):
        if name == names[0] and self._is_behind:
            raise OSError("no answer")
        delete(self, name)

    with monkeypatch.context() as silent:
        silent.setattr(EditorsStorage, "delete", fail)
        with pytest.raises(StorageError, match=r"'cat.jpg' is still in STORAGES\['editors'\]"):
            editors.delete("cat.jpg")
        assert "'cat.jpg' is deleted from the table and stays in its storage" in caplog.text
        StoredFile.objects.all().delete()
        [found] = sweep(older_than=timedelta(0))
        assert (found.finding, found.subject) == ("failed", "cat.jpg in STORAGES['editors']")
        assert found.detail == "no answer. It is still there; sweep again."
    assert list(lying()) == ["cat.jpg"]
    assert editors.save("cat.jpg", upload(body=OTHER)) not in names
    [found] = sweep(older_than=timedelta(0), dry_run=True)
    assert "cat.jpg" in lying()
    assert list(sweep(older_than=timedelta(0))) == [found]
    assert (found.finding, found.needs_person) == ("discarded", False)
    assert list(lying().values()) == [OTHER]
    assert list(sweep(older_than=timedelta(0))) == []


def test_the_name_is_nobodys_until_the_file_is_gone(constant, editors, monkeypatch):
    """A crash in between would have the sweep delete the file of whoever has it next."""
    editors.save("cat.jpg", upload(body=BODY))
    with monkeypatch.context() as crash:
        crash.setattr(deleting, "carry_out", lambda deletion, using: None)
        StoredFile.objects.get().delete()
    editors.unmoderated.delete("cat.jpg")
    other = editors.save("cat.jpg", upload(body=OTHER))
    assert other != "cat.jpg"
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["discarded"]
    assert lying() == {other: OTHER}
