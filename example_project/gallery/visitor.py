"""A visitor who fills in the upload form: reads the page, sends its token back with the file."""

import html
import re

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from .models import Photo
from .pictures import Picture

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_ERRORS = re.compile(r'<ul class="errorlist"[^>]*>(.*?)</ul>', re.DOTALL)


class Refused(Exception):
    """The form came back; the text is what it says."""


class Visitor:
    """Goes through URLs, middleware, CSRF check, view and form, as a browser would."""

    def __init__(self, user: User) -> None:
        self._client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
        self._client.force_login(user)

    def upload(self, picture: Picture) -> Photo:
        """The photo that the upload made. Raises ``Refused`` with the form's message."""
        url = reverse("gallery:upload")
        newest = Photo.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        token = _TOKEN.search(self._client.get(url).content.decode())
        response = self._client.post(
            url,
            {
                "csrfmiddlewaretoken": token.group(1) if token else "",
                "title": picture.title,
                "image": SimpleUploadedFile(picture.name, picture.body),
            },
        )
        if response.status_code == 302:
            return Photo.objects.filter(pk__gt=newest, title=picture.title).latest("pk")
        page = response.content.decode()
        errors = " ".join(strip_tags(found).strip() for found in _ERRORS.findall(page))
        raise Refused(html.unescape(errors) or f"HTTP status {response.status_code}")
