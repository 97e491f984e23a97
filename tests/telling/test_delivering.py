"""Sending, and sending again: against a real server, with every way in which it can fail."""

import io
import json
import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from django_nsfw.models import Delivery, DisabledEndpoint, FieldAccess, Scan
from django_nsfw.webhooks import delivering, posting
from tests.background.post import Post
from tests.conftest import upload
from tests.host.models import Photo
from tests.telling.receiver import OTHER_SECRET, SECRET, receiving

pytestmark = pytest.mark.django_db(databases=["default", "second"])


@pytest.fixture
def happens(constant):
    constant.answer = 0.8

    def happens(number=1):
        for _ in range(number):
            Photo.objects.create(image=upload(seed=Photo.objects.count() + 1))

    return happens


def attempts():
    return list(delivering.deliver())


def due():
    Delivery.objects.update(next_at=timezone.now())


def test_a_message_arrives_once_and_is_signed(receiver, happens):
    happens()
    [attempt] = attempts()
    assert (attempt.status, attempt.code, attempt.attempts) == ("delivered", 204, 1)
    [(headers, told)] = receiver.requests
    scan = Scan.objects.get()
    assert told["type"] == "image.held"  # the reference library has verified it
    assert told["data"]["scan"] == scan.pk
    row = Delivery.objects.get()
    assert headers["webhook-id"] == row.message
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["content-type"] == "application/json"
    assert (row.status, row.answer_code, row.settled_at is not None) == ("delivered", 204, True)
    assert attempts() == []
    assert len(receiver.requests) == 1


def test_an_old_secret_is_good_while_it_is_exchanged(receiver, happens, settings):
    settings.NSFW_WEBHOOKS = [{"url": receiver.url, "secret": [OTHER_SECRET, SECRET]}]
    happens()
    attempts()
    assert receiver.told[0]["type"] == "image.held"


def test_another_secret_is_noticed(receiver, happens, settings):
    settings.NSFW_WEBHOOKS = [{"url": receiver.url, "secret": OTHER_SECRET}]
    happens()
    attempts()
    assert "No matching signature found" in receiver.told[0]


FAILURES = {
    "500": ({"status": 500, "body": b"oh\x00 no"}, 500, "oh\ufffd no"),
    "404": ({"status": 404}, 404, ""),
    "a redirect": ({"status": 302, "headers": {"Location": "/elsewhere"}}, 302, ""),
    "a redirect that keeps the method": (
        {"status": 308, "headers": {"Location": "/elsewhere"}}, 308, ""),
    "a long answer": ({"status": 503, "body": b"x" * 100_000}, 503, "x" * 200),
    "an answer too late": (
        {"status": 204, "after": 1.0}, None, "TimeoutError: no answer within 0.3 s"),
    "an answer that comes byte by byte": (
        {"status": 204, "slowly": 1.5}, None, "TimeoutError: no answer within 0.3 s"),
    "no answer": ({"after": 0.01}, None,
        "RemoteDisconnected: Remote end closed connection without response"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "code", "words"), FAILURES.values(), ids=FAILURES)
def test_what_fails_is_sent_again(receiver, happens, monkeypatch, answer, code, words):
    monkeypatch.setattr(posting, "TIMEOUT", 0.3)
    happens()
    receiver.answers = [answer]
    [attempt] = attempts()
    assert (attempt.status, attempt.code, attempt.answer) == ("waiting", code, words)
    assert 5 <= attempt.wait <= 5.5
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.answer_code, row.answer) == ("waiting", 1, code, words)
    assert timedelta(seconds=3) < row.next_at - timezone.now() < timedelta(seconds=6)
    assert attempts() == []  # not yet
    due()
    assert [attempt.status for attempt in attempts()] == ["delivered"]
    assert receiver.ids == [row.message] * 2
    assert receiver.told[0] == receiver.told[1]


