"""A site whose staff writes texts with CKEditor 5 and with TinyMCE, set up as the page says."""

from django.urls import reverse_lazy

from tests.contrib.stored_files.settings import *  # noqa: F403
from tests.contrib.stored_files.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "django_ckeditor_5", "tinymce", "tests.contrib.editors.texts"]
MIDDLEWARE = [
    "tests.one_at_a_time.one_at_a_time",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "tests.contrib.editors.urls"
STORAGES = {k: v for k, v in STORAGES.items() if k != "papers"}
CK_EDITOR_5_UPLOAD_FILE_VIEW_NAME = "ckeditor_upload"
CKEDITOR_5_CONFIGS = {"default": {"toolbar": ["bold", "italic", "imageUpload"]}}
TINYMCE_DEFAULT_CONFIG = {
    "height": 260,
    "plugins": "image",
    "toolbar": "bold italic image",
    "license_key": "gpl",
    "convert_urls": False,
    "paste_data_images": True,
    "images_upload_url": reverse_lazy("tinymce_upload"),
    "images_upload_handler": "nsfwUploadToTinyMCE",
}
TINYMCE_EXTRA_MEDIA = {"js": ["nsfw_stored_files/tinymce.js"]}
