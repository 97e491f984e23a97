"""Deciding about many where requests are transactions, where one fails, where the time is up, and
where the process ends in the middle."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connections
from django.db.models.signals import pre_save
from django.urls import resolve, reverse

from django_nsfw.admin import scan as admin_of_scans
from django_nsfw.admin.queue import bulk
from django_nsfw.decisions import approve
from django_nsfw.models import Decision
from django_nsfw.sweeping import sweep
from tests.folders import held as held_bodies
from tests.queue_pages.conftest import DECIDES, address, now

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

LIST = "admin:django_nsfw_scan_changelist"
LOG = "admin:django_nsfw_decision_changelist"
KNOWN = "admin:django_nsfw_knownimage_changelist"
LEFT = [
    "",
    "1 is left, and waits unchanged: one request may take only so long. Do it again.",
    "2 are left, and wait unchanged: one request may take only so long. Do it again.",
    "3 are left, and wait unchanged: one request may take only so long. Do it again.",
]
MANY = {"queue_bulk": (), "queue_bulk_undo": (), "queue_undo": (1,)}


@pytest.fixture
def mo(client, person):
    mo = person(*DECIDES, "bulk_scan", "undo_decision")
    client.force_login(mo)
    return mo


@pytest.fixture
def in_transactions(monkeypatch):
    """``ATOMIC_REQUESTS`` in every database."""
    for alias in connections:
        monkeypatch.setitem(connections[alias].settings_dict, "ATOMIC_REQUESTS", True)


@pytest.fixture
def fails():
    """Somebody's receiver raises when a decision about that scan is to be saved."""
    raised = {}

    def receiver(instance, **_):
        if error := raised.get(instance.scan_id):
            raise error

    pre_save.connect(receiver, sender=Decision)
    yield raised.__setitem__
    pre_save.disconnect(receiver, sender=Decision)


def statuses(scans) -> list[str]:
    return [now(scan).status for scan in scans]


def picked(scans) -> list[str]:
    return [f"{scan.pk}:{now(scan).version}" for scan in scans]


def text(response) -> str:
    body = response.content.decode().partition('<div class="nsfw-sheet">')[2]
    return " ".join(unescape(re.sub("<[^>]+>", " ", body)).split())


def sent_by(page, button) -> dict[str, list[str]]:
    """What the form with that button posts."""
    [form] = [form for form in page.text.split("<form")[1:] if f">{button}" in form]
    sent = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]):
        sent.setdefault(name, []).append(unescape(value))
    return sent


def decide(client, scans, **data):
    data = {"action": "approve", "picked": picked(scans), "confirmed": "1", **data}
    return client.post(address("queue_bulk"), data, follow=True)


def select(client, name, action, rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(name), data, follow=True)


@pytest.mark.parametrize(
    "url",
    [*(reverse(f"admin:django_nsfw_{v}", args=a) for v, a in MANY.items()),
     *map(reverse, (LIST, LOG, KNOWN))],
)  # fmt: skip
def test_no_request_about_many_is_one_transaction(url):
    assert resolve(url).func._non_atomic_requests == set(connections)


def test_others_are_left_as_the_site_has_them():
    assert not hasattr(resolve(address("queue_decide", 1)).func, "_non_atomic_requests")


def test_one_that_fails_keeps_neither_those_before_nor_those_after(
    client, mo, held, fails, in_transactions, caplog
):
    fails(held[1].pk, RuntimeError("a receiver of the site"))
    said = text(decide(client, held))
    assert statuses(held) == ["approved", "held", "approved", "approved"]
    assert said.startswith("3 were decided. 1 was refused.")
    assert (
        f"#{held[1].pk} photo {held[1].object_pk} – "
        "Something that nobody foresaw went wrong; the log has more."
    ) in said
    [logged] = [record for record in caplog.records if record.name.endswith("bulk")]
    assert str(logged.exc_info[1]) == "a receiver of the site"