def test_a_server_that_is_down(receiver, happens):
    happens()
    receiver.shutdown()
    receiver.server_close()
    [attempt] = attempts()
    assert attempt.status == "waiting"
    assert attempt.answer.startswith("ConnectionRefusedError: ")


def test_a_name_that_leads_nowhere(receiver, happens, settings):
    settings.NSFW_WEBHOOKS = [{"url": "https://nowhere.invalid/", "secret": SECRET}]
    happens()
    [attempt] = attempts()
    assert (attempt.status, attempt.code) == ("waiting", None)
    assert attempt.answer.startswith("gaierror: ")


def test_the_schedule_of_the_convention(receiver, happens):
    happens()
    receiver.answers = [{"status": 500}] * 10
    waits = []
    for _ in range(9):
        [attempt] = attempts()
        waits.append(attempt.wait)
        due()
    schedule = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for shortest, wait in zip(schedule, waits, strict=True):
        assert shortest <= wait <= shortest * 1.1
    [last] = attempts()
    assert (last.status, last.attempts) == ("failed", 10)
    due()
    assert attempts() == []
    assert delivering.retry_failed() == 1
    assert [attempt.status for attempt in attempts()] == ["delivered"]
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(
    ("asked", "wait"), [("120", 120), ("1", 5), ("99999999", 86400), ("soon", 5), ("-5", 5)]
)
def test_an_endpoint_may_ask_for_more_time(receiver, happens, asked, wait):
    happens()
    receiver.answers = [{"status": 429, "headers": {"Retry-After": asked}}]
    [attempt] = attempts()
    assert wait <= attempt.wait <= wait * 1.1


def test_410_ends_it_until_somebody_enables_it(receiver, happens):
    happens(2)
    receiver.answers = [{"status": 410}]
    assert [attempt.status for attempt in attempts()] == ["failed", "dropped"]
    assert DisabledEndpoint.objects.get().url == receiver.url
    happens()
    assert [(a.status, a.answer) for a in attempts()] == [("dropped", "The endpoint is disabled.")]
    assert len(receiver.requests) == 1
    call_command("nsfw_deliver", "--enable", receiver.url, stdout=io.StringIO())
    happens()
    assert [attempt.status for attempt in attempts()] == ["delivered"]


def test_what_left_the_setting_is_dropped(receiver, happens, settings):
    happens()
    settings.NSFW_WEBHOOKS = []
    [attempt] = attempts()
    assert (attempt.status, attempt.answer) == ("dropped", "No such endpoint any more.")


def test_an_endpoint_that_fails_does_not_keep_the_others(receiver, happens, settings):
    with receiving(OTHER_SECRET) as good:
        settings.NSFW_WEBHOOKS = [
            {"url": receiver.url, "secret": SECRET},
            {"url": good.url, "secret": OTHER_SECRET},
        ]
        happens(3)
        receiver.answers = [{"status": 500}] * 3
        statuses = [(a.url == good.url, a.status) for a in attempts()]
    assert sorted(statuses) == [(False, "waiting"), (True, "delivered"), (True, "delivered"),
                                (True, "delivered")]  # fmt: skip
    assert len(receiver.requests) == 1


def test_what_a_worker_took_and_died_over_is_taken_again_later(receiver, happens):
    happens()
    taken = delivering._take("default", set())
    assert attempts() == []
    Delivery.objects.update(next_at=timezone.now())  # two minutes later
    [attempt] = attempts()
    assert (attempt.status, attempt.attempts) == ("delivered", 2)
    # The first one was not dead but slow, and comes back:
    answer = posting.Answer(words="", code=500)
    delivering._settle(taken, "default", Delivery.Status.WAITING, answer, wait=5)
    assert Delivery.objects.get().status == "delivered"


def test_a_worker_asks_its_engine_to_come_back(receiver, happens, settings):
    settings.NSFW_RUNNER = "tests.telling.test_delivering.Engine"
    Engine.asked = []
    happens()
    Engine.asked = []
    receiver.answers = [{"status": 500}] * 3
    delivering.work()
    [soon] = Engine.asked
    assert 6 <= soon <= 6.6
    due()
    delivering.work()
    assert 301 <= Engine.asked[1] <= 331
    due()
    delivering.work()  # half an hour is too long for a message
    assert len(Engine.asked) == 2


