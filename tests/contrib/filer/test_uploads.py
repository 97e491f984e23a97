"""The doors of django-filer: who uploads is told in its own words, and the good ones stay."""

import pytest
from django.urls import reverse
from filer.models import File, Folder, Image

from django_nsfw.contrib.filer import VALIDATORS
from django_nsfw.decisions import approve
from django_nsfw.images import FORMATS
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.filer.conftest import facts, facts_of, image, now
from tests.contrib.filer.doors import PDF, SVG, UNREADABLE, send
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()


def test_a_picture_that_passes(constant, admin_client, admin_user, kept):
    answer = send(admin_client, "cat.jpg", BODY)
    cat = Image.objects.get()
    assert (answer.status_code, answer.json()["file_id"]) == (200, cat.pk)
    assert kept() == {cat.file.name: BODY}
    scan = Scan.objects.get()
    assert (scan.status, scan.uploader) == ("clear", admin_user)
    assert constant.inferences == 1  # the validator and the gate share it


def test_a_picture_that_is_held_is_an_upload_that_succeeded(constant, admin_client, kept):
    constant.answer = 0.7
    answer = send(admin_client, "cat.jpg", BODY)
    cat = Image.objects.get()
    assert (answer.status_code, answer.json()["file_id"]) == (200, cat.pk)
    assert answer.json()["original_image"] == f"/media/{cat.file.name}"
    assert held() == [BODY]
    assert BODY not in kept().values()
    icon = admin_client.get(answer.json()["thumbnail_180"])
    assert icon.status_code == 302
    assert facts(cat) == facts_of(kept()[cat.file.name])


