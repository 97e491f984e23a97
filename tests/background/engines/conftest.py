import os
from contextlib import contextmanager

import pytest
from django.conf import settings

from tests.background.engines.engines import ENGINES, CeleryRabbitMQ, CeleryRedis, TasksDB
from tests.background.engines.processes import Site, database

ON_SERVERS = {
    "django.db.backends.postgresql": (TasksDB, CeleryRabbitMQ),
    "django.db.backends.mysql": (TasksDB, CeleryRedis),
}
"""Every engine runs on SQLite, and on each server the one that is made of its tables and another:
what passes through a broker is the same whatever stands behind."""


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    with database(tmp_path_factory.mktemp("template")) as template:
        yield template


@pytest.fixture(scope="module")
def build(template, tmp_path_factory):
    """Makes sites, as context managers."""

    @contextmanager
    def make(**settings):
        site = Site(tmp_path_factory.mktemp("site") / "data", template, **settings)
        try:
            site.ask("empty")
            yield site
        finally:
            site.close()

    return make


def present(cls):
    """An engine. Where it cannot run the test is left out; with CI=true it fails."""
    if absent := cls.absent():
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI=true and {absent}", pytrace=False)
        pytest.skip(f"left out, {absent}")
    return cls()


@pytest.fixture(
    scope="module",
    params=ON_SERVERS.get(settings.DATABASES["default"]["ENGINE"], ENGINES),
    ids=lambda cls: cls.__name__,
)
def engine(request):
    engine = present(request.param)
    yield engine
    engine.clean()
