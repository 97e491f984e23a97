"""Those of Wagtail's own tests; with ``UPSTREAM_WITH_APP`` this app watches what it stores."""

import os
from pathlib import Path

from wagtail.test.settings import *  # noqa: F403
from wagtail.test.settings import INSTALLED_APPS, STORAGES

_ROOT = Path(os.environ["UPSTREAM_DATA"])
MEDIA_ROOT = str(_ROOT / "media")  # theirs would lie beside their code
STATIC_ROOT = str(_ROOT / "static")

if os.environ.get("UPSTREAM_WITH_APP"):
    INSTALLED_APPS = [*INSTALLED_APPS, "django_nsfw", "django_nsfw.contrib.wagtail"]
    STORAGES = {
        **STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": _ROOT / "quarantine", "file_permissions_mode": 0o600},
        },
    }
    WAGTAILIMAGES_IMAGE_FORM_BASE = "django_nsfw.contrib.wagtail.forms.ImageForm"
    WAGTAILDOCS_DOCUMENT_FORM_BASE = "django_nsfw.contrib.wagtail.forms.DocumentForm"
    NSFW_DETECTORS = {"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}}
    # They store drawings, files without an extension and texts that are called pictures.
    NSFW_POLICY = {"on_error": "allow"}
    NSFW_FIELDS = {
        "wagtailimages.Image.file": {"uploader": "uploaded_by_user"},
        "wagtaildocs.Document.file": {"uploader": "uploaded_by_user", "other_files": "allow"},
    }
