"""django-filer as its users have it: public and private files, thumbnails, its admin."""

from django_nsfw.contrib.filer import VALIDATORS
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "easy_thumbnails",
    "filer",
    "django_nsfw.contrib.easy_thumbnails",
    "django_nsfw.contrib.filer",
]
MIDDLEWARE = ["tests.one_at_a_time.one_at_a_time", *MIDDLEWARE]
ROOT_URLCONF = "tests.contrib.filer.urls"
THUMBNAIL_PROCESSORS = (
    "easy_thumbnails.processors.colorspace",
    "easy_thumbnails.processors.autocrop",
    "filer.thumbnail_processors.scale_and_crop_with_subject_location",
    "easy_thumbnails.processors.filters",
)
FILER_ENABLE_PERMISSIONS = True
FILER_ADD_FILE_VALIDATORS = VALIDATORS
NSFW_FIELDS = {"filer.File.file": {"reject": 0.95, "uploader": "owner", "other_files": "allow"}}
