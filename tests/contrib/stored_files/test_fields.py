"""Fields of models whose storage moderates by itself: the gate of a watched one decides, and what
an unwatched one saves is a file like any other."""

import pickle

import pytest
from django.core.files.base import ContentFile

from django_nsfw.contrib.stored_files.exceptions import FileRefused
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.quarantine.places import plain, storage_of, storages_of
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.contrib.stored_files.site.models import Note, Poster
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=1)


@pytest.fixture(autouse=True)
def storage_of_today(editors, monkeypatch):
    """A field has the storage that was there when its model was made; a test has its own."""
    for model, name in ((Poster, "image"), (Note, "attachment")):
        monkeypatch.setattr(model._meta.get_field(name), "storage", editors)


@pytest.mark.parametrize(("score", "status"), [(0.1, "clear"), (0.7, "held"), (0.99, "held")])
def test_the_gate_of_a_watched_field_decides_alone(score, status, constant, editors):
    """By its own policy, which rejects nothing."""
    constant.answer = score
    poster = Poster.objects.create(image=upload(body=BODY))
    scan = Scan.objects.get()
    assert (scan.field, scan.status) == ("site.Poster.image", status)
    assert (StoredFile.objects.count(), constant.inferences) == (0, 1)
    assert held() == ([BODY] if status == "held" else [])
    assert (BODY in lying().values()) is (status == "clear")
    assert list(lying()) == [poster.image.name]


def test_its_files_are_read_without_a_query(constant, django_assert_num_queries):
    Poster.objects.create(image=upload(body=BODY))
    poster = pickle.loads(pickle.dumps(Poster.objects.get()))  # noqa: S301
    with django_assert_num_queries(0):
        assert poster.image.url == f"/media/editors/{poster.image.name}"
        assert (poster.image.size, poster.image.read()) == (len(BODY), BODY)
        poster.image.close()


def test_it_is_decided_upon_as_ever(constant, editors):
    constant.answer = 0.7
    Poster.objects.create(image=upload(body=BODY))
    scan = Scan.objects.get()
    approve(scan, moderator=None)
    poster = Poster.objects.get()
    assert lying() == {poster.image.name: BODY}
    scan.refresh_from_db()
    reject(scan, moderator=None)
    assert (held(), BODY in lying().values()) == ([BODY], False)
    assert StoredFile.objects.count() == 0


def test_a_name_that_texts_know_does_not_lead_to_a_field(constant, editors):
    """Both are called ``posters/cat.jpg``, and the first was taken down since."""
    editors.save("posters/cat.jpg", upload(body=BODY))
    reject(Scan.objects.get(), moderator=None)
    other = picture(seed=2)
    poster = Poster.objects.create(image=upload(body=other))
    assert poster.image.name == "posters/cat.jpg"
    with Poster.objects.get().image as file:
        assert file.read() == other
    with editors.open("posters/cat.jpg") as file:
        assert file.read() not in (BODY, other)


def test_an_unwatched_field_saves_a_file_as_any_other(constant, editors):
    constant.answer = 0.7
    note = Note.objects.create(attachment=upload(body=BODY))
    scan, row = Scan.objects.get(), StoredFile.objects.get()
    assert (scan.field, row.name) == ("nsfw_stored_files.StoredFile.file", note.attachment.name)
    assert note.attachment.name == "notes/cat.jpg"
    assert note.attachment.url == "/files/editors/notes/cat.jpg"
    assert (held(), BODY in lying().values()) == ([BODY], False)
    approve(scan, moderator=None)
    with Note.objects.get().attachment as file:
        assert file.read() == BODY
    constant.answer = 0.97
    with pytest.raises(FileRefused, match="looks explicit"):
        Note.objects.create(attachment=upload(body=picture(seed=2)))
    assert Note.objects.count() == 1


def test_where_files_are_is_asked_of_the_storage_behind(constant, editors, papers):
    assert plain(editors) is editors.unmoderated is plain(plain(editors))
    field = StoredFile._meta.get_field("file")
    assert storages_of(field) == (editors.unmoderated, papers.unmoderated)
    for storage in (editors, papers):
        name = storage.save("cat.jpg", upload(body=BODY))
        row = StoredFile.objects.get(storage=storage.alias, name=name)
        assert storage_of(field, row) is storage.unmoderated
        again = pickle.loads(pickle.dumps(row))  # noqa: S301
        assert again.file.storage is storage.unmoderated
    assert storages_of(Poster._meta.get_field("image")) == (editors.unmoderated,)


def test_what_the_storage_behind_is_given_by_others_is_their_affair(constant, editors):
    constant.answer = 0.7
    editors.unmoderated.save("cat.jpg", ContentFile(BODY))
    assert (lying(), Scan.objects.count()) == ({"cat.jpg": BODY}, 0)
