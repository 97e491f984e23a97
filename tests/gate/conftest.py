import pytest

from tests.host.storages import RecordingStorage


@pytest.fixture(autouse=True)
def media(settings):
    """The site's storage keeps a copy of every body it was ever given."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tests.host.storages.RecordingStorage"},
    }
    RecordingStorage.received = []
    return RecordingStorage


@pytest.fixture
def explicit(constant):
    """The detector takes every picture for explicit: all are held, none rejected."""
    constant.answer = 0.8
    return constant
