"""The pages of the quality sample: who may, what they are told, and what a button does."""

import re

import pytest
from django.urls import reverse

from django_nsfw import quality
from django_nsfw.models import Decision, QualityCheck, Scan
from tests.quality.conftest import CHECKER

pytestmark = pytest.mark.django_db(databases=["default", "second"])

CHECK = reverse("admin:django_nsfw_quality")
REPORT = reverse("admin:django_nsfw_quality_report")


@pytest.fixture
def as_(client, person):
    def as_(*permissions, name="mo"):
        user = person(name, *permissions)
        client.force_login(user)
        return user

    return as_


@pytest.mark.parametrize(
    ("permissions", "page", "report"),
    [
        ([], 403, 403),
        (["view_scan"], 403, 403),
        (["approve_scan"], 403, 403),
        (["view_scan", "approve_scan"], 200, 403),
        (["view_scan", "reject_scan"], 200, 403),
        (["see_reports"], 403, 200),
    ],
    ids=["nothing", "see", "approve", "see and approve", "see and reject", "reports"],
)
def test_who_may_check_and_who_may_read_the_report(client, as_, sampled, permissions, page, report):
    [scan] = sampled()
    as_(*permissions)
    assert client.get(CHECK).status_code == page
    answer = client.post(CHECK, {"scan": scan.pk, "answer": "unsure"})
    assert answer.status_code == {200: 302, 403: 403}[page]
    assert QualityCheck.objects.count() == (page == 200)
    assert client.get(REPORT).status_code == report


def test_nobody_else_gets_in(client, sampled):
    sampled()
    for url in (CHECK, REPORT):
        assert client.get(url)["Location"].startswith("/admin/login/")


def test_the_page_tells_neither_score_nor_verdict_nor_name(client, as_, sampled):
    [scan] = sampled()
    Scan.objects.filter(pk=scan.pk).update(
        nsfw=0.4321, detector="a-detector", original_name="holiday.jpg", error_code="timeout"
    )
    as_(*CHECKER)
    page = client.get(CHECK).content.decode()
    assert "Would you let people see it?" in page
    assert f'src="/admin/django_nsfw/scan/{scan.pk}/blurred/"' in page
    told = ("0.43", "43", "a-detector", "holiday", "timeout", "allow", scan.sha256[:12], scan.name)
    main = page[page.index('id="content-main"') :]
    assert [word for word in told if word in main] == []
    assert re.findall(r"<script>|<style|style=|onclick", page) == []


@pytest.mark.parametrize("permissions", [CHECKER, (*CHECKER, "reveal_scan")])
def test_revealing_is_offered_to_whom_it_is_allowed(client, as_, sampled, permissions):
    [scan] = sampled()
    as_(*permissions)
    page = client.get(CHECK).content.decode()
    assert (f"/scan/{scan.pk}/reveal/" in page) == ("reveal_scan" in permissions)


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ("yes", "clear", None),
        ("unsure", "clear", None),
        ("no", "flagged", "It waits in the queue now, and stays public until somebody rejects it."),
        ("reject", "rejected", "It is rejected and out of reach: decision #{decision}."),
    ],
)
def test_what_a_button_does(client, as_, sampled, said, status, sentence):
    [scan] = sampled()
    mo = as_("view_scan", "reject_scan")
    page = client.post(CHECK, {"scan": scan.pk, "answer": said}, follow=True)
    scan.refresh_from_db()
    assert scan.status == status
    made = Decision.objects.values_list("pk", "moderator", "note", "from_status")
    assert [row[1:] for row in made] == (
        [(mo.pk, "quality sample", "flagged")] if said == "reject" else []
    )
    expected = [sentence.format(decision=made[0][0] if made else "")] if sentence else []
    assert [str(message) for message in page.context["messages"]] == expected
    assert "You have seen all of the sample." in page.content.decode()


