"""Models with a required field: the uploader keeps the bytes until that is filled in."""

import pytest
from django.conf import settings
from django.urls import reverse
from wagtail.models import UploadedFile

from django_nsfw.decisions import reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.wagtail.doors import sha1
from tests.folders import held, public, tree

from .pictures.models import Paper, Picture, PictureRendition

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)
PDF = b"%PDF-1.7"


def kept():
    """What lies in quarantine and is not held."""
    files = tree(settings.MEDIA_ROOT.parent / "quarantine")
    return [body for name, body in files.items() if name.startswith("wagtail_uploads/private/")]


def sent(client, file, app="wagtailimages", **fields):
    url = reverse(f"{app}:add_multiple")
    return client.post(url, {"title": "cat", "files[]": file, **fields}).json()


def completed(client, said, **fields):
    pk = said["uploaded_file_id"]
    return client.post(
        reverse("wagtailimages:create_multiple_from_uploaded_image", args=[pk]),
        {f"uploaded-image-{pk}-{name}": value for name, value in fields.items()},
    ).json()


@pytest.mark.parametrize("score", [0.1, 0.8], ids=["harmless", "to be looked at"])
def test_what_waits_for_its_form_is_where_nobody_sees_it(cms, constant, score, editor):
    constant.answer = score
    said = sent(cms, upload(body=BODY))
    assert (kept(), public(), held(), Picture.objects.count()) == ([BODY], {}, [], 0)
    missing = completed(cms, said, title="cat")
    assert "This field is required." in missing["form"]
    assert kept() == [BODY]
    assert completed(cms, said, title="cat", credit="Robin")["success"]
    image, scan = Picture.objects.get(), Scan.objects.get()
    assert (kept(), UploadedFile.objects.count()) == ([], 0)
    assert (scan.field, scan.uploader) == ("pictures.Picture.file", editor)
    shown = public()[image.file.name]
    if score < 0.5:
        assert (scan.status, shown, held()) == ("clear", BODY, [])
    else:
        assert (scan.status, shown != BODY, held()) == ("held", True, [BODY])
    assert (image.file_size, image.file_hash) == (len(shown), sha1(shown))


def test_what_the_policy_refuses_is_not_kept_for_the_form(cms, constant):
    constant.answer = 0.95
    assert sent(cms, upload(body=BODY)) == {
        "success": False,
        "error_message": "This picture looks explicit and cannot be accepted. Please choose "
        "another one.",
    }
    assert (kept(), public(), held(), UploadedFile.objects.count()) == ([], {}, [], 0)


@pytest.mark.parametrize(
    ("name", "body", "begin"),
    [
        ("cat.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Not a supported image format."),
        ("cv.png", PDF, "Upload a valid image."),
        ("half.jpg", BODY[:-99], "This picture cannot be read."),
    ],
    ids=["an SVG", "a PDF named png", "half a picture"],
)
def test_a_bad_file_is_not_kept_for_the_form(cms, constant, name, body, begin):
    said = sent(cms, upload(name, body=body))
    assert (said["success"], said["error_message"].startswith(begin)) == (False, True)
    assert (kept(), public(), held(), UploadedFile.objects.count()) == ([], {}, [], 0)


def test_an_upload_that_is_given_up_leaves_nothing(cms, constant):
    said = sent(cms, upload(body=BODY))
    cms.post(reverse("wagtailimages:delete_upload_multiple", args=[said["uploaded_file_id"]]))
    assert (kept(), public(), UploadedFile.objects.count()) == ([], {}, 0)


def test_what_was_kept_before_this_app_came_can_be_completed(cms, constant, editor):
    """It lies in the open, where Wagtail had put it."""
    said = sent(cms, upload(body=BODY))
    name = "wagtail_uploads/old.jpg"
    (settings.MEDIA_ROOT / "wagtail_uploads").mkdir(parents=True)
    (settings.MEDIA_ROOT / name).write_bytes(picture(seed=2))
    UploadedFile.objects.update(file=name)
    assert completed(cms, said, title="cat", credit="Robin")["success"]
    assert list(public().values()) == [picture(seed=2)]


def test_documents_wait_there_as_well(cms, constant):
    said = sent(cms, upload("paper.pdf", body=PDF), app="wagtaildocs")
    assert (kept(), public()) == ([PDF], {})
    pk = said["uploaded_file_id"]
    done = cms.post(
        reverse("wagtaildocs:create_multiple_from_uploaded_document", args=[pk]),
        {f"uploaded-document-{pk}-title": "paper", f"uploaded-document-{pk}-licence": "CC0"},
    ).json()
    assert done["success"]
    assert public() == {Paper.objects.get().file.name: PDF}
    assert (kept(), Scan.objects.get().status) == ([], "clear")


def test_the_sites_own_form_goes_on_working(cms, constant):
    """What it says about another field keeps nobody's bytes in the open."""
    said = sent(cms, upload(body=BODY), title="IMG_0001", credit="Robin")
    assert (said["success"], kept(), public()) == (True, [BODY], {})


def test_renditions_of_a_model_of_the_site_follow(constant, editor):
    image = Picture.objects.create(title="cat", credit="Robin", file=upload(body=BODY))
    image.get_rendition("max-50x50")
    reject(Scan.objects.get(), moderator=editor)
    image.refresh_from_db()
    assert (PictureRendition.objects.count(), list(public())) == (0, [image.file.name])
    assert image.file_hash == sha1(public()[image.file.name])
