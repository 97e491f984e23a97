"""What visitors of a page get to see of a picture, from the upload of an editor to the decision."""

import gc
import re
from urllib.parse import urlencode

import pytest
from cms.api import add_plugin, create_page
from django.conf import settings as django_settings
from django.core.cache import cache
from django.urls import reverse
from filer.models import Image

from django_nsfw.contrib.cms.caches import forget_pages
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.cms.pictures.models import Picture
from tests.folders import held, public

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # django-filer does not close the files that it takes sizes and checksums of.
    pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

BODY = picture()


@pytest.fixture(autouse=True)
def nothing_cached():
    cache.clear()
    yield
    gc.collect()  # while its warnings are not errors


@pytest.fixture
def page(admin_user):
    return create_page("Cats", "page.html", "en", created_by=admin_user)


def uploaded(admin_client):
    """By the widget of the plugin's form, which is the uploader of django-filer."""
    address = reverse("admin:filer-ajax_upload")
    answer = admin_client.post(address, {"file": upload("cat.jpg", BODY)})
    return Image.objects.get(pk=answer.json()["file_id"])


def add_to(admin_client, page, image):
    """As the editor's form does."""
    placeholder = page.get_placeholders("en").get(slot="content")
    address = reverse("admin:cms_placeholder_add_plugin")
    query = {"placeholder_id": placeholder.pk, "plugin_type": "PicturePlugin"}
    query |= {"plugin_language": "en", "plugin_position": 1, "cms_path": "/"}
    answer = admin_client.post(f"{address}?{urlencode(query)}", {"picture": image.pk})
    assert answer.status_code == 200, answer.content
    assert Picture.objects.get().picture == image


def seen_by(visitor, page):
    """The bodies of the pictures of the page, the file itself first."""
    answer = visitor.get(page.get_absolute_url("en"))
    assert answer.status_code == 200
    links = re.findall(r'src="/media/([^"]+)"', answer.content.decode())
    files = public()
    return [files.get(link) for link in links]


@pytest.mark.parametrize("cached", [True, False], ids=["with caches", "without"])
def test_a_held_picture_on_a_page(cached, page, constant, admin_client, client, settings):
    settings.CMS_PAGE_CACHE = settings.CMS_PLACEHOLDER_CACHE = cached
    constant.answer = 0.7
    add_to(admin_client, page, uploaded(admin_client))
    assert held() == [BODY]
    placeholder, _ = seen_by(client, page)
    assert placeholder != BODY
    assert None not in seen_by(client, page)
    approve(Scan.objects.get(), moderator=None)
    shown, thumbnail = seen_by(client, page)
    assert shown == BODY
    assert thumbnail is not None
    reject(Scan.objects.get(), moderator=None)
    again, small = seen_by(client, page)
    assert (again, small) == (placeholder, public_thumbnail())
    assert len(public()) == 2  # nothing is left of the picture that was public


def public_thumbnail():
    return next(body for name, body in public().items() if "thumbnails" in name)


def test_a_picture_within_a_text(page, constant, admin_client, client):
    constant.answer = 0.7
    image = uploaded(admin_client)
    placeholder = page.get_placeholders("en").get(slot="content")
    body = f'<p><img src="{image.url}" data-cms-src="filer.image:{image.pk}"></p>'
    add_plugin(placeholder, "TextPlugin", "en", body=body)
    assert seen_by(client, page) != [BODY]
    assert None not in seen_by(client, page)
    approve(Scan.objects.get(), moderator=None)
    assert seen_by(client, page) == [BODY]


def test_only_placeholders_with_the_picture_are_rendered_anew(
    page, constant, admin_client, django_assert_num_queries
):
    image = uploaded(admin_client)
    add_to(admin_client, page, image)
    with django_assert_num_queries(3):  # pictures, texts, the page behind the placeholder
        forget_pages(field="filer.File.file", using="default", object_pks=[str(image.pk)])
    with django_assert_num_queries(2):
        forget_pages(field="filer.File.file", using="default", object_pks=["0"])
    with django_assert_num_queries(1):  # no plugin refers to those, but a text might
        forget_pages(field="host.Photo.image", using="default", object_pks=["1"])


def test_pages_of_a_site_are_cached_by_default():
    """Or the tests above would show nothing."""
    assert not hasattr(django_settings, "CMS_PAGE_CACHE")
