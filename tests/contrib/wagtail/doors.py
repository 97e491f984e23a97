"""The doors by which a picture enters Wagtail: each takes a client and a file, and says what became
of it as ``Answer``."""

import hashlib
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.urls import reverse
from wagtail.images import get_image_model
from wagtail.models import APIToken, Collection

from tests.conftest import upload


@dataclass(frozen=True)
class Answer:
    """``errors`` are the messages at the field ``file``, ``image`` what was saved, if it was."""

    errors: list[str]
    image: object = None


def many(client, file, **fields):
    """One file of the uploader of many, as its script posts it."""
    response = client.post(
        reverse("wagtailimages:add_multiple"), {"title": "cat", "files[]": file, **fields}
    )
    said = response.json()
    if not said["success"]:
        return Answer(said["error_message"].split("\n"))
    return Answer([], get_image_model().objects.get(pk=said["image_id"]))


def chooser(client, file):
    """The upload tab of an image chooser in a page's editor."""
    prefix = "image-chooser-upload"
    response = client.post(
        reverse("wagtailimages_chooser:create"),
        {f"{prefix}-title": "cat", f"{prefix}-file": file, f"{prefix}-collection": _root()},
    )
    said = response.json()
    if said["step"] == "reshow_creation_form":
        return Answer(_errors(response.context["form"]))
    return Answer([], get_image_model().objects.get(pk=said["result"]["id"]))


def edited(client, file):
    """A picture that is there gets another file."""
    there = get_image_model().objects.filter(title="there").first() or there_is()
    response = client.post(
        reverse("wagtailimages:edit", args=[there.pk]),
        {"title": "there", "file": file, "collection": _root()},
    )
    if response.status_code == 200:
        return Answer(_errors(response.context["form"]))
    there.refresh_from_db()
    return Answer([], there)


def api(client, file):
    """A program with a token."""
    _, token = APIToken.create_token(user=get_user_model().objects.get(), name="tests")
    response = client.post(
        reverse("wagtailapi_v3:create_image"),
        {"title": "cat", "file": file},
        headers={"authorization": f"Bearer {token}"},
    )
    said = response.json()
    if response.status_code != 201:
        return Answer([error["msg"] for error in said["errors"] if error["loc"] == ["file"]])
    return Answer([], get_image_model().objects.get(pk=said["id"]))


DOORS = {"uploader of many": many, "chooser": chooser, "edit form": edited, "API": api}


def there_is(title="there", **options):
    """A picture that came before, as it is stored by ``Image.objects.create``."""
    return get_image_model().objects.create(title=title, file=upload("there.jpg", **options))


def sha1(body):
    """Wagtail's hash of a file."""
    return hashlib.sha1(body).hexdigest()  # noqa: S324 - theirs, and no secret


def _root():
    return Collection.get_first_root_node().pk


def _errors(form):
    return list(form.errors["file"])