@pytest.mark.parametrize(
    ("name", "body", "score", "message"),
    [
        pytest.param(
            "cat.jpg", BODY, 0.97,
            "File “cat.jpg”: This picture looks explicit and cannot be accepted. Please choose "
            "another one.",
            id="one that is rejected",
        ),
        pytest.param("paper.png", PDF, 0.1, UNREADABLE, id="a PDF named png"),
        pytest.param("half.jpg", BODY[:200], 0.1, UNREADABLE, id="half a header"),
        pytest.param(
            "cat.png", BODY, 0.1,
            "File “cat.png”: The file name ends in “.png”, but the content is JPEG. Please rename "
            "the file or save it again.",
            id="a JPEG named png",
        ),
        pytest.param(
            "half.jpg", BODY[:-400], 0.1,
            "File “half.jpg”: This picture cannot be read. It may be damaged: open it, save it "
            "again as JPEG or PNG, and send that.",
            id="half a picture",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_as_the_uploader_shows_it(
    name, body, score, message, constant, admin_client, kept
):
    constant.answer = score
    answer = send(admin_client, name, body)
    assert (answer.status_code, answer.json()) == (400, {"error": message})
    assert (File.objects.count(), Scan.objects.count(), kept(), held()) == (0, 0, {}, [])


def test_a_document_passes(constant, admin_client, kept):
    constant.answer = 0.97
    assert send(admin_client, "paper.pdf", PDF).status_code == 200
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code) == ("clear", "not_a_picture")
    assert list(kept().values()) == [PDF]


def test_an_svg_is_cleaned_by_django_filer_and_waits_for_a_person(constant, admin_client, kept):
    """It may have any picture in it, and nobody here draws it."""
    script = SVG.replace(b"<rect", b"<script>alert(1)</script><rect")
    assert send(admin_client, "drawing.svg", script).status_code == 200
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code) == ("held", "unsupported_format")
    (cleaned,) = held()
    assert (b"script" in cleaned, b"rect" in cleaned) == (False, True)
    drawing = Image.objects.get()
    assert (drawing.mime_type, drawing.original_filename) == ("image/png", "drawing.svg")
    approve(scan, moderator=None)
    drawing = now(drawing)
    assert kept() == {drawing.file.name: cleaned}
    assert (drawing.mime_type, drawing.width, drawing.height) == ("image/svg+xml", 9, 9)


def drawings_of_staff(instance, field_name):
    """What a site may write that lets some people upload drawings."""
    trusted = instance.owner is not None and instance.owner.is_staff
    return {"on_error": "allow"} if trusted and instance.mime_type == "image/svg+xml" else None


def test_drawings_of_who_is_trusted_pass(constant, admin_client, kept, settings):
    settings.NSFW_FIELDS = {"filer.File.file": {"for_object": f"{__name__}.drawings_of_staff"}}
    assert send(admin_client, "drawing.svg", SVG).status_code == 200
    assert Scan.objects.get().status == "clear"
    (name,) = kept()
    assert name.endswith(".svg")
    assert image("drawing.svg", SVG).file.name.endswith(".png")


def test_a_picture_named_like_a_document_is_held(constant, admin_client, kept):
    """No validator is asked for this type; the gate looks at everything."""
    assert send(admin_client, "paper.pdf", BODY).status_code == 200
    assert Scan.objects.get().error_code == "extension_mismatch"
    assert held() == [BODY]
    assert BODY not in kept().values()


def test_fifty_files_with_three_bad_ones(constant, admin_client, kept):
    folder = Folder.objects.create(name="cats")
    bad = {7: ("a.png", PDF), 23: ("b.jpg", BODY[:-400]), 41: ("c.gif", BODY)}
    answers = [
        send(admin_client, *bad.get(at, (f"{at}.jpg", picture(48, 32, seed=at))), folder)
        for at in range(50)
    ]
    refused = [at for at, answer in enumerate(answers) if answer.status_code == 400]
    assert refused == list(bad)
    said = [answers[at].json()["error"] for at in refused]
    assert said[0] == UNREADABLE
    assert said[1].startswith("File “b.jpg”: This picture cannot be read.")
    assert said[2].startswith("File “c.gif”: The file name ends in “.gif”")
    names = set(folder.files.values_list("original_filename", flat=True))
    assert names == {f"{at}.jpg" for at in range(50)} - {f"{at}.jpg" for at in bad}
    assert len(kept()) == 47
    assert Scan.objects.count() == 47


def test_uploads_in_code_are_held(constant, kept):
    constant.answer = 0.7
    cat = Image(original_filename="cat.jpg")
    cat.file.save("cat.jpg", upload(), save=True)
    assert Scan.objects.get().object_pk == str(cat.pk)
    assert held() == [BODY]
    assert BODY not in kept().values()


def test_pages_of_the_admin_show_the_placeholder(constant, admin_client, kept):
    constant.answer = 0.7
    folder = Folder.objects.create(name="cats")
    cat = image(folder=folder)
    listing = admin_client.get(reverse("admin:filer-directory_listing", args=[folder.pk]))
    page = admin_client.get(reverse("admin:filer_image_change", args=[cat.pk]))
    assert [answer.status_code for answer in (listing, page)] == [200, 200]
    assert f"/media/{cat.file.name}" in page.content.decode()


def test_the_page_of_a_scan_leads_to_its_file(constant, admin_client):
    constant.answer = 0.7
    cat = image()
    scan = reverse("admin:django_nsfw_scan_change", args=[Scan.objects.get().pk])
    link = reverse("admin:filer_file_change", args=[cat.pk])
    assert link in admin_client.get(scan).content.decode()
    assert admin_client.get(link).status_code == 200


@pytest.mark.parametrize(
    ("format", "extension"),
    [(format, each) for format, extensions in FORMATS.items() for each in extensions],
)
def test_every_extension_of_a_picture_has_a_validator_or_is_denied(
    format, extension, constant, admin_client
):
    constant.answer = 0.97
    answer = send(admin_client, f"cat{extension}", picture(format=format))
    assert answer.status_code == 400
    said = answer.json()["error"]
    assert "looks explicit" in said or "denied by site security policy" in said


def test_what_is_installed_are_dotted_paths(settings):
    """A settings module imports them, before any app is loaded."""
    assert set(VALIDATORS["image/jpeg"]) == {
        "django_nsfw.contrib.filer.validation.validate_picture"
    }
    assert "image/svg+xml" not in VALIDATORS
