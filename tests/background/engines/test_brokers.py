"""Brokers that are down, silent, or away for a moment: uploads do not wait for them."""

import pytest

from tests.background.engines.conftest import present
from tests.background.engines.engines import CeleryRabbitMQ, CeleryRedis
from tests.background.engines.line import Line
from tests.background.engines.processes import eventually


@pytest.fixture(scope="module", params=[CeleryRedis, CeleryRabbitMQ], ids=lambda cls: cls.__name__)
def engine(request):
    engine = present(request.param)
    yield engine
    engine.clean()


@pytest.fixture(scope="module")
def line(engine):
    line = Line(engine.port)
    yield line
    line.cut()


@pytest.fixture(scope="module")
def site(engine, line, build):
    settings = engine.settings(port=line.port) | {"CELERY_BROKER_CONNECTION_TIMEOUT": 1}
    times = {"lease": 1, "deadline": 600, "queue": engine.queue}
    limits = {"timeout": 0.9}  # below the lease
    with build(**settings, NSFW_BACKGROUND=times, NSFW_LIMITS=limits) as site:
        yield site


def test_an_upload_outlives_a_broker_that_is_down(engine, line, site):
    line.cut()
    photo, other = site.upload("white"), site.upload("white")
    state = site.look(photo)
    assert (state["status"], state["in quarantine"]) == ("pending", True)
    assert "was not sent to a worker" in site.log
    assert "Connection refused" in site.log
    # Once they are taken for lost; with the first one the sweep gives up.
    eventually(lambda: site.ask("sweep") == ["failed"])
    line.mend()
    eventually(lambda: site.ask("sweep") == ["sent again"] * 2)
    with site.worker(engine.command()):
        state = site.settled(photo)
        assert site.settled(other)["status"] == "clear"
    assert (state["status"], state["original is public"], state["attempts"]) == ("clear", True, 1)


def test_a_broker_that_came_back_is_not_missed(engine, line, site):
    """A connection is open, and stale: the next upload is sent all the same."""
    line.mend()
    eventually(lambda: site.upload("white"))
    before = engine.waiting()
    line.mend()
    photo = site.upload("white")
    assert engine.waiting() == before + 1
    assert site.look(photo)["status"] == "pending"


def test_a_broker_that_is_silent_is_not_waited_for(line, site):
    """Celery alone waits for a silent Redis without end."""
    line.silence()
    photo = site.upload("white")
    assert site.look(photo)["status"] == "pending"
    assert "timed out" in site.log.lower() or "Timeout" in site.log
    assert "is not asked again" not in site.log
    site.upload("white")  # nor once more with each picture of a request
    assert "is not asked again" in site.log
