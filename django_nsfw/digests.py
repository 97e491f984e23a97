"""What waits, told to each moderator by e-mail: numbers and links, never pictures or names."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.db import router
from django.db.models import Count, Min, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .conf import is_address, nsfw_settings
from .exceptions import FILE_FAULTS
from .models import Claim, Decision, DigestSent, Scan
from .permissions import may_decide, restricted_to

logger = logging.getLogger(__name__)

FIRST = timedelta(days=1)
"""How far back the first digest of a person looks for what went wrong."""

HEADERS = {
    "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notice answers it
    "X-Auto-Response-Suppress": "All",  # the same, for Microsoft Exchange
}

PAGES = ("django_nsfw_queue", "django_nsfw_scan_changelist")
"""Where a moderator begins; the first one that the admin of the site has."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What one field has: scans that wait, and files that went wrong since the last digest.

    ``claimed`` of those that wait are open before a moderator. ``overdue`` ones wait for their
    score for longer than ``NSFW_BACKGROUND`` allows; ``errors`` have none, which is no uploader's
    fault.
    """

    field: str
    held: int = 0
    flagged: int = 0
    escalated: int = 0
    claimed: int = 0
    overdue: int = 0
    errors: int = 0
    oldest: datetime | None = None
    url: str = ""

    @property
    def waiting(self) -> int:
        return self.held + self.flagged

    @property
    def quiet(self) -> bool:
        return not (self.waiting or self.overdue or self.errors)


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What one address is told. ``since``: the last digest that it was sent."""

    address: str
    since: datetime
    fields: tuple[Field, ...] = ()
    url: str = ""
    user: AbstractBaseUser | None = None
    sent: bool = False
    error: str = ""

    @property
    def quiet(self) -> bool:
        return not self.fields

    @property
    def waiting(self) -> int:
        return self._sum("waiting")

    @property
    def escalated(self) -> int:
        return self._sum("escalated")

    @property
    def claimed(self) -> int:
        return self._sum("claimed")

    @property
    def overdue(self) -> int:
        return self._sum("overdue")

    @property
    def errors(self) -> int:
        return self._sum("errors")

    @property
    def oldest(self) -> datetime | None:
        return min((each.oldest for each in self.fields if each.oldest), default=None)

    def _sum(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.fields)


def send_digests(
    *,
    to: Iterable[str] = (),
    always: bool = False,
    dry_run: bool = False,
    base_url: str | None = None,
    language: str = "",
) -> Iterator[Digest]:
    """Send each moderator what they may settle, and yield it as soon as it was tried.

    Nobody is sent a digest without content, unless ``always``. Of a mail that could not be sent
    ``error`` says why; the others are sent. ``to`` names addresses in place of the moderators:
    a moderator's own gets what they would get, any other one everything.
    """
    root = nsfw_settings.review.base_url if base_url is None else base_url
    with translation.override(language or settings.LANGUAGE_CODE):
        url = queue_url(root)
        found = _waiting()
        for digest in _recipients(tuple(to)):
            told = replace(digest, fields=_fields(digest, found, url), url=url)
            if not told.quiet or always:
                yield told if dry_run else _send(told)


def queue_url(root: str) -> str:
    """Where moderators work, below the address of the site; empty where that is not known."""
    if not root:
        return ""
    if not is_address(root):
        raise ImproperlyConfigured(
            f"The address of the site must be one such as https://example.org, not {root!r}."
        )
    for name in PAGES:
        try:
            return root.rstrip("/") + reverse(f"admin:{name}")
        except NoReverseMatch:
            continue
    return ""


def compose(digest: Digest) -> EmailMultiAlternatives:
    """The mail, in the language that is active: plain text, and the same as HTML."""
    waiting = digest.waiting
    if waiting:
        said = ngettext("%d picture waits for review", "%d pictures wait for review", waiting)
        subject = said % waiting
    elif digest.quiet:
        subject = _("No picture waits for review")
    else:
        subject = _("Pictures could not be scored")
    context = {"digest": digest, "subject": subject, "language": translation.get_language()}
    mail = EmailMultiAlternatives(
        subject,
        render_to_string("django_nsfw/digest.txt", context).strip() + "\n",
        to=[digest.address],
        headers=HEADERS,
    )
    mail.attach_alternative(render_to_string("django_nsfw/digest.html", context), "text/html")
    return mail


