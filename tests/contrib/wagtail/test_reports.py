"""Reports inside Wagtail's admin."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from django_nsfw.decisions import approve, reject, undo

from .people import ALL, DOCUMENT, rows

pytestmark = pytest.mark.django_db(transaction=True)


def csv_of(client, name, **asked):
    answer = client.get(reverse(name), {"export": "csv", **asked})
    return b"".join(answer.streaming_content).decode().splitlines()


def test_the_log_of_decisions(client, person, waiting, editor):
    first, second = waiting(2)
    undone = undo(reject(first, moderator=editor, note="no saucer"), moderator=editor)
    approve(second, moderator=editor)
    person(*ALL)
    found = rows(client.get(reverse("nsfw_decisions_report_results")))
    assert [row[1:] for row in found] == [
        ["approve", "editor", f"image {second.object_pk}", "Image.file", "", ""],
        ["undo", "editor", f"image {first.object_pk}", "Image.file", "", ""],
        [
            "reject",
            "editor",
            f"image {first.object_pk}",
            "Image.file",
            "no saucer",
            f"#{undone.pk}",
        ],
    ]
    found = rows(client.get(reverse("nsfw_decisions_report_results"), {"action": "reject"}))
    assert [row[1] for row in found] == ["reject"]


def test_no_cell_of_its_export_is_a_formula(client, person, waiting, editor):
    [scan] = waiting()
    reject(scan, moderator=editor, note='=HYPERLINK("http://example.org")')
    person(*ALL, "see_reports")
    head, row = csv_of(client, "nsfw_decisions_report")
    assert head == "Decided,Action,moderator,Field,Object,From,To,Note"
    assert row.endswith('''"'=HYPERLINK(""http://example.org"")"''')
    assert "reject,editor,wagtailimages.Image.file" in row


def test_what_came_in_by_day(client, person, waiting, editor):
    first, _ = waiting(2)
    reject(first, moderator=editor)
    person("see_reports")
    today, *others = rows(client.get(reverse("nsfw_days_report_results"), {"days": "7"}))
    day = date_format(timezone.localdate(), "SHORT_DATE_FORMAT")
    assert today == [day, "2", "0", "2", "0", "0", "0", "0", "1", "0"]
    assert len(others) == 6
    assert len(rows(client.get(reverse("nsfw_days_report_results"), {"days": "x"}))) == 30
    assert len(csv_of(client, "nsfw_days_report", days="90")) == 91


def test_each_report_asks_for_its_permission(client, person, waiting):
    person("view_scan")
    for name in ("nsfw_decisions_report", "nsfw_days_report", "nsfw_days_report_results"):
        assert client.get(reverse(name)).status_code == 302
    person("view_decision", "see_reports", name="kim")
    for name in ("nsfw_decisions_report", "nsfw_days_report"):
        assert client.get(reverse(name)).status_code == 200


def test_who_may_only_read_the_log_takes_nothing_along(client, person, waiting, editor):
    [scan] = waiting()
    reject(scan, moderator=editor)
    person(*ALL)
    log = reverse("nsfw_decisions_report")
    assert "export=csv" not in client.get(log).content.decode()
    assert client.get(log, {"export": "csv"}).status_code == 302
    person(*ALL, "see_reports", name="kim")
    assert "export=csv" in client.get(log).content.decode()


def test_who_is_restricted_to_fields_reads_of_no_others(client, person, waiting, editor):
    [scan] = waiting()
    reject(scan, moderator=editor)
    person(*ALL, "see_reports", field=DOCUMENT)
    assert rows(client.get(reverse("nsfw_decisions_report_results"))) == []
    today, *_ = rows(client.get(reverse("nsfw_days_report_results")))
    assert set(today[1:]) == {"0"}
