"""Who changes the texts of an image or a document sends no file, and its file stays as it is."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import APIToken, Collection

from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import held, public

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)
KINDS = {"image": get_image_model, "document": get_document_model}
kinds = pytest.mark.parametrize("kind", KINDS)
scores = pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])


@pytest.fixture
def there(constant, score, kind):
    constant.answer = score
    made = KINDS[kind]().objects.create(title="cat", file=upload("cat.jpg", body=BODY))
    made.refresh_from_db()
    return made


def by_form(client, kind, there):
    root = Collection.get_first_root_node().pk
    app = {"image": "wagtailimages", "document": "wagtaildocs"}[kind]
    address = reverse(f"{app}:edit", args=[there.pk])
    return client.post(address, {"title": "Tom", "collection": root})


def by_api(client, kind, there):
    _, token = APIToken.create_token(user=get_user_model().objects.get(), name="tests")
    address = reverse(f"wagtailapi_v3:update_{kind}", args=[there.pk])
    return client.patch(
        address,
        json.dumps({"title": "Tom"}),
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )


@scores
@kinds
@pytest.mark.parametrize(("send", "status"), [(by_form, 302), (by_api, 200)], ids=["form", "PATCH"])
def test_the_file_and_what_is_known_of_it_stay(cms, send, status, kind, there, constant):
    files, scans, waits = public(), list(Scan.objects.values()), held()
    measures = (there.file.name, there.file_size, there.file_hash)
    assert send(cms, kind, there).status_code == status
    now = KINDS[kind]().objects.get()
    assert (now.title, now.file.name, now.file_size, now.file_hash) == ("Tom", *measures)
    originals = {name: body for name, body in public().items() if not name.startswith("images/")}
    assert (originals, list(Scan.objects.values()), held()) == (files, scans, waits)
    assert constant.inferences == 1
