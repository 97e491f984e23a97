"""Models of the site's own are watched as those of django-filer are, by the one field of all."""

import pytest
from filer.models import File

from django_nsfw.decisions import approve, reject
from django_nsfw.listings import NOTICES
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.filer.conftest import facts, facts_of, now
from tests.contrib.filer.doors import change, page_of, send
from tests.folders import held

from .pictures.models import Picture, Sheet

pytestmark = pytest.mark.django_db(transaction=True)

BODY, OTHER = picture(seed=41), picture(seed=42)


def test_a_picture_that_is_held_and_released(constant, admin_client, admin_user, kept):
    constant.answer = 0.7
    assert send(admin_client, "cat.jpg", BODY).status_code == 200
    cat, scan = Picture.objects.get(), Scan.objects.get()
    assert (scan.field, scan.object_pk, scan.status) == ("filer.File.file", str(cat.pk), "held")
    assert scan.uploader == admin_user
    assert held() == [BODY]
    assert facts(cat) == facts_of(kept()[cat.file.name])

    approve(scan, moderator=admin_user)
    cat = now(cat)
    assert type(cat) is Picture
    assert kept() == {cat.file.name: BODY}
    assert facts(cat) == facts_of(BODY)


def test_thumbnails_go_with_a_picture_that_is_rejected(constant, admin_client, kept):
    send(admin_client, "cat.jpg", BODY)
    cat = Picture.objects.get()
    assert len(cat.thumbnails) == 4
    assert len(kept()) > 1
    reject(Scan.objects.get(), moderator=None)
    assert list(kept()) == [now(cat).file.name]


def test_what_is_refused_is_not_kept(constant, admin_client, kept):
    constant.answer = 0.97
    answer = send(admin_client, "cat.jpg", BODY)
    assert answer.json() == {
        "error": "File “cat.jpg”: This picture looks explicit and cannot be accepted. Please "
        "choose another one."
    }
    assert (File.objects.count(), kept(), held()) == (0, {}, [])


def test_another_file_in_the_form_of_a_picture(constant, admin_client, kept):
    send(admin_client, "cat.jpg", BODY)
    constant.answer = 0.7
    assert change(admin_client, Picture.objects.get(), file=upload(body=OTHER)) == {}
    cat = Picture.objects.get()
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "held"]
    assert held() == [OTHER]
    assert facts(cat) == facts_of(kept()[cat.file.name])


def test_a_file_that_is_a_picture_only_to_us(constant, admin_client, kept):
    """It has no pixels to django-filer, and is looked at all the same."""
    constant.answer = 0.7
    body = picture(seed=43, format="TIFF")
    assert send(admin_client, "page.tif", body).status_code == 200
    sheet, scan = Sheet.objects.get(), Scan.objects.get()
    assert (scan.status, scan.format, held()) == ("held", "TIFF", [body])
    assert (sheet.pages, sheet._file_size) == (1, len(kept()[sheet.file.name]))
    approve(scan, moderator=None)
    sheet = now(sheet)
    assert type(sheet) is Sheet
    assert (kept(), sheet._file_size) == ({sheet.file.name: body}, len(body))


def test_a_picture_becomes_private_and_public_again(constant, admin_client, kept):
    send(admin_client, "cat.jpg", BODY)
    for is_public in (False, True):
        cat = Picture.objects.get()
        cat.is_public = is_public
        cat.save()
        scan = Scan.objects.get()
        assert (scan.status, scan.name) == ("clear", now(cat).file.name)
        assert kept() == {scan.name: BODY}


def test_the_page_of_a_held_file_says_so(constant, admin_client):
    constant.answer = 0.7
    send(admin_client, "page.tif", picture(seed=43, format="TIFF"))
    page = page_of(Sheet.objects.get())
    assert str(NOTICES["held"]) in admin_client.get(page).content.decode()
