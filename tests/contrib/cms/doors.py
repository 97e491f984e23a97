"""How a picture gets onto a page, and what its visitors get to see."""

import re
from urllib.parse import urlencode

from django.urls import reverse
from filer.models import Image

from tests.conftest import upload
from tests.contrib.cms.pictures.models import Picture
from tests.folders import public


def uploaded(admin_client):
    """By the widget of the plugin's form, which is the uploader of django-filer."""
    address = reverse("admin:filer-ajax_upload")
    answer = admin_client.post(address, {"file": upload("cat.jpg")})
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
