"""The page of reports: who sees it, what it asks for, what it says."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from tests.reports.conftest import ASSET, PHOTO, ago, decide, scan, undo

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_nsfw_reports")
EXPORT = reverse("admin:django_nsfw_decision_export")
LOG = reverse("admin:django_nsfw_decision_changelist")

WHO = {
    "nobody": (None, 302, 302, 302),
    "staff": ((), 403, 403, 403),
    "who may view scans": (("view_scan",), 403, 403, 403),
    "who may decide": (("view_scan", "approve_scan", "reject_scan", "undo_decision"),) + (403,) * 3,
    "who may read the log": (("view_decision",), 403, 403, 200),
    "who may see reports": (("see_reports",), 200, 403, 403),
    "who may see reports and the log": (("see_reports", "view_decision"), 200, 200, 200),
}


@pytest.mark.parametrize(("permissions", "page", "export", "log"), WHO.values(), ids=WHO)
def test_who_may_do_what(client, person, permissions, page, export, log):
    if permissions is not None:
        client.force_login(person(*permissions))
    assert client.get(PAGE).status_code == page
    assert client.get(EXPORT).status_code == export
    response = client.get(LOG)
    assert response.status_code == log
    if log == 200:
        assert (PAGE in response.content.decode()) == (page == 200)
        assert (EXPORT in response.content.decode()) == (export == 200)


def test_who_is_not_of_the_staff_sees_nothing(client, person):
    user = person("see_reports", "view_decision")
    user.is_staff = False
    user.save()
    client.force_login(user)
    assert [client.get(url).status_code for url in (PAGE, EXPORT)] == [302, 302]


@pytest.mark.parametrize("url", [PAGE, EXPORT])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_reports_are_read_and_nothing_else(client, root, url, method):
    client.force_login(root)
    assert getattr(client, method)(url).status_code == 405


def text(response) -> str:
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(bare.split())


def numbers(response) -> dict[str, list[list[str]]]:
    """Key of each figure → the cells of its table, row by row, the head of each row first."""
    found = {}
    for figure in response.content.decode().split("<section")[1:]:
        [key] = re.findall(r'<h2 id="nsfw-([\w-]+)">', figure)
        table = "".join(re.findall(r"<tbody>(.*?)</tbody>", figure, re.S))
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
        found[key] = [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]
    return found


def test_an_empty_database_says_so(client, root):
    client.force_login(root)
    response = client.get(PAGE)
    assert response.status_code == 200
    assert "Nothing was scanned and nothing was decided in this period" in text(response)
    assert numbers(response) == {}


def test_the_tables_have_the_figures(client, root, person):
    mo = person(name="mo")
    at = ago(minutes=10)
    scan(at, "clear", nsfw=0.97)
    scan(at, "held", error_code="timeout", nsfw=None, uploader=mo)
    made = decide(scan(at, "held"), "reject", ago(minutes=5), mo)
    approved = scan(at, "held")
    decide(approved, "escalate", ago(minutes=6), mo, handling_ms=75_000)
    decide(approved, "approve", ago(minutes=5), mo, handling_ms=1460)
    undo(made, ago(minutes=1), root)
    client.force_login(root)
    response = client.get(PAGE, {"days": "7"})
    tables = numbers(response)
    assert tables["inflow"][-1][1:] == ["4", "1", "3", "0", "0", "0"]
    assert tables["settled"][-1][1:] == ["1", "0", "0", "1", "1", "1"]
    assert tables["backlog"][-1][1:] == ["2", "4", "2"]
    assert tables["ages"][0] == ["less than 1 hour", "2", "0", "0"]
    assert tables["moderators"] == [
        ["mo", "1", "1", "1", "2", "1.5 s", "1 min", "2 (100.0 %)", "2 (100.0 %)", "2 (100.0 %)",
         "0", "1 (50.0 %)"],
    ]  # fmt: skip
    assert tables["fields"] == [[PHOTO, "4", "1 (25.0 %)", "2", "1", "0", "1"]]
    assert tables["scores-1"][-1] == ["0.95–1.00", "1"]
    assert tables["scores-1"][12] == ["0.60–0.65", "2"]
    assert [row[:2] for row in tables["failures"]] == [["timeout", "1"]]
    assert tables["uploaders"] == [["mo", "1", "1", "0", "0 (0.0 %)"]]
    assert len(tables["inflow"]) == len(tables["settled"]) == len(tables["backlog"]) == 7
    words = text(response)
    assert "reject from 0.95: host.Photo.image" in words
    assert "settled by people 2 66.7 %" in words
    assert "reversed by somebody else 1 50.0 %" in words
    assert "waiting now 2 oldest: less than 1 hour" in words
    assert f'href="{LOG}?moderator={mo.pk}"' in response.content.decode()


def test_who_had_nothing_open_has_a_dash(client, root, person):
    decide(scan(ago(hours=3), "held"), "approve", ago(hours=1), person(name="mo"))
    client.force_login(root)
    [row] = numbers(client.get(PAGE, {"days": "7"}))["moderators"]
    assert row[4:7] == ["0", "—", "—"]


def test_what_was_counted_within_five_minutes_is_not_counted_again(client, root, person):
    scan(ago(minutes=10), "held")
    client.force_login(root)
    first = client.get(PAGE)
    scan(ago(minutes=10), "held")
    again = client.get(PAGE)
    assert numbers(again) == numbers(first)
    assert again.context["made_at"] == first.context["made_at"]
    assert "As of " in text(again)
    assert numbers(client.get(PAGE, {"days": "7"}))["fields"][0][1] == "2"
    client.force_login(person("see_reports", name="all"))
    assert client.get(PAGE).context["made_at"] == first.context["made_at"]
    client.force_login(person("see_reports", name="some", only=[PHOTO]))
    other = client.get(PAGE)
    assert other.context["made_at"] > first.context["made_at"]
    assert numbers(other)["fields"][0][1] == "2"
    cache.clear()
    client.force_login(root)
    assert numbers(client.get(PAGE))["fields"][0][1] == "2"


def test_names_are_text_whatever_is_in_them(client, root):
    decide(scan(ago(hours=1), "held"), "approve", ago(minutes=1), name='<img src=x onerror="x">')
    scan(ago(hours=1), detector="<script>alert(1)</script>")
    client.force_login(root)
    page = client.get(PAGE).content.decode()
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x onerror=&quot;x&quot;&gt;" in page


ASKED = {
    "nothing": ({}, 30, ""),
    "a week": ({"days": "7"}, 7, ""),
    "a quarter": ({"days": "90"}, 90, ""),
    "from some day": ({"first": "{5}"}, 6, ""),
    "until some day": ({"last": "{5}"}, 30, ""),
    "from and to": ({"first": "{9}", "last": "{5}"}, 5, ""),
    "today alone": ({"first": "{0}", "last": "{0}"}, 1, ""),
    "until the future": ({"first": "{9}", "last": "{-5}"}, 10, ""),
    "a year": ({"first": "{365}"}, 366, ""),
    "more than a year": ({"first": "{366}"}, 30, "A period has at most 366 days."),
    "from the future": ({"first": "{-5}"}, 30, "The period has not begun yet."),
    "backwards": (
        {"first": "{5}", "last": "{9}"}, 30, "The period ends before it begins.",
    ),
    "no date": ({"first": "soon"}, 30, "Enter a valid date."),
    "year zero": ({"first": "0000-01-01"}, 30, "Enter a valid date."),
    "long ago": ({"first": "0001-01-01", "last": "0001-01-02"}, 30, "or equal to 2000-01-01"),
    "the first day of all": ({"first": "2000-01-01", "last": "2000-01-01"}, 1, ""),
    "other days": ({"days": "8"}, 30, "8 is not one of the available choices"),
    "no field": ({"field": "auth.User.password"}, 30, "is not one of the available choices"),
}  # fmt: skip


@pytest.mark.parametrize(("query", "days", "said"), ASKED.values(), ids=ASKED)
def test_periods_that_people_ask_for(client, root, query, days, said):
    scan(ago(minutes=1), "held")
    client.force_login(root)
    today = timezone.localdate()

    def dated(value):
        return re.sub(
            r"\{(-?\d+)\}", lambda m: (today - timedelta(days=int(m[1]))).isoformat(), value
        )

    response = client.get(PAGE, {key: dated(value) for key, value in query.items()})
    assert response.status_code == 200
    period = response.context["period"]
    assert len(period.days) == days
    shown = re.findall(r'type="date" name="(\w+)" value="([^"]*)"', response.content.decode())
    if not said:
        assert shown == [("first", str(period.first)), ("last", str(period.last))]
        again = client.get(PAGE, {**dict(shown), "field": ""})
        assert again.context["period"] == period
    assert said in text(response)
    assert ("errorlist" in response.content.decode()) == bool(said)


def test_only_ones_own_fields_are_offered_and_counted(client, person):
    scan(ago(minutes=1), "held")
    scan(ago(minutes=1), "held", field=ASSET)
    decide(scan(ago(minutes=2), "held"), "approve", ago(minutes=1), name="secret")
    client.force_login(person("see_reports", "view_decision", only=[ASSET]))
    response = client.get(PAGE)
    assert "Only the fields that you moderate: host.Asset.file." in text(response)
    assert PHOTO not in response.content.decode()
    assert "secret" not in response.content.decode()
    assert numbers(response)["fields"] == [[ASSET, "1", "0 (0.0 %)", "1", "0", "0", "0"]]
    refused = client.get(PAGE, {"field": PHOTO})  # which is refused, and shows all of them
    assert numbers(refused) == numbers(response)
    assert "secret" not in client.get(LOG).content.decode()


def test_numbers_and_days_are_written_as_in_the_language_of_the_page(client, root, settings):
    scan(ago(minutes=10), "held", nsfw=0.5)
    decide(scan(ago(minutes=10), "held"), "approve", ago(minutes=1), root)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    client.force_login(root)
    with translation.override("en"):  # what the request leaves behind in its thread ends here
        response = client.get(PAGE, headers={"Accept-Language": "de"})
    assert re.search(r">\d\d\.\d\d\.\d{4}<", response.content.decode())
    assert "0,50–0,55" in response.content.decode()
    assert 'data-at="0.5000"' in response.content.decode()
    assert 'value="7"' not in response.content.decode()


def test_nothing_is_inline(client, root):
    scan(ago(minutes=10), "held")
    client.force_login(root)
    main = client.get(PAGE).content.decode().partition('id="content-main"')[2]
    assert re.findall(r"\sstyle=|\son\w+=|<style|<script", main) == []


def test_a_visitor_without_cookies_is_sent_to_the_login(settings):
    response = Client().get(PAGE)
    assert response.url == f"/admin/login/?next={PAGE}"
    assert translation.get_language()