class Engine(Post):
    background = False
    asked: list[float] = []

    def deliver(self, *, delay=0):
        self.asked.append(delay)


def run(*arguments):
    out, code = io.StringIO(), 0
    try:
        call_command("nsfw_deliver", *arguments, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, out.getvalue()


def test_the_command(receiver, happens):
    assert run() == (0, "Nothing is due.\n")
    happens(2)
    receiver.answers = [{}, {"status": 500, "body": b"oh"}]
    host = receiver.url.split("/")[2]
    code, said = run()
    assert code == 1
    assert re.fullmatch(
        f"delivered: image.held to {host}\n"
        rf"waiting: image.held to {host} \(attempt 1\): 500 oh; again in [56] s\n",
        said,
    )
    due()
    code, line = run("--format", "json")
    told = json.loads(line)
    assert code == 0
    assert told == {
        "message": receiver.ids[-1], "event": "image.held", "url": receiver.url,
        "status": "delivered", "attempts": 2, "code": 204, "answer": "", "wait": 0,
    }  # fmt: skip


def test_limit_and_retry_failed(receiver, happens):
    happens(3)
    run("--limit", "1")
    assert len(receiver.requests) == 1
    Delivery.objects.filter(status="waiting").update(status="failed", settled_at=timezone.now())
    assert run() == (0, "Nothing is due.\n")
    code, _ = run("--retry-failed")
    assert (code, len(receiver.requests)) == (0, 3)


def test_what_was_settled_long_ago_is_deleted(receiver, happens):
    happens(2)
    run("--limit", "1")
    Delivery.objects.filter(status="delivered").update(
        settled_at=timezone.now() - timedelta(days=8)
    )
    run("--limit", "0")
    assert Delivery.objects.count() == 2
    run("--limit", "0", "--keep-days", "7")
    assert Delivery.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--keep-days", "0"], "--keep-days must be 1 or more."),
        (["--enable", "https://x"], "No endpoint 'https://x' is disabled."),
    ],
)
def test_mistakes_on_the_command_line(receiver, arguments, complaint):
    with pytest.raises(CommandError) as error:
        call_command("nsfw_deliver", *arguments)
    assert str(error.value) == complaint


def test_a_wrong_setting_is_said(settings):
    settings.NSFW_WEBHOOKS = [{}]
    with pytest.raises(CommandError, match=r"NSFW_WEBHOOKS\[0\] needs a 'url'"):
        call_command("nsfw_deliver")


@pytest.mark.parametrize(
    ("permissions", "restricted", "status"),
    [([], False, 403), (["view_delivery"], False, 200), (["view_delivery"], True, 403)],
    ids=["nobody else", "whoever may see deliveries", "not who moderates some fields"],
)
def test_who_sees_the_log(client, receiver, happens, person, permissions, restricted, status):
    happens()
    receiver.answers = [{"status": 500, "body": b"<b>oh</b>"}]
    attempts()
    mo = person("mo", *permissions)
    if restricted:
        group = Group.objects.create(name="photos")
        FieldAccess.objects.create(group=group, field="host.Photo.image")
        mo.groups.add(group)
    client.force_login(mo)
    row = Delivery.objects.get()
    pages = [
        client.get(reverse("admin:django_nsfw_delivery_changelist")),
        client.get(reverse("admin:django_nsfw_delivery_change", args=[row.pk])),
    ]
    assert [page.status_code for page in pages] == [status, status]
    shown = "".join(page.content.decode() for page in pages)
    assert ("&lt;b&gt;oh&lt;/b&gt;" in shown) == (status == 200)
    assert "for=us" not in shown  # what is behind the host may be a secret
    assert "<b>oh" not in shown
