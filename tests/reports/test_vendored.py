"""The library of charts is the one that its page names, and can be collected with hashed names."""

import hashlib
import re
from pathlib import Path

from django.core.management import call_command

import django_nsfw

CHARTS = Path(django_nsfw.__file__).parent / "static" / "django_nsfw" / "vendor" / "chartjs"


def test_it_is_the_version_that_the_page_beside_it_names():
    script = (CHARTS / "chart.umd.min.js").read_bytes()
    said = (CHARTS / "README.md").read_text()
    [version] = re.findall(r"^# Chart\.js (.+)$", said, re.M)
    assert f"Chart.js v{version}".encode() in script[:200]
    assert re.findall(r"`([0-9a-f]{64})`", said) == [hashlib.sha256(script).hexdigest()]
    assert "The MIT License" in (CHARTS / "LICENSE.md").read_text()


def test_static_files_with_hashed_names_can_be_collected(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        },
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    found = [path.name for path in tmp_path.glob("django_nsfw/vendor/chartjs/chart.umd.min.*.js")]
    assert len(found) == 1
