"""The digest: who is told what, in which words, and what happens when a mail cannot be sent."""

import io
import json
import re
from datetime import timedelta

import django
import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_nsfw.decisions import escalate
from django_nsfw.models import Claim, DigestSent, FieldAccess, Scan
from tests.conftest import upload
from tests.host.models import Asset, Photo
from tests.telling.post_office import post_office

pytestmark = pytest.mark.django_db(databases=["default", "second"])


@pytest.fixture(autouse=True)
def site(settings):
    settings.NSFW_REVIEW = {"base_url": "https://photos.example.org/"}


@pytest.fixture
def waiting(constant):
    """Two held photos, the older from five hours ago, and a flagged asset."""
    constant.answer = 0.8
    photos = [Photo.objects.create(image=upload(seed=seed)) for seed in (1, 2)]
    asset = Asset.objects.create(file=upload(seed=3))
    scans = {scan.object_pk: scan for scan in Scan.objects.filter(field="host.Photo.image")}
    old = scans[str(photos[0].pk)]
    Scan.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=5))
    Scan.objects.filter(field="host.Asset.file", object_pk=asset.pk).update(status="flagged")
    return old


def digest(*arguments):
    out = io.StringIO()
    call_command("nsfw_digest", *arguments, stdout=out)
    return out.getvalue()


def test_a_moderator_is_told_what_waits(waiting, person):
    mo = person("mo", "approve_scan")
    assert digest() == "mo@example.org: 3 waiting, 0 overdue, 0 without a score\n"
    [letter] = mail.outbox
    assert letter.to == ["mo@example.org"]
    assert letter.subject == "3 pictures wait for review"
    assert letter.message()["Auto-Submitted"] == "auto-generated"
    assert letter.message()["X-Auto-Response-Suppress"] == "All"
    text = letter.body.replace("\xa0", " ")
    assert text == (
        "3 pictures wait for review.\n\n"
        "The oldest one has waited for 5 hours.\n\n"
        "host.Asset.file\n"
        "  held: 0, public: 1, oldest: 0 minutes\n"
        f"  {QUEUE}?field=host.Asset.file\n\n"
        "host.Photo.image\n"
        "  held: 2, public: 0, oldest: 5 hours\n"
        f"  {QUEUE}?field=host.Photo.image\n\n"
        f"The queue: {QUEUE}\n"
    )
    [(html, kind)] = letter.alternatives
    assert kind == "text/html"
    assert f'<a href="{QUEUE}?field=host.Photo.image">host.Photo.image</a>' in html
    assert f'<a href="{QUEUE}">Go to the queue</a>' in html
    assert re.findall("<img|<script|<style|src=|style=", html) == []
    assert DigestSent.objects.get().user == mo


QUEUE = "https://photos.example.org/admin/django_nsfw/scan/queue/"


@pytest.mark.parametrize(
    ("permissions", "fields"),
    [
        (["view_scan"], {}),
        (["approve_scan"], {"is_staff": False}),
        (["approve_scan"], {"is_active": False}),
        (["approve_scan"], {"email": ""}),
    ],
    ids=["may only see", "is no staff", "is not active", "has no address"],
)
def test_nobody_is_told_who(waiting, person, permissions, fields):
    person("mo", *permissions, **fields)
    assert digest() == "Nobody has anything waiting.\n"
    assert mail.outbox == []


def test_whoever_may_only_reject_is_told_and_so_is_a_superuser(waiting, person):
    person("mo", "reject_scan")
    person("root", is_superuser=True)
    digest()
    assert [letter.to for letter in mail.outbox] == [["mo@example.org"], ["root@example.org"]]


def test_each_is_told_of_the_fields_that_they_may_moderate(waiting, person):
    group = Group.objects.create(name="photos")
    FieldAccess.objects.create(group=group, field="host.Photo.image")
    person("mo", "approve_scan").groups.add(group)
    digest()
    [letter] = mail.outbox
    assert letter.subject == "2 pictures wait for review"
    assert "host.Asset.file" not in letter.body + letter.alternatives[0][0]


def test_nothing_is_sent_when_nothing_waits_unless_asked_for(constant, person):
    person("mo", "approve_scan")
    assert digest() == "Nobody has anything waiting.\n"
    assert mail.outbox == []
    assert digest("--always") == "mo@example.org: 0 waiting, 0 overdue, 0 without a score\n"
    assert mail.outbox[0].subject == "No picture waits for review"
    assert mail.outbox[0].body == f"No picture waits for review.\n\nThe queue: {QUEUE}\n"


def test_claimed_and_escalated_ones_are_counted(waiting, person):
    mo = person("mo", "approve_scan")
    escalate(waiting, moderator=mo)
    now = timezone.now()
    Claim.objects.create(scan=waiting, user=mo, user_name="mo", until=now + timedelta(minutes=5))
    other = Scan.objects.exclude(pk=waiting.pk).filter(status="held").get()
    Claim.objects.create(scan=other, user=mo, user_name="mo", until=now - timedelta(minutes=1))
    digest()
    assert "1 of them is open before a moderator.\n1 of them is escalated.\n" in mail.outbox[0].body


