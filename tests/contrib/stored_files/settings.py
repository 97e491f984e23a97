"""A site that saves files without any model, in two moderated storages beside the usual one."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, NSFW_FIELDS, STORAGES

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_nsfw.contrib.stored_files",
    "tests.contrib.stored_files.site",
]
ROOT_URLCONF = "tests.contrib.stored_files.urls"
STORAGES = STORAGES | {
    "editors": {
        "BACKEND": "tests.contrib.stored_files.storages.EditorsStorage",
        "OPTIONS": {"policy": {"reject": 0.95}},
    },
    "papers": {
        "BACKEND": "tests.contrib.stored_files.storages.PapersStorage",
        "OPTIONS": {"policy": {"other_files": "allow", "review": 0.3}},
    },
}
NSFW_FIELDS = NSFW_FIELDS | {"site.Note.attachment": None}