def _send(digest: Digest) -> Digest:
    now = timezone.now()
    try:
        compose(digest).send()
    except Exception as error:
        logger.exception("A digest could not be sent")
        return replace(digest, error=f"{type(error).__name__}: {error}")
    if digest.user is not None:
        DigestSent.objects.using(router.db_for_write(Scan)).update_or_create(
            user_id=digest.user.pk, defaults={"sent_at": now}
        )
    return replace(digest, sent=True)


def _recipients(to: tuple[str, ...]) -> Iterator[Digest]:
    """Whoever of the staff may decide and has an address; or those of ``to``."""
    first = timezone.now() - FIRST
    asked = {address.casefold(): address for address in to}
    rest = dict(asked)
    last = dict(DigestSent.objects.using(router.db_for_write(Scan)).values_list("user", "sent_at"))
    for user, address in _moderators():
        if not to or address.casefold() in asked:
            rest.pop(address.casefold(), None)
            yield Digest(address=address, since=last.get(user.pk, first), user=user)
    for address in rest.values():
        yield Digest(address=address, since=first)


def _moderators() -> Iterator[tuple[AbstractBaseUser, str]]:
    """Any backend may give the permission, so that each of the staff is asked; they are few."""
    model = get_user_model()
    people: QuerySet[Any] = model._default_manager.all()
    for name in ("is_active", "is_staff"):
        try:
            model._meta.get_field(name)
        except FieldDoesNotExist:  # a property, asked below
            continue
        people = people.filter(**{name: True})
    column = model.get_email_field_name()
    for user in people.order_by("pk"):
        address = getattr(user, column, "") or ""
        staff = user.is_active and getattr(user, "is_staff", False)
        if address and staff and may_decide(user, Decision.Action.ESCALATE):
            yield user, address


def _waiting() -> Mapping[str, Field]:
    """The same for everybody: what waits now, by field."""
    db, now = router.db_for_write(Scan), timezone.now()
    scans = Scan.objects.using(db)
    of = Scan.Status
    rows = scans.waiting().values("field").order_by("field")
    found = {
        row["field"]: Field(**row)
        for row in rows.annotate(
            held=Count("pk", filter=Q(status=of.HELD)),
            flagged=Count("pk", filter=Q(status=of.FLAGGED)),
            escalated=Count("escalated_at"),
            oldest=Min("created_at"),
        )
    }
    late = scans.unsettled().filter(created_at__lte=now - nsfw_settings.background.deadline)
    open_now = Claim.objects.using(db).filter(until__gt=now, scan__status__in=Scan.WAITING)
    for field, number in _by("field", late).items():
        found[field] = replace(found.get(field, Field(field=field)), overdue=number)
    for field, number in _by("scan__field", open_now).items():
        found[field] = replace(found.get(field, Field(field=field)), claimed=number)
    return found


def _fields(digest: Digest, found: Mapping[str, Field], url: str) -> tuple[Field, ...]:
    """What this address may know, with what went wrong since it was last told."""
    failed = Scan.objects.using(router.db_for_write(Scan)).filter(
        status__in=Scan.Status.values,  # for the index that has the age behind the status
        created_at__gte=digest.since,
    )
    errors = _by("field", failed.exclude(error_code="").exclude(error_code__in=FILE_FAULTS))
    may = None if digest.user is None else restricted_to(digest.user)
    fields = (
        replace(
            found.get(label, Field(field=label)),
            errors=errors.get(label, 0),
            url=f"{url}?{urlencode({'field': label})}" if url else "",
        )
        for label in sorted(found.keys() | errors.keys())
        if may is None or label in may
    )
    return tuple(field for field in fields if not field.quiet)


def _by(field: str, rows: QuerySet[Any]) -> dict[str, int]:
    return dict(rows.order_by(field).values_list(field).annotate(number=Count("pk")))
