"""Days of the active time zone, on databases that may know no time zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from django_nsfw.models import Scan
from django_nsfw.reports import Period, Scope
from django_nsfw.reports.inflow import inflow
from django_nsfw.reports.period import date_of
from tests.reports.conftest import scan, utc

pytestmark = pytest.mark.django_db

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Beirut",  # the clocks go forward at midnight
    "Africa/Cairo",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Pacific/Apia",
]


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_those_of_the_clocks_on_the_wall(zone):
    period = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
    moments = [
        datetime(2026, 1, 1, 14, tzinfo=UTC) + timedelta(hours=5 * n, minutes=7 * n, seconds=n)
        for n in range(1600)
    ]
    moments += [
        datetime(2026, month, day, hour, minute, 59, 999_999, tzinfo=UTC)
        for month, day in ((3, 28), (3, 29), (4, 4), (4, 5), (10, 25), (11, 1))
        for hour in range(24)
        for minute in (29, 59)
    ]
    made = Scan.objects.bulk_create(_row(number, at) for number, at in enumerate(moments))
    with timezone.override(zone):
        scans = Scan.objects.order_by("pk")
        days = scans.values_list(period.day_of("created_at", scans.db), flat=True)
        assert [date_of(day) for day in days] == [
            one.created_at.astimezone(ZoneInfo(zone)).date() for one in made
        ]


def _row(number, at):
    return Scan(
        created_at=at, name=f"{number}", object_pk=f"{number}", sha256=f"{number:064}", size=1,
        status="clear",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", [0, 2, 1]),
        ("America/New_York", [1, 1, 1]),
        ("Asia/Tokyo", [0, 1, 2]),
    ],
)
def test_a_period_begins_and_ends_at_midnight(root, zone, days):
    for moment in ("2026-07-02 00:00", "2026-07-02 15:00", "2026-07-03 06:00"):
        scan(utc(moment))
    period = Period(first=date(2026, 7, 1), last=date(2026, 7, 3))
    with timezone.override(zone):
        assert [day.came for day in inflow(Scope(user=root, period=period))] == days


def test_without_time_zones_days_are_those_that_are_stored(root, settings):
    settings.USE_TZ = False
    scan(datetime(2026, 7, 1, 23, 59, 59), scored_at=None)
    scan(datetime(2026, 7, 2), scored_at=None)
    period = Period(first=date(2026, 7, 1), last=date(2026, 7, 2))
    assert [day.came for day in inflow(Scope(user=root, period=period))] == [1, 1]


def test_the_last_days_end_with_today():
    with timezone.override("Pacific/Kiritimati"):
        today = timezone.localdate()
        assert Period.until_today(7).days[-1] == today
        assert len(Period.until_today(7).days) == 7
        assert Period.until_today(7).until_now() == Period.until_today(7)