def test_rejecting_at_once_takes_the_permission(client, as_, sampled):
    [scan] = sampled()
    as_(*CHECKER)
    assert "reject it at once" not in client.get(CHECK).content.decode()
    assert client.post(CHECK, {"scan": scan.pk, "answer": "reject"}).status_code == 403
    assert not QualityCheck.objects.exists()


def test_a_file_that_is_gone_waits_in_the_queue_and_says_why(client, as_, sampled, settings):
    [scan] = sampled()
    as_("view_scan", "reject_scan")
    (settings.MEDIA_ROOT / scan.name).unlink()
    page = client.post(CHECK, {"scan": scan.pk, "answer": "reject"}, follow=True)
    [message] = page.context["messages"]
    assert str(message).startswith("It waits in the queue now. It could not be rejected: ")
    scan.refresh_from_db()
    assert scan.status == "flagged"


@pytest.mark.parametrize(
    "asked",
    [{}, {"answer": "maybe"}, {"scan": "x"}, {"scan": "٣"}, {"scan": "9" * 30}, {"scan": "-1"}],
    ids=["no answer", "another answer", "a word", "other digits", "a huge number", "a sign"],
)
def test_what_is_forged_records_nothing(client, as_, sampled, asked):
    [scan] = sampled()
    as_(*CHECKER)
    sent = {"scan": scan.pk, **({"answer": "no"} if "scan" in asked else {}), **asked}
    page = client.post(CHECK, sent, follow=True)
    assert [str(message) for message in page.context["messages"]] == ["Choose one of the answers."]
    assert not QualityCheck.objects.exists()


def test_another_scan_than_those_of_the_sample_is_refused(client, as_, sampled):
    [scan] = sampled()
    as_(*CHECKER)
    Scan.objects.filter(pk=scan.pk).update(sampled_at=None)
    page = client.post(CHECK, {"scan": scan.pk, "answer": "no"}, follow=True)
    assert [str(message) for message in page.context["messages"]] == [
        "Nothing was recorded: somebody else was faster, or you answered before."
    ]
    scan.refresh_from_db()
    assert scan.status == "clear"


def test_without_a_share_the_page_says_so(client, as_):
    as_(*CHECKER)
    assert "No sample is drawn" in client.get(CHECK).content.decode()


def test_the_report_in_numbers(client, as_, person, sampled):
    scans = sampled(3)
    max_ = person("max", *CHECKER)
    for scan, said in zip(scans, ("yes", "yes", "no"), strict=True):
        quality.answer(scan.pk, max_, QualityCheck.Answer(said))
    as_("see_reports")
    page = client.get(REPORT).content.decode()
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", page[page.index("<tbody>") :])
    row = [re.sub("<.*?>|\xa0", "", cell) for cell in cells]
    numbers = ["3", "2", "1", "0", "66.7 % (20.8 % – 93.9 %)", "33.3 % (6.1 % – 79.2 %)", "0", "0"]
    assert row == ["host.Photo.image", *numbers, "All", *numbers]


@pytest.mark.parametrize(("days", "current"), [("30", 30), ("365", 365), ("7", 90), ("x", 90)])
def test_the_period_of_the_report(client, as_, days, current):
    as_("see_reports")
    page = client.get(REPORT, {"days": days}).content.decode()
    assert re.findall(r'<strong aria-current="page">(\d+) days', page) == [str(current)]


@pytest.mark.parametrize("page", [CHECK, REPORT])
def test_other_methods_are_refused(client, as_, page):
    as_(*CHECKER, "see_reports")
    assert client.put(page).status_code == 405


def test_the_queries_of_the_pages(client, as_, sampled, django_assert_num_queries):
    sampled(3)
    as_(*CHECKER, "reveal_scan", "see_reports")
    client.get(CHECK)
    with django_assert_num_queries(9):
        client.get(CHECK)
    with django_assert_num_queries(8):
        client.get(REPORT)
