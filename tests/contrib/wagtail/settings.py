"""A site with Wagtail, its API and its own image model, as ``wagtail start`` makes one."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE, NSFW_FIELDS

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_nsfw.contrib.wagtail",
    "wagtail.contrib.frontend_cache",
    "wagtail.users",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.sites",
    "wagtail.admin",
    "wagtail.api.v2",
    "wagtail.api.v3",
    "wagtail",
    "ninja",
    "taggit",
    "modelcluster",
    "django_filters",
]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", *MIDDLEWARE]
ROOT_URLCONF = "tests.contrib.wagtail.urls"
WAGTAIL_SITE_NAME = "Tests"
WAGTAILADMIN_BASE_URL = "http://testserver"
WAGTAILIMAGES_IMAGE_FORM_BASE = "django_nsfw.contrib.wagtail.forms.ImageForm"
WAGTAILDOCS_DOCUMENT_FORM_BASE = "django_nsfw.contrib.wagtail.forms.DocumentForm"
NSFW_FIELDS = {
    **NSFW_FIELDS,
    "wagtailimages.Image.file": {"uploader": "uploaded_by_user"},
    "wagtailimages.Rendition.file": None,
    "wagtaildocs.Document.file": {"uploader": "uploaded_by_user", "other_files": "allow"},
    "wagtailusers.UserProfile.avatar": {"uploader": "user"},
}
# Their tables without their history of 150 steps; what these would fill in is in conftest.py.
MIGRATION_MODULES = dict.fromkeys(
    [
        "taggit", "wagtailadmin", "wagtailcore", "wagtaildocs", "wagtailembeds", "wagtailimages",
        "wagtailsearch", "wagtailusers",
    ]
)  # fmt: skip
