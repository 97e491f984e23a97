"""Rows of chosen moments. What is counted is what they say, so that no picture is needed."""

import itertools
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.utils import timezone

from django_nsfw.models import Decision, FieldAccess, KnownImage, Scan

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"
DETECTOR = "open_nsfw@1"
NUMBERS = itertools.count(1)


@pytest.fixture
def person():
    def made(*permissions, name="rita", only=(), **options):
        user = get_user_model().objects.create_user(name, is_staff=True, **options)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        if only:
            group = Group.objects.create(name=f"{name}'s fields")
            FieldAccess.objects.bulk_create(FieldAccess(group=group, field=f) for f in only)
            user.groups.add(group)
        return user

    return made


@pytest.fixture
def root():
    return get_user_model().objects.create_superuser("root")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC"))


def ago(**length) -> datetime:
    return timezone.now() - timedelta(**length)


def scan(at: datetime, status="clear", **columns) -> Scan:
    """A scan of that moment, scored a minute later; its verdict is what leads to its status."""
    number = next(NUMBERS)
    verdicts = {"clear": "allow", "approved": "review", "rejected": "review", "pending": "unknown"}
    hidden = status in Scan.HIDDEN
    values = {
        "field": PHOTO,
        "verdict": verdicts.get(status, "review"),
        "object_pk": str(number),
        "size": 1000,
        "detector": DETECTOR,
        "nsfw": 0.1 if status == "clear" else 0.6,
        "quarantine_name": f"held-{number}" if hidden else "",
        "scored_at": at + timedelta(minutes=1),
    }
    return Scan.objects.create(
        status=status,
        created_at=at,
        name=f"{number}.jpg",
        original_name=f"{number}.jpg",
        sha256=f"{number:064x}",
        **values | columns,
    )


def decide(scan: Scan, action: str, at: datetime, by=None, **columns) -> Decision:
    """A decision as the verbs write them; the scan is left where it puts it."""
    to = {"approve": "approved", "reject": "rejected", "escalate": scan.status}
    to_status = columns.pop("to_status", None) or to[action]
    made = Decision.objects.create(
        scan=scan,
        action=action,
        from_status=scan.status,
        to_status=to_status,
        sha256=scan.sha256,
        moderator=by,
        moderator_name=columns.pop("name", by.get_username() if by else ""),
        created_at=at,
        **columns,
    )
    if action != "escalate":
        scan.status, scan.settled_at = to_status, at
        scan.save(update_fields=["status", "settled_at"])
    return made


def undo(decision: Decision, at: datetime, by=None) -> Decision:
    scan = decision.scan
    back = {"undoes": decision, "to_status": decision.from_status}
    return decide(scan, "undo", at, by, **back)


def batch() -> uuid.UUID:
    return uuid.uuid4()


@pytest.fixture
def known_rejected(person):
    """A known image that rejects what equals it."""
    return KnownImage.objects.create(key="a" * 64, sha256="a" * 64, outcome="reject", source="list")


@pytest.fixture(autouse=True)
def nothing_counted_before():
    cache.clear()


@pytest.fixture(autouse=True)
def days_of_utc():
    """Rows are written with days of UTC in mind; the settings of the tests leave Chicago."""
    with timezone.override("UTC"):
        yield