def test_errors_since_the_last_digest_and_overdue_uploads(broken, person):
    mo = person("mo", "approve_scan")
    Asset.objects.create(file=upload("words.png", b"no picture"))  # not the detector's fault
    [words] = Scan.objects.all()
    Scan.objects.filter(pk=words.pk).update(status="rejected")
    Photo.objects.create(image=upload())
    Scan.objects.exclude(pk=words.pk).update(status="approved")
    assert digest() == "mo@example.org: 0 waiting, 0 overdue, 1 without a score\n"
    assert mail.outbox[0].subject == "Pictures could not be scored"
    assert "1 upload since" in mail.outbox[0].body
    assert digest() == "Nobody has anything waiting.\n"  # it was told

    DigestSent.objects.filter(user=mo).update(sent_at=timezone.now() - timedelta(days=3))
    long_ago = timezone.now() - timedelta(hours=2)
    Scan.objects.exclude(pk=words.pk).update(status="unscored", error_code="", created_at=long_ago)
    assert digest() == "mo@example.org: 0 waiting, 1 overdue, 0 without a score\n"
    assert "1 upload is overdue: no worker has scored it." in mail.outbox[1].body


def test_a_dry_run_sends_nothing_and_remembers_nothing(waiting, person):
    person("mo", "approve_scan")
    assert digest("--dry-run") == (
        "mo@example.org: 3 waiting, 0 overdue, 0 without a score\nNothing was sent (--dry-run).\n"
    )
    assert mail.outbox == []
    assert not DigestSent.objects.exists()


def test_json_is_one_object_a_line(waiting, person):
    person("mo", "approve_scan")
    [line] = digest("--format", "json").splitlines()
    told = json.loads(line)
    assert told.pop("since") < told["oldest"] == waiting_since(waiting)
    assert told == {
        "to": "mo@example.org", "sent": True, "error": "", "waiting": 3, "escalated": 0,
        "claimed": 0, "overdue": 0, "errors": 0, "oldest": waiting_since(waiting),
        "fields": {"host.Asset.file": 1, "host.Photo.image": 2},
    }  # fmt: skip


def waiting_since(scan):
    return Scan.objects.get(pk=scan.pk).created_at.isoformat()


def test_to_names_who_is_told_in_place_of_all(waiting, person):
    group = Group.objects.create(name="photos")
    FieldAccess.objects.create(group=group, field="host.Photo.image")
    person("mo", "approve_scan").groups.add(group)
    person("max", "approve_scan")
    digest("--to", "MO@example.org", "--to", "team@example.org")
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["mo@example.org"], "2 pictures wait for review"),
        (["team@example.org"], "3 pictures wait for review"),
    ]


@pytest.mark.parametrize(
    ("language", "option", "sentence"),
    [("de", [], "vor"), ("en", ["--language", "de"], "Stunden")],
    ids=["of the site", "of the option"],
)
def test_the_language_of_a_mail(waiting, person, settings, language, option, sentence):
    settings.LANGUAGE_CODE = language
    person("mo", "approve_scan")
    digest(*option)
    assert '<html lang="de">' in mail.outbox[0].alternatives[0][0]
    assert "5\xa0Stunden" in mail.outbox[0].body  # Django's own catalogue has that


def test_without_an_address_of_the_site_there_are_no_links(waiting, person, settings):
    settings.NSFW_REVIEW = {}
    person("mo", "approve_scan")
    digest()
    assert "http" not in mail.outbox[0].body
    assert "href" not in mail.outbox[0].alternatives[0][0]
    digest("--base-url", "http://other.example.org")
    assert "http://other.example.org/admin/" in mail.outbox[1].body


@pytest.mark.parametrize("url", ["photos.example.org", "ftp://x", "https://x/?a", "https://"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(waiting, person, url):
    person("mo", "approve_scan")
    with pytest.raises(CommandError) as error:
        digest("--base-url", url)
    assert str(error.value) == (
        f"The address of the site must be one such as https://example.org, not {url!r}."
    )
    assert mail.outbox == []


def test_an_address_that_fails_does_not_keep_the_others(waiting, person, settings):
    for name in ("ada", "bob", "cleo"):
        person(name, "approve_scan")
    out = io.StringIO()
    with post_office("bob@example.org") as office:
        _send_to(office.server_address[1], settings)
        with pytest.raises(SystemExit) as ended:
            call_command("nsfw_digest", stdout=out)
    assert ended.value.code == 1
    assert [to for to, _ in office.letters] == [["ada@example.org"], ["cleo@example.org"]]
    assert office.letters[0][1]["Auto-Submitted"] == "auto-generated"
    assert out.getvalue().splitlines() == [
        "ada@example.org: 3 waiting, 0 overdue, 0 without a score",
        "failed: bob@example.org: SMTPRecipientsRefused: {'bob@example.org': "
        "(550, b'no such person')}",
        "cleo@example.org: 3 waiting, 0 overdue, 0 without a score",
    ]
    told = DigestSent.objects.values_list("user__username", flat=True)
    assert sorted(told) == ["ada", "cleo"]


def _send_to(port, settings):
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        server = {"host": "127.0.0.1", "port": port}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": server}}
    else:
        settings.EMAIL_BACKEND = backend
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def test_an_address_of_two_lines_is_no_header(waiting, person):
    person("mo", "approve_scan", email="mo@example.org\nBcc: all@example.org")
    with pytest.raises(SystemExit):
        digest()
    assert mail.outbox == []


def test_the_queries_of_a_digest_do_not_grow_with_what_waits(
    waiting, person, django_assert_num_queries
):
    person("root", is_superuser=True)
    digest("--dry-run")
    with django_assert_num_queries(6):
        digest("--dry-run")
