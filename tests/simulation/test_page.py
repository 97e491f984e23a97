"""The page that tries thresholds: who sees it, what it says, what it writes."""

import html
import re

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone, translation

from django_nsfw.models import Scan
from tests.reports.conftest import ASSET, PHOTO, ago, decide, scan

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_nsfw_simulator")


def text(response) -> str:
    assert response.status_code == 200
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(bare)).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(None, 302), ((), 403), (("view_scan", "view_decision"), 403), (("see_reports",), 200)],
    ids=["nobody", "staff", "who reads the log", "who may see reports"],
)
def test_who_may_try(client, person, permissions, status):
    if permissions is not None:
        client.force_login(person(*permissions))
    assert client.get(PAGE).status_code == status


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_read_and_nothing_else(client, root, method):
    client.force_login(root)
    assert getattr(client, method)(PAGE).status_code == 405


def test_it_begins_with_the_thresholds_of_today(client, root):
    client.force_login(root)
    of_all = client.get(PAGE).content.decode()
    assert 'name="review" value="0.5"' in of_all
    of_photo = client.get(PAGE, {"field": PHOTO}).content.decode()
    assert 'name="reject" value="0.95"' in of_photo


def test_the_days_that_are_counted_are_named(client, root):
    client.force_login(root)
    page = client.get(PAGE, {"review": "0.5"}).content.decode()
    assert f'name="last" value="{timezone.localdate().isoformat()}"' in page


def test_what_it_says(client, root, person):
    mo = person(name="mo")
    for nsfw, action in [(0.55, "reject"), (0.7, "reject"), (0.98, "approve")]:
        decide(scan(ago(hours=1), "held", nsfw=nsfw), action, timezone.now(), mo)
    scan(ago(hours=1), "held", nsfw=None, error_code="timeout")
    client.force_login(root)
    said = text(client.get(PAGE, {"review": "0.62", "reject": "0.97", "days": "30"}))
    assert "rejected by people, and would have passed 1 of 2" in said
    assert "approved by people, and would have been rejected 1 of 1" in said
    assert "1 of 2 (9.5–90.5 %)" in said
    assert "There is no quality sample of this period: nobody knows what passed." in said
    assert "1 file without a score is held or let through by other rules" in said
    assert "NSFW_POLICY = {'review': 0.62, 'reject': 0.97}" in said


def test_trying_changes_nothing(client, root):
    before = scan(ago(hours=1), "held", nsfw=0.6)
    client.force_login(root)
    client.get(PAGE, {"review": "0.1", "reject": "0.2"})
    assert Scan.objects.values().get() == {
        name: value for name, value in vars(before).items() if name != "_state"
    }


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"review": "0.9", "reject": "0.5"}, "rejecting begins no lower than review"),
        ({"review": "7"}, "A threshold is a number from 0 to 1"),
        ({"review": "nan"}, "Enter a number."),
        ({"review": "<b>"}, "Enter a number."),
        ({"review": "0.5", "field": "host.Secret.file"}, "Select a valid choice."),
        ({"review": "0.5", "first": "2026-03-02", "last": "2026-03-01"}, "ends before it begins"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(client, root, asked, complaint):
    client.force_login(root)
    said = text(client.get(PAGE, asked))
    assert complaint in said
    assert "As settings" not in said


def test_who_is_restricted_sees_their_fields_and_no_settings(client, person):
    scan(ago(hours=1), "held", field=ASSET)
    client.force_login(person("see_reports", only=[PHOTO]))
    said = text(client.get(PAGE, {"review": "0.5"}))
    assert PHOTO in said and ASSET not in said
    assert "As settings" not in said
    assert "Select a valid choice" in text(client.get(PAGE, {"review": "0.5", "field": ASSET}))


def test_detectors_are_not_mixed_unawares(client, root):
    scan(ago(hours=1), "held", field=ASSET, detector="another@1")
    scan(ago(hours=1), "held")
    client.force_login(root)
    said = "choose one field to try a threshold for it"
    assert said in text(client.get(PAGE, {"review": "0.5"}))
    assert said not in text(client.get(PAGE, {"review": "0.5", "field": ASSET}))


def test_a_project_that_watches_nothing(client, root):
    client.force_login(root)
    with override_settings(NSFW_FIELDS={}):
        assert text(client.get(PAGE, {"review": "0.5"}))


def test_german(client, root):
    scan(ago(hours=1), "held", nsfw=0.6)
    client.force_login(root)
    with translation.override("de"):
        page = client.get(PAGE, {"review": "0.62"}, HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert 'name="review" value="0.62"' in page, "browsers take a point, whatever the language"


def test_reports_lead_to_it(client, root):
    client.force_login(root)
    assert PAGE in client.get(reverse("admin:django_nsfw_reports")).content.decode()
