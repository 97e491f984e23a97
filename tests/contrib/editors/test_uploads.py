"""The views that editors upload to: who may, and what each editor is answered."""

import pytest
from botocore.exceptions import ClientError
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.http import JsonResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from django_nsfw import assessment
from django_nsfw.contrib.stored_files.editors import (
    EditorUpload,
    TinyMCEUpload,
)
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=1)
NAMES = {"ckeditor_upload": "upload", "tinymce_upload": "file"}
EDITORS = pytest.mark.parametrize("editor", NAMES)
SUCCESS = {"ckeditor_upload": "url", "tinymce_upload": "location"}
HELD = (
    "This picture awaits review. Until somebody has approved it, a placeholder stands in its place."
)
PENDING = "This picture is being checked. Until then a placeholder stands in its place."


def send(client, editor, name="cat.jpg", body=BODY):
    return client.post(reverse(editor), {NAMES[editor]: upload(name, body)})


@EDITORS
def test_a_picture_that_passes(editor, constant, admin_client, admin_user):
    answer = send(admin_client, editor)
    assert (answer.status_code, answer.json()) == (
        200,
        {SUCCESS[editor]: "/files/editors/texts/cat.jpg", "notice": ""},
    )
    assert lying() == {"texts/cat.jpg": BODY}
    scan = Scan.objects.get()
    assert (scan.uploader, scan.status) == (admin_user, "clear")
    assert StoredFile.objects.get().uploader == admin_user
    assert constant.inferences == 1


@EDITORS
def test_one_that_is_held_is_an_upload_that_succeeded(editor, constant, admin_client):
    constant.answer = 0.7
    answer = send(admin_client, editor)
    assert (answer.status_code, answer.json()) == (
        200,
        {SUCCESS[editor]: "/files/editors/texts/cat.jpg", "notice": HELD},
    )
    assert (held(), BODY in lying().values()) == ([BODY], False)


def test_one_that_waits_for_its_score(constant, admin_client, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    assert send(admin_client, "tinymce_upload").json()["notice"] == PENDING


@EDITORS
@pytest.mark.parametrize(
    ("name", "body", "score", "message"),
    [
        pytest.param(
            "cat.jpg", BODY, 0.97,
            "This picture looks explicit and cannot be accepted. Please choose another one.",
            id="one that is rejected",
        ),
        pytest.param(
            "half.jpg", BODY[:-400], 0.1,
            "This picture cannot be read. It may be damaged: open it, save it again as JPEG or "
            "PNG, and send that.",
            id="half a picture",
        ),
        pytest.param(
            "paper.png", b"%PDF-1.7", 0.1,
            "This file is not a picture of a supported format. Please send one of: JPEG, PNG, "
            "GIF, WEBP, AVIF, BMP, TIFF, HEIF.",
            id="a PDF named png",
        ),
        pytest.param(
            "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 0.1,
            "This file is not a picture of a supported format. Please send one of: JPEG, PNG, "
            "GIF, WEBP, AVIF, BMP, TIFF, HEIF.",
            id="an SVG",
        ),
        pytest.param(
            "page.html", b"<script>alert(1)</script>", 0.1,
            "This file is not a picture of a supported format. Please send one of: JPEG, PNG, "
            "GIF, WEBP, AVIF, BMP, TIFF, HEIF.",
            id="a page",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_in_the_words_of_the_form(
    editor, name, body, score, message, constant, admin_client
):
    constant.answer = score
    answer = send(admin_client, editor, name, body)
    assert (answer.status_code, answer.json()) == (400, {"error": {"message": message}})
    assert (lying(), held(), StoredFile.objects.count()) == ({}, [], 0)


@pytest.mark.parametrize("policy", [{"other_files": "allow"}, {"on_error": "allow"}], ids=str)
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("page.html", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("cat.jpg", b"<script>alert(1)</script>"),
        ("page.html", b"GIF89a<script>alert(1)</script>"),
    ],
    ids=["page", "drawing named page", "drawing", "page named picture", "page like a picture"],
)
def test_no_other_files_even_where_the_storage_takes_them(
    name, body, policy, constant, admin_client, settings
):
    spec = settings.STORAGES["editors"] | {"OPTIONS": {"policy": policy}}
    settings.STORAGES = settings.STORAGES | {"editors": spec}
    answer = send(admin_client, "tinymce_upload", name, body)
    assert answer.status_code == 400
    assert told(answer).startswith(("This file is not a picture", "This picture is too large"))
    assert (lying(), StoredFile.objects.count()) == ({}, 0)


def told(answer):
    return answer.json()["error"]["message"]


def test_no_broken_pictures_even_where_the_storage_takes_them(constant, admin_client, settings):
    spec = settings.STORAGES["editors"] | {"OPTIONS": {"policy": {"on_error": "allow"}}}
    settings.STORAGES = settings.STORAGES | {"editors": spec}
    answer = send(admin_client, "tinymce_upload", "cat.jpg", BODY[:-400])
    assert (answer.status_code, told(answer)[:29]) == (400, "This picture cannot be read. ")


def test_refusals_are_in_the_language_of_the_request(constant, admin_client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    constant.answer = 0.7
    address = reverse("tinymce_upload")
    german = {"headers": {"accept-language": "de"}}
    with translation.override("en"):  # which the middleware leaves as it found the visitor
        answer = admin_client.post(address, {"file": upload("cat.jpg", BODY)}, **german)
    assert answer.json()["notice"] == (
        "Dieses Bild wartet auf Prüfung. Bis jemand es freigibt, steht ein Platzhalter an seiner "
        "Stelle."
    )


@EDITORS
def test_no_file(editor, constant, admin_client):
    answer = admin_client.post(reverse(editor), {"picture": upload("cat.jpg", BODY)})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": {"message": "No picture arrived."}},
    )


@EDITORS
def test_an_empty_file(editor, constant, admin_client):
    answer = send(admin_client, editor, body=b"")
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": {"message": "The submitted file is empty."}},
    )
    assert (StoredFile.objects.count(), held()) == (0, [])


@EDITORS
@pytest.mark.parametrize("who", ["nobody", "somebody"])
def test_only_staff_uploads(editor, who, constant, client, django_user_model):
    if who == "somebody":
        client.force_login(django_user_model.objects.create_user("ann"))
    answer = send(client, editor)
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": {"message": "You may not upload pictures here. Are you logged in?"}},
    )
    assert (lying(), constant.inferences) == ({}, 0)


def test_a_permission_in_the_place_of_staff(constant, django_user_model):
    ann, bob = (django_user_model.objects.create_user(name) for name in ("ann", "bob"))
    ann.user_permissions.add(Permission.objects.get(codename="add_storedfile"))
    view = TinyMCEUpload.as_view(permission="nsfw_stored_files.add_storedfile")
    answers = []
    for user in (ann, bob):
        request = RequestFactory().post("/", {"file": upload("cat.jpg", BODY)})
        request.user = type(user).objects.get(pk=user.pk)
        request._dont_enforce_csrf_checks = True
        answers.append(view(request).status_code)
    assert answers == [200, 403]


@EDITORS
def test_a_page_elsewhere_cannot_upload_with_the_writers_cookies(editor, constant, admin_client):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    assert send(strict, editor).status_code == 403
    assert lying() == {}


def test_nor_where_the_middleware_is_missing(constant, admin_client, settings):
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "csrf" not in each.lower()]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    assert send(strict, "tinymce_upload").status_code == 403


