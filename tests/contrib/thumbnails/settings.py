"""A site that makes thumbnails with easy-thumbnails and with sorl-thumbnail, of the same fields."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, STORAGES, TEMPLATES

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "easy_thumbnails",
    "sorl.thumbnail",
    "django_nsfw.contrib.easy_thumbnails",
    "django_nsfw.contrib.sorl_thumbnail",
]
TEMPLATES[0]["OPTIONS"]["libraries"] = {  # both call theirs "thumbnail"
    "easy": "easy_thumbnails.templatetags.thumbnail",
    "sorl": "sorl.thumbnail.templatetags.thumbnail",
}
STORAGES = STORAGES | {"elsewhere": {"BACKEND": "tests.contrib.thumbnails.storages.Elsewhere"}}
