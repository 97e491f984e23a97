"""An app whose host is missing says so at the start."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured


@pytest.mark.parametrize(
    ("label", "missing"),
    [("easy_thumbnails", "easy_thumbnails"), ("sorl_thumbnail", "sorl.thumbnail")],
)
def test_what_it_needs_is_named(monkeypatch, label, missing):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != missing)
    with pytest.raises(ImproperlyConfigured) as error:
        apps.get_app_config(f"nsfw_{label}").ready()
    assert str(error.value) == f"django_nsfw.contrib.{label} needs '{missing}' in INSTALLED_APPS."
