"""The same site with image and document models, and a form, of its own."""

from tests.contrib.wagtail.settings import *  # noqa: F403
from tests.contrib.wagtail.settings import INSTALLED_APPS, NSFW_FIELDS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.contrib.wagtail_custom.pictures"]
WAGTAILIMAGES_IMAGE_MODEL = "pictures.Picture"
WAGTAILDOCS_DOCUMENT_MODEL = "pictures.Paper"
WAGTAILIMAGES_IMAGE_FORM_BASE = "tests.contrib.wagtail_custom.forms.PictureForm"
NSFW_FIELDS = {
    **NSFW_FIELDS,
    "pictures.Picture.file": {"uploader": "uploaded_by_user", "reject": 0.9},
    "pictures.PictureRendition.file": None,
    "pictures.Paper.file": {"uploader": "uploaded_by_user", "other_files": "allow"},
}