@pytest.mark.parametrize("by", ["the queue", "the list"])
def test_a_process_that_ends_in_the_middle_keeps_what_was_decided(
    client, mo, held, fails, in_transactions, by
):
    """As a server ends a worker that takes too long. The rest waits unchanged, and whoever sends
    the same again decides about the rest alone."""
    scans = held if by == "the queue" else held[::-1]  # the newest is on top of the list
    versions = picked(scans)

    def send():
        if by == "the queue":
            return decide(client, scans, picked=versions)
        return select(client, LIST, "approve", scans)

    fails(scans[2].pk, SystemExit(1))
    with pytest.raises(SystemExit):
        send()
    assert statuses(scans) == ["approved", "approved", "held", "held"]
    assert len(held_bodies()) == 2
    assert list(sweep(older_than=timedelta(0))) == []  # nothing is left half done
    fails(scans[2].pk, None)
    answer = send()
    assert statuses(scans) == ["approved"] * 4
    assert held_bodies() == []
    made = Decision.objects.values_list("scan", "action", "moderator")
    assert sorted(made) == sorted((scan.pk, "approve", mo.pk) for scan in scans)
    if by == "the queue":
        assert text(answer).startswith("2 were decided. 2 were refused.")
        assert text(answer).count("It changed since you looked. mo approved it.") == 2


class TestWhenTheTimeIsUp:
    """None is begun any more; of each request at least one is decided."""

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch):
        monkeypatch.setattr(bulk, "PATIENCE", 0)
        monkeypatch.setattr(admin_of_scans, "PATIENCE", 0)

    def test_the_rest_is_counted_and_one_button_goes_on(self, client, mo, held):
        page = decide(client, held, note="all fine")
        for number in range(1, 4):
            assert statuses(held) == ["approved"] * number + ["held"] * (4 - number)
            rest = 4 - number
            assert (f"{rest} {'is' if rest == 1 else 'are'} left, and wait") in text(page)
            page = client.post(address("queue_bulk"), sent_by(page, "Go on"), follow=True)
        assert statuses(held) == ["approved"] * 4
        assert text(page).startswith("4 were decided. Back to the queue")
        made = Decision.objects.values_list("note", "batch")
        assert len(made) == 4
        assert len(set(made)) == 1  # taken back as one

    def test_what_was_refused_is_told_to_the_end(self, client, mo, held, fails):
        fails(held[0].pk, RuntimeError("a receiver of the site"))
        page = decide(client, held[:2])
        assert text(page).startswith("0 were decided. 1 was refused. 1 is left")
        page = client.post(address("queue_bulk"), sent_by(page, "Go on"), follow=True)
        assert text(page).startswith("1 was decided. 1 was refused. Back to the queue")

    def test_what_is_sent_twice_is_decided_once(self, client, mo, held):
        sent = sent_by(decide(client, held), "Go on")
        client.post(address("queue_bulk"), sent)
        page = client.post(address("queue_bulk"), sent, follow=True)
        assert text(page).startswith("2 were decided. 1 was refused. 2 are left")
        assert statuses(held) == ["approved", "approved", "held", "held"]

    def test_nobody_adds_to_a_batch_of_another(self, client, mo, held):
        decide(client, held[:1])
        [batch] = Decision.objects.values_list("batch", flat=True)
        client.logout()
        client.force_login(mo)  # another session
        decide(client, held[1:2], batch=str(batch))
        assert Decision.objects.values("batch").distinct().count() == 2

    def test_an_undo_says_what_is_left_and_goes_on_with_it(self, client, mo, held):
        batch = uuid.uuid4()
        for scan in held:
            approve(scan, moderator=mo, batch=batch)
        for number in range(1, 5):
            page = client.post(address("queue_bulk_undo"), {"batch": batch}, follow=True)
            assert statuses(held) == ["approved"] * (4 - number) + ["held"] * number
            said = [str(message) for message in page.context["messages"]]
            assert said[:-1] == [LEFT[4 - number]] * (number < 4)
            assert said[-1] == "1 decision was undone."

    def test_an_action_on_the_list_says_what_is_left(self, client, mo, held):
        page = select(client, LIST, "approve", held)
        assert [str(message) for message in page.context["messages"]] == [
            LEFT[3],
            "1 file was approved.",
        ]
        assert statuses(held) == ["held", "held", "held", "approved"]


def test_a_whole_list_is_read_a_part_at_a_time(client, mo, held, monkeypatch):
    monkeypatch.setattr(admin_of_scans, "MOST", 3)
    page = select(client, LIST, "reject", held)
    assert [str(message) for message in page.context["messages"]] == [
        "1 is left, and waits unchanged: one request may take only so long. Do it again.",
        "3 files were rejected.",
    ]
