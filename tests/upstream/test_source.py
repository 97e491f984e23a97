"""Django's source package, where it cannot be had."""

import os

import pytest

from tests.upstream import source


def test_a_download_that_fails_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(source.django, "__version__", "5.2.999")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(SystemExit) as stopped:
        source.django_tests()
    assert stopped.value.code == (
        "The source package of Django==5.2.999 cannot be downloaded; its tests did not run."
    )
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_is_there_is_not_downloaded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "KEPT", tmp_path)
    monkeypatch.setattr(source.django, "__version__", "5.2.999")
    (tmp_path / "django-5.2.999").mkdir()
    assert source.django_tests() == tmp_path / "django-5.2.999"
