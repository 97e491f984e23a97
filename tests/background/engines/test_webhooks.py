"""Webhooks on real engines and in real processes: sent again, killed meanwhile, by many at once."""

import subprocess
from collections import Counter

import pytest

from tests.background.engines.processes import eventually, kill
from tests.telling.receiver import SECRET, receiving

pytest.importorskip("standardwebhooks")
RED, WHITE = "red", "white"
DELIVER = ("-m", "django", "nsfw_deliver")
AGE = (
    "from django.utils import timezone; from django_nsfw.models import Delivery;"
    "Delivery.objects.update(next_at=timezone.now())"
)
COUNT = (
    "from django_nsfw.models import Delivery;"
    "print(sorted(Delivery.objects.values_list('status', 'attempts')))"
)


def hooks(receiver):
    return {"NSFW_WEBHOOKS": [{"url": receiver.url, "secret": SECRET}]}


def rows(site):
    shell = site.manage("shell", "-c", COUNT)
    return eval(shell.stdout.strip().splitlines()[-1])  # noqa: S307 - our own words


def test_a_worker_delivers_and_sends_again(engine, build):
    times = {"lease": 20, "deadline": 600, "queue": engine.queue}
    with (
        receiving() as receiver,
        build(**engine.settings(), NSFW_BACKGROUND=times, **hooks(receiver)) as site,
    ):
        receiver.answers = [{"status": 503}]
        pk = site.upload(RED)
        assert receiver.requests == []  # nobody waits for a stranger
        with site.worker(engine.command()):
            assert site.settled(pk)["status"] == "held"
            eventually(lambda: len(receiver.requests) >= 1)
            if type(engine).__name__ == "TasksRQ":  # no rqworker --with-scheduler is there
                site.manage("shell", "-c", AGE)
                site.upload(RED)  # whoever delivers this takes along what is due
            eventually(lambda: Counter(receiver.ids)[receiver.ids[0]] == 2)
        held = [told["data"]["object"] for told in receiver.told if told["type"] == "image.held"]
        assert held.count(str(pk)) == 2


@pytest.fixture
def inline(build):
    """A site without an engine, where only the command delivers."""
    with receiving() as receiver, build(**hooks(receiver)) as site:
        yield site, receiver


def test_a_killed_command_loses_nothing(inline):
    site, receiver = inline
    receiver.answers = [{"after": 60, "status": 204}]
    site.upload(RED)
    with site.worker(DELIVER) as process:
        eventually(lambda: receiver.requests)
        kill(process)
    assert rows(site) == [("waiting", 1)]
    assert site.manage("nsfw_deliver").stdout == "Nothing is due.\n"  # it may be alive yet
    site.manage("shell", "-c", AGE)  # two minutes later
    done = site.manage("nsfw_deliver")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "delivered")
    assert rows(site) == [("delivered", 2)]
    assert receiver.ids[0] == receiver.ids[1]


def test_commands_at_the_same_time_send_each_message_once(inline):
    site, receiver = inline
    for _ in range(12):
        site.upload(RED)
    receiver.answers = [{"after": 0.1, "status": 204} for _ in range(12)]
    commands = [site._start(*DELIVER, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [command.wait(60) for command in commands] == [0, 0, 0]
    assert len(receiver.requests) == 12
    assert set(Counter(receiver.ids).values()) == {1}
    assert rows(site) == [("delivered", 1)] * 12