@EDITORS
def test_it_is_only_posted(editor, admin_client):
    assert admin_client.get(reverse(editor)).status_code == 405


@EDITORS
@pytest.mark.parametrize(
    "error",
    [
        OSError("No space left on device"),
        ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your rate"}}, "PutObject"),
    ],
    ids=["disk", "bucket"],
)
def test_a_storage_that_does_not_answer_is_no_server_error(
    editor, error, constant, admin_client, monkeypatch, caplog
):
    def fail(*args):
        raise error

    monkeypatch.setattr(type(storages["editors"]), "_save", fail)
    answer = send(admin_client, editor)
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": {"message": "Pictures cannot be checked at the moment. Please try again later."}},
    )
    assert str(error) in caplog.text
    assert StoredFile.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "moderated", "said"),
    [
        ("default", "editors", "(editors), not 'default'"),
        ("", "editors, others", "(editors, others), not ''"),
        ("", "", "(there is none), not ''"),
    ],
    ids=["one that nobody moderates", "none, of two", "none, of none"],
)
def test_which_storage_it_is_must_be_clear(given, moderated, said, admin_client, settings):
    spec = settings.STORAGES["editors"]
    plain = {k: v for k, v in settings.STORAGES.items() if k != "editors"}
    settings.STORAGES = plain | dict.fromkeys(filter(None, moderated.split(", ")), spec)
    request = RequestFactory().post("/", {"file": upload("cat.jpg", BODY)})
    request.user = type("Staff", (), {"is_active": True, "is_staff": True, "pk": None})()
    request._dont_enforce_csrf_checks = True
    with pytest.raises(ImproperlyConfigured) as wrong:
        TinyMCEUpload.as_view(storage=given)(request)
    assert str(wrong.value) == (
        f"TinyMCEUpload: 'storage' must be one of the moderated entries of STORAGES {said}."
    )


class EditorJSUpload(EditorUpload):
    """The one in the documentation."""

    parameter = "image"

    def accepted(self, url, notice):
        return {"success": 1, "file": {"url": url}}

    def refused(self, message):
        return {"success": 0, "message": message}


def test_an_editor_of_ones_own(constant, admin_user):
    view = EditorJSUpload.as_view(storage="editors", folder="%Y")

    def answer():
        request = RequestFactory().post("/", {"image": upload("cat.jpg", BODY)})
        request.user = admin_user
        request._dont_enforce_csrf_checks = True
        found = view(request)
        assert isinstance(found, JsonResponse)
        return found.content.decode()

    first = answer()
    stored = StoredFile.objects.get().name
    assert first == f'{{"success": 1, "file": {{"url": "/files/editors/{stored}"}}}}'
    assert stored.endswith("/cat.jpg")
    assert len(stored.partition("/")[0]) == 4
    constant.answer = 0.97
    Scan.objects.all().delete()
    assessment.memo.clear()
    assert answer().startswith('{"success": 0, "message": "This picture looks explicit')
