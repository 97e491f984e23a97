"""What visitors of a page get to see of a picture, from the upload of an editor to the decision."""

import pytest
from cms.api import add_plugin
from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.contrib.cms.caches import forget_pages
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture
from tests.contrib.cms.doors import add_to, seen_by, uploaded
from tests.folders import held, public

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()


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


def test_what_it_needs_is_named_at_the_start(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "cms")
    with pytest.raises(ImproperlyConfigured) as error:
        apps.get_app_config("nsfw_cms").ready()
    assert str(error.value) == "django_nsfw.contrib.cms needs 'cms' in INSTALLED_APPS."
