"""The page of a file: whoever looks at it is told why a placeholder stands there."""

import pytest
from django.contrib.auth.models import Permission
from filer.models import File, Folder

from django_nsfw.decisions import approve, reject
from django_nsfw.listings import NOTICES
from django_nsfw.models import Scan
from tests.chromium import keep
from tests.conftest import picture, upload
from tests.contrib.filer.conftest import image
from tests.contrib.filer.doors import PDF, change, page_of
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

AWAITS = str(NOTICES["held"])
REMOVED = str(NOTICES["rejected"])


def said(client, file):
    """All of the notices that its page has, and how often."""
    text = client.get(page_of(file)).content.decode()
    return [str(notice) for notice in NOTICES.values() for _ in range(text.count(str(notice)))]


def test_a_picture_that_waits_is_approved_and_is_taken_down(constant, admin_client):
    constant.answer = 0.7
    cat = image()
    assert said(admin_client, cat) == [AWAITS]
    approve(Scan.objects.get(), moderator=None)
    assert said(admin_client, cat) == []
    reject(Scan.objects.get(), moderator=None)
    assert said(admin_client, cat) == [REMOVED]


def test_a_file_that_is_no_image_to_django_filer(constant, admin_client):
    constant.answer = 0.7
    file = File.objects.create(
        original_filename="page.tif", file=upload("page.tif", picture(format="TIFF"))
    )
    assert said(admin_client, file) == [AWAITS]


def test_nothing_is_said_of_a_document(constant, admin_client):
    paper = File.objects.create(original_filename="a.pdf", file=upload("a.pdf", PDF))
    assert said(admin_client, paper) == []


def test_nothing_is_said_of_an_object_without_a_file(admin_client):
    assert said(admin_client, File.objects.create(original_filename="none")) == []


def test_it_says_so_of_the_file_that_is_there_beside_the_error(constant, admin_client):
    constant.answer = 0.7
    cat = image()
    constant.answer = 0.97
    other = picture(seed=5)
    answer = admin_client.post(page_of(cat), {"name": "Tom", "file": upload(body=other)})
    assert AWAITS in answer.content.decode()
    assert "looks explicit" in answer.content.decode()
    assert other not in held()


def test_who_may_only_look_is_told_as_well(constant, client, django_user_model):
    constant.answer = 0.7
    robin = django_user_model.objects.create_user("robin", is_staff=True)
    robin.user_permissions.set(Permission.objects.filter(codename="view_image"))
    client.force_login(robin)
    assert said(client, image(is_public=True)) == [AWAITS]


def test_the_form_still_saves(constant, admin_client):
    constant.answer = 0.7
    cat = image()
    assert change(admin_client, cat, name="Tom") == {}
    assert File.objects.get().name == "Tom"


def test_it_stands_between_the_placeholder_and_the_fields(
    constant, logged_in, admin_client, live_server
):
    constant.answer = 0.7
    cat = image(folder=Folder.objects.create(name="cats"))
    with logged_in(admin_client, width=1100, height=900) as window:
        window.goto(live_server.url + page_of(cat))
        notice = window.get_by_text(AWAITS)
        assert notice.is_visible()
        assert notice.bounding_box()["y"] < window.locator("#id_name").bounding_box()["y"]
        keep(window)
