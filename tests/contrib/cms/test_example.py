"""The example with django CMS: a page of its own template, and a picture in its text."""

from tests.conftest import encode, mistaken
from tests.example.conftest import Example

PAGE = """
from pathlib import Path
from cms.api import add_plugin, create_page
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from filer.models import Image

def shown():
    html = Client(SERVER_NAME="localhost").get(page.get_absolute_url("en")).content.decode()
    return Image.objects.get().url in html

mo = get_user_model().objects.create_superuser("mo")
page = create_page("Cats", "gallery/page.html", "en", slug="cats", created_by=mo)
file = SimpleUploadedFile("mistaken.png", Path(FILE).read_bytes())
image = Image.objects.create(original_filename="mistaken.png", file=file, owner=mo)
content = page.get_placeholders("en").get(slot="content")
body = f'<img src="{image.url}" data-cms-src="filer.image:{image.pk}">'
add_plugin(content, "TextPlugin", "en", body=body)
print(page.get_absolute_url("en"), Scan.objects.get().status, shown())
approve(Scan.objects.get(), moderator=mo)
print(shown())
"""


def test_a_page_shows_a_picture_once_it_is_approved(tmp_path):
    example = Example(tmp_path)
    example.environment["NSFW_HOSTS"] = "cms"
    assert example.manage("migrate", "--verbosity", "0").returncode == 0
    picture = tmp_path / "mistaken.png"
    picture.write_bytes(encode(mistaken(seed=18), "PNG"))
    code = PAGE.replace("FILE", repr(str(picture)))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["/pages/cats/ held True", "True"]
