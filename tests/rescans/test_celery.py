"""A rescan on Celery: real workers, a real broker, one of them killed in the middle."""

import socket

import pytest

from django_nsfw.models import Chunk, Run
from tests.rescans.conftest import fill
from tests.rescans.site import kill
from tests.rescans.test_processes import all_are_scanned

pytest.importorskip("celery")

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BROKERS = {
    "Redis": ("redis://127.0.0.1:6379/9", 6379),
    "RabbitMQ": ("amqp://guest:guest@127.0.0.1:5672//", 5672),
}


@pytest.fixture(params=BROKERS)
def broker(request):
    url, port = BROKERS[request.param]
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)):
            pytest.skip(f"{request.param} does not answer")
    return url


def test_workers_share_a_run_and_finish_what_a_killed_one_had(site, broker):
    fill(80)
    site.pace(0.03)
    with site.celery(3, broker) as workers:
        code, out, err = site.run("host.Photo", "--enqueue", "--workers", "3", "--batch-size", "5")
        assert code == 0, err
        assert "is with the workers of CeleryRunner, 3 at once." in out
        site.wait_until(lambda: len(site.seen()) >= 15)
        kill(workers[0].pid)
        site.wait_until(lambda: Run.objects.get().status == "finished")
    all_are_scanned(80)
    assert Chunk.objects.filter(status="failed").count() == 0
    assert Chunk.objects.values("worker").distinct().count() > 3, "each chunk names who did it"
    assert max(site.seen().values()) <= 2, "only what the killed one was at was scored again"
    assert sum(site.seen().values()) <= 85
