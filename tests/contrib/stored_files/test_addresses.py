"""The address that a text keeps: a redirect to what stands there now, and to nothing else."""

import pytest
from django.core.files.base import ContentFile

from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=1)


def test_it_leads_to_the_file(client, constant, editors, django_assert_num_queries):
    address = editors.url(editors.save("a/cat.jpg", upload(body=BODY)))
    with django_assert_num_queries(1):
        answer = client.get(address)
    assert (answer.status_code, answer["Location"]) == (302, "/media/editors/a/cat.jpg")
    assert sorted(answer["Cache-Control"].split(", ")) == ["max-age=30", "public"]
    assert not answer.cookies
    assert not answer.has_header("Vary")


def test_it_leads_to_what_stands_there_now(client, constant, editors):
    constant.answer = 0.7
    address = editors.url(editors.save("cat.jpg", upload(body=BODY)))

    def shown():
        answer = client.get(address)
        assert answer.status_code == 302
        return lying()[answer["Location"].removeprefix("/media/editors/")]

    placeholder = shown()
    assert placeholder != BODY
    scan = Scan.objects.get()
    approve(scan, moderator=None)
    assert shown() == BODY
    undo(scan.decisions.get(), moderator=None)
    assert shown() == placeholder
    scan.refresh_from_db()
    reject(scan, moderator=None)
    assert shown() == placeholder


@pytest.mark.parametrize("name", ["my cät.jpg", "a b/c#d?e%2F&f.jpg", "日本.jpg"])
def test_any_name_has_one(name, client, constant, editors):
    assert editors.save(name, upload(body=BODY)) == name
    answer = client.get(editors.url(name))
    assert (answer.status_code, answer["Location"]) == (302, editors.unmoderated.url(name))


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("/files/editors/nothing.jpg", id="a name that nobody has"),
        pytest.param("/files/editors/old.jpg", id="a file that was there before"),
        pytest.param("/files/default/default.jpg", id="a storage that nobody moderates"),
        pytest.param("/files/nsfw_quarantine/nsfw_quarantine.jpg", id="the quarantine"),
        pytest.param("/files/nothing/cat.jpg", id="no storage at all"),
        pytest.param("/files/papers/cat.jpg", id="a file of another storage"),
        pytest.param("/files/editors/../editors/cat.jpg", id="a way around"),
        pytest.param("/files/editors/CAT.jpg", id="the same in capitals"),
        pytest.param("/files/editors/cat%00.jpg", id="a letter that PostgreSQL does not have"),
        pytest.param(f"/files/editors/{'c' * 5000}.jpg", id="a name that no column holds"),
    ],
)
def test_nothing_else_has_one(address, client, constant, editors):
    """A link of the storage behind may be signed: it opens whatever it names."""
    editors.save("cat.jpg", upload(body=BODY))
    editors.unmoderated.save("old.jpg", ContentFile(BODY))
    for storage in ("default", "nsfw_quarantine"):
        StoredFile.objects.create(storage=storage, name=f"{storage}.jpg", file="held.jpg")
    assert client.get(address).status_code == 404


def test_a_deleted_file_has_none(client, constant, editors):
    address = editors.url(editors.save("cat.jpg", upload(body=BODY)))
    editors.delete("cat.jpg")
    assert client.get(address).status_code == 404


def test_it_is_only_read(client, constant, editors):
    address = editors.url(editors.save("cat.jpg", upload(body=BODY)))
    assert client.head(address).status_code == 302
    assert client.post(address).status_code == 405
