"""A stored file of which several hear at the same moment, each on a connection of their own."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.quarantine.rows import Row
from django_nsfw.stored import scan_stored
from django_nsfw.sweeping import sweep
from tests.conftest import picture
from tests.engines.test_concurrency import PATIENCE, SOON, Elsewhere, together
from tests.folders import held, journalled, public
from tests.host.models import Avatar

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "second"]),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="SQLite has one writer at a time; tests/test_stored.py has its races in one thread",
    ),
]

BODY, OTHER = picture(seed=81), picture(seed=82)
NAME = "photos/a.jpg"


@pytest.fixture
def row(constant):
    constant.answer = 0.8
    avatar = Avatar.objects.create(image=NAME)
    default_storage.save(NAME, ContentFile(BODY))
    return Row(Avatar._meta.get_field("image"), str(avatar.pk), "default")


def arrives(row):
    """As the event of a bucket says it."""
    return lambda: scan_stored(row, again=False)


@pytest.mark.parametrize("answer", [0.1, 0.8], ids=["clear", "held"])
def test_an_event_that_comes_four_times_at_once(row, constant, answer):
    constant.answer = answer
    status = "clear" if answer < 0.5 else "held"
    found = together(*[arrives(row)] * 4)
    scan = Scan.objects.exclude(status="superseded").get()
    assert scan.status == status
    assert {each.pk for each in found} == {scan.pk}
    assert row.name() == scan.name
    assert (held(), journalled()) == ([BODY] if status == "held" else [], [])
    assert list(public()) == [scan.name]
    assert list(sweep(older_than=SOON, verify=True)) == []


@pytest.fixture
def scan(row, constant):
    """Of what is public, and waits for a moderator."""
    constant.answer = 0.1
    scan_stored(row)
    Scan.objects.update(status="flagged")
    return Scan.objects.get()


@pytest.fixture
def decided(scan):
    """A decision that is not committed yet."""
    return lambda verb: Elsewhere(lambda: verb(scan, moderator=None))


WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND datname = current_database()",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}


@pytest.fixture
def while_it_waits():
    """What an event gives that comes while ``moderator`` holds the row, until that commits."""

    def meet(row, moderator):
        with ThreadPoolExecutor(1) as pool, connection.cursor() as cursor:
            event = pool.submit(together, arrives(row))
            until = time.monotonic() + PATIENCE
            waiting = 0
            while not waiting:
                assert time.monotonic() < until
                time.sleep(0.15)  # MariaDB repeats its answer to who asks within 0.1 s
                cursor.execute(WAITING[connection.vendor])
                [waiting] = cursor.fetchone()
            moderator.finish()
            return event.result(PATIENCE)[0]

    return meet


def put(body):
    default_storage.delete(NAME)
    default_storage.save(NAME, ContentFile(body))


def test_an_event_while_a_moderator_takes_the_file_down_changes_nothing(row, decided):
    moderator = decided(reject)
    assert arrives(row)().status == "flagged"  # as it is until that commits
    moderator.finish()
    scan = Scan.objects.get()
    assert arrives(row)() == scan
    assert (scan.status, list(public())) == ("rejected", [row.name()])
    assert held() == [BODY]


def test_an_event_of_other_bytes_waits_for_the_moderator(row, decided, constant, while_it_waits):
    moderator = decided(reject)
    put(OTHER)
    constant.answer = 0.8
    found = while_it_waits(row, moderator)
    scan = Scan.objects.get()
    assert (found, scan.status, row.name()) == (scan, "rejected", scan.name)
    assert (held(), list(public())) == ([BODY], [scan.name])


def test_other_bytes_under_what_is_being_approved_are_held(row, decided, constant, while_it_waits):
    moderator = decided(approve)
    put(OTHER)
    constant.answer = 0.8
    found = while_it_waits(row, moderator)
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "held"]
    assert (found.name, held(), list(public())) == (row.name(), [OTHER], [row.name()])


@pytest.mark.parametrize("verb", [approve, reject])
def test_a_decision_and_an_event_at_once(row, scan, verb):
    decision, event = together(lambda: verb(scan, moderator=None), arrives(row))
    assert decision.action == verb.__name__
    assert event == Scan.objects.get() == scan
    assert (held(), journalled()) == ([BODY] if verb is reject else [], [])
    assert list(public()) == [row.name()]
