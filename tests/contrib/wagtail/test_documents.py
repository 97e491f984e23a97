"""A document that is a picture is one; what is none passes."""

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.urls import reverse
from wagtail.documents import get_document_model
from wagtail.models import APIToken, Collection, UploadedFile

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import held, public

from .doors import sha1

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)
PDF = b"%PDF-1.7 " + bytes(50)


@pytest.fixture(autouse=True)
def refusing(settings):
    fields = settings.NSFW_FIELDS
    policy = fields["wagtaildocs.Document.file"] | {"reject": 0.9}
    settings.NSFW_FIELDS = fields | {"wagtaildocs.Document.file": policy}


def many(client, file):
    response = client.post(reverse("wagtaildocs:add_multiple"), {"title": "paper", "files[]": file})
    said = response.json()
    if not said["success"]:
        return said["error_message"]
    return get_document_model().objects.get(pk=said["doc_id"])


def chosen(client, file):
    prefix = "document-chooser-upload"
    data = {f"{prefix}-title": "paper", f"{prefix}-file": file, f"{prefix}-collection": root()}
    said = client.post(reverse("wagtaildocs_chooser:create"), data)
    assert said.json()["step"] == "reshow_creation_form"
    return said.context["form"].errors["file"][0]


def edited(client, file):
    there = get_document_model().objects.create(title="paper", file=upload("a.pdf", body=PDF))
    data = {"title": "cat", "file": file, "collection": root()}
    said = client.post(reverse("wagtaildocs:edit", args=[there.pk]), data)
    there.delete()
    return said.context["form"].errors["file"][0]


def api(client, file):
    _, token = APIToken.create_token(user=get_user_model().objects.get(), name="tests")
    said = client.post(
        reverse("wagtailapi_v3:create_document"),
        {"title": "paper", "file": file},
        headers={"authorization": f"Bearer {token}"},
    ).json()
    assert [error["loc"] for error in said["errors"]] == [["file"]]
    return said["errors"][0]["msg"]


def root():
    return Collection.get_first_root_node().pk


def served(client, document):
    return b"".join(client.get(document.url).streaming_content)


@pytest.mark.parametrize("score", [0.1, 0.95])
def test_a_pdf_is_nobodys_business(cms, constant, score, settings):
    constant.answer = score
    settings.NSFW_LIMITS = {"max_bytes": 20}
    document = many(cms, upload("paper.pdf", body=PDF))
    assert public() == {document.file.name: PDF}
    assert (document.file_size, document.file_hash) == (len(PDF), sha1(PDF))
    assert served(cms, document) == PDF
    assert (Scan.objects.get().status, held(), constant.inferences) == ("clear", [], 0)


def test_a_picture_is_held_and_its_document_measured_anew(cms, client, constant, editor):
    constant.answer = 0.8
    document = many(cms, upload("cat.jpg", body=BODY))
    scan = Scan.objects.get()
    assert (scan.status, scan.uploader, held()) == ("held", editor, [BODY])
    [(name, shown)] = public().items()
    assert (document.file.name, shown != BODY) == (name, True)
    assert (document.file_size, document.file_hash) == (len(shown), sha1(shown))
    assert served(client, document) == shown
    approve(scan, moderator=editor)
    document.refresh_from_db()
    assert (document.file_size, document.file_hash) == (len(BODY), sha1(BODY))
    assert served(client, document) == BODY


@pytest.mark.parametrize(
    ("name", "body", "score", "said"),
    [
        ("cat.jpg", BODY, 0.95, "This picture looks explicit and cannot be accepted."),
        ("cat.jpg", BODY[:-99], 0.1, "This picture cannot be read."),
        ("cv.png", PDF, 0.1, "This file is not a picture of a supported format."),
        ("cat.svg", b"<svg/>", 0.1, "This file is not a picture of a supported format."),
        ("cat.pdf", BODY, 0.1, "The file name ends in “.pdf”, but the content is JPEG."),
    ],
    ids=["refused by its score", "cut off", "a PDF named png", "an SVG", "a JPEG named pdf"],
)
def test_what_calls_itself_a_picture_is_treated_as_one(cms, constant, name, body, score, said):
    constant.answer = score
    assert many(cms, upload(name, body=body)).startswith(said)
    assert get_document_model().objects.count() == UploadedFile.objects.count() == 0
    assert (public(), held()) == ({}, [])


def test_fifty_at_once_with_three_bad_ones(cms, constant):
    """The script of the uploader sends each in a request of its own."""
    bad = {7: ("cv.png", PDF), 23: ("cat.svg", b"<svg/>"), 41: ("half.jpg", BODY[:-99])}
    refused = {}
    for number in range(50):
        name, body = bad.get(number, (f"{number}.pdf", PDF + bytes([number])))
        if isinstance(said := many(cms, upload(name, body=body)), str):
            refused[number] = said.partition(". ")[0]
    assert refused == {
        7: "This file is not a picture of a supported format",
        23: "This file is not a picture of a supported format",
        41: "This picture cannot be read",
    }
    assert get_document_model().objects.count() == len(public()) == 47
    assert (UploadedFile.objects.count(), held()) == (0, [])


@pytest.mark.parametrize("door", [chosen, edited, api])
def test_every_other_door_says_it_at_the_file(cms, constant, door):
    constant.answer = 0.95
    assert door(cms, upload("cat.jpg", body=BODY)) == (
        "This picture looks explicit and cannot be accepted. Please choose another one."
    )
    assert get_document_model().objects.count() == 0
    assert (public(), held()) == ({}, [])


def test_a_replaced_document_follows_its_new_file(cms, constant):
    document = many(cms, upload("paper.pdf", body=PDF))
    constant.answer = 0.8
    cms.post(
        reverse("wagtaildocs:edit", args=[document.pk]),
        {
            "title": "cat",
            "file": upload("cat.jpg", body=BODY),
            "collection": root(),
        },
    )
    document.refresh_from_db()
    assert Scan.objects.current().get().status == "held"
    assert (list(public()), held()) == ([document.file.name], [BODY])


def test_what_a_program_stores_is_judged_as_well(constant):
    constant.answer = 0.8
    document = get_document_model()(title="cat")
    document.file.save("cat.jpg", ContentFile(BODY))
    assert (held(), document.get_file_hash()) == ([BODY], sha1(public()[document.file.name]))


def test_the_edit_form_says_why_a_placeholder_is_there(cms, constant):
    constant.answer = 0.8
    document = many(cms, upload("cat.jpg", body=BODY))
    page = cms.get(reverse("wagtaildocs:edit", args=[document.pk])).content.decode()
    assert "This picture awaits review." in page
