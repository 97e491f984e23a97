"""Those of Django's own tests on SQLite; with ``UPSTREAM_WITH_APP`` this app is installed, too.

``runtests.py`` has its own list of what is always installed, and puts it in the place of what
settings say. Which fields there are to watch is known when the apps of the tests are loaded, see
:class:`tests.upstream.watching.Runner`.
"""

import os
import sys
from pathlib import Path

from test_sqlite import *  # noqa: F403

TEST_RUNNER = "tests.upstream.watching.Runner"

if os.environ.get("UPSTREAM_WITH_APP"):
    sys.modules["__main__"].ALWAYS_INSTALLED_APPS.append("django_nsfw")
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": Path(os.environ["UPSTREAM_DATA"]) / "quarantine",
                "file_permissions_mode": 0o600,
            },
        },
    }
    NSFW_DETECTORS = {"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}}
    # They store texts that are called pictures, and pictures without an extension.
    NSFW_POLICY = {"other_files": "allow", "on_error": "allow"}
