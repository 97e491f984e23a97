"""One decision about many: what it would do is shown first, then each is decided on its own.

A page of its own says what became of it, and takes it back. It has an address, so that loading it
again decides nothing again.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import router
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ... import decisions
from ...exceptions import DecisionRefused, NSFWError
from ...models import Claim, Decision, Scan
from ...one_by_one import PATIENCE, left
from ...permissions import may_decide, may_decide_in_bulk, may_undo, visible, visible_decisions
from ...queue import claims
from ...queue.saying import TROUBLE, UNFORESEEN, did, refusal
from ...queue.words import field_name, plain, subject
from .filters import VERDICTS
from .frame import frame
from .items import person
from .tiles import held_by

if TYPE_CHECKING:
    from . import Queue

logger = logging.getLogger(__name__)

MOST = 100
"""Scans of one go: a page of the grid, and room. Each moves bytes while somebody waits."""

OTHER_FIELDS = 6
"""Of the two forms, besides those that are picked: Django counts all of them."""

LONGEST_NOTE = 2000

KEPT = "nsfw_queue_refused"
"""Key of the session: what was refused of the last batch, or not begun, which no decision tells."""

Action = Decision.Action

TITLES: Mapping[str, Any] = {
    Action.APPROVE: gettext_lazy("Approve: let people see them"),
    Action.REJECT: gettext_lazy("Reject: keep them out of reach"),
    Action.ESCALATE: gettext_lazy("Escalate: somebody else is to look"),
}


def bulk(admin: "Queue", request: HttpRequest) -> HttpResponse:
    """``action``, and ``picked`` as ``pk:version`` for each. ``confirmed`` decides."""
    user, action = person(request), request.POST.get("action", "")
    if action not in TITLES:
        raise SuspiciousOperation("no such action")
    if not (may_decide_in_bulk(user) and may_decide(user, Action(action))):
        raise PermissionDenied
    picked = _picked(request)
    if len(picked) > MOST:
        messages.error(request, too_many())
        return HttpResponseRedirect(_back(admin, request))
    if not picked:
        messages.warning(request, _("Nothing was selected."))
        return HttpResponseRedirect(_back(admin, request))
    scans = _scans(user, picked)
    if "confirmed" in request.POST:
        return _decide(admin, request, Action(action), scans, picked)
    return _confirm(admin, request, Action(action), scans, picked)


def most() -> int:
    """As many as a site with a low ``DATA_UPLOAD_MAX_NUMBER_FIELDS`` lets through."""
    fields = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return MOST if fields is None else max(1, min(MOST, fields - OTHER_FIELDS))


def too_many() -> str:
    said = ngettext(
        "At most %d can be decided at a time. Nothing was decided.",
        "At most %d can be decided at a time. Nothing was decided.",
        most(),
    )
    return said % most()


def result(admin: "Queue", request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    """What became of a batch of one's own. Others see it in the log of decisions."""
    user = person(request)
    kept = request.session.get(KEPT, {})
    refused = kept.get("refused", []) if kept.get("batch") == str(batch) else None
    made = list(_made(user, batch))
    if not made and refused is None:
        raise Http404(_("There is no such batch."))
    standing = [decision for decision in made if decision.undone is None]
    context = {
        **frame(admin, request),
        "title": _("What was decided"),
        "batch": batch,
        "made": [(decision, subject(decision.scan)) for decision in made],
        "action": made[0].get_action_display() if made else "",
        "by_field": _tally(field_name(decision.scan.field) for decision in made),
        "undone": len(made) - len(standing),
        "may_undo": any(may_undo(user, decision) for decision in standing),
        "refused": refused or [],
        "left": kept.get("left", {}) if refused is not None else {},
        "next": kept.get("next") or _queue(admin),
    }
    return TemplateResponse(request, "admin/django_nsfw/queue/result.html", context)


def undo(admin: "Queue", request: HttpRequest) -> HttpResponse:
    """Takes back a batch of one's own: what was undone since or decided anew stays as it is. What
    there is no time for stays decided until the button is pressed again."""
    user, until = person(request), time.monotonic() + PATIENCE
    try:
        batch = uuid.UUID(request.POST.get("batch", ""))
    except ValueError as error:
        raise Http404(_("There is no such batch.")) from error
    made = list(_made(user, batch))
    if not made:
        raise Http404(_("There is no such batch."))
    everything = Decision.objects.using(_db()).filter(batch=batch).exclude(action=Action.UNDO)
    if not all(may_undo(user, one) for one in everything.select_related("scan")):
        raise PermissionDenied
    rest, done = everything.filter(undone_by=None).count(), 0
    for undone in decisions.undo_batch(batch, moderator=user):
        rest -= 1
        if undone.error is None:
            done += 1
        else:
            scan = undone.decision.scan
            why = refusal(undone.error, scan)
            messages.error(request, f"#{scan.pk} {subject(scan)}: {why}")
        if rest and time.monotonic() >= until:
            messages.warning(request, left(rest))
            break
    if done:
        said = ngettext("%d decision was undone.", "%d decisions were undone.", done)
        messages.success(request, said % done)
    address = reverse(f"{admin.admin_site.name}:django_nsfw_queue_batch", args=[batch])
    return HttpResponseRedirect(address)


def _picked(request: HttpRequest) -> dict[int, str]:
    """Primary key → the version that the tile showed."""
    picked = {}
    for text in request.POST.getlist("picked"):
        pk, _colon, version = text.partition(":")
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 19 and version):
            raise Http404(_("There is no such item in the queue."))
        picked[int(pk)] = version
    return picked


def _scans(user: AbstractBaseUser, picked: Mapping[int, str]) -> list[Scan]:
    """In the order in which they were picked, as they are now."""
    scans = Scan.objects.using(_db()).with_versions().select_related("known__decision")
    found = visible(user, scans.filter(pk__in=picked)).defer("pdq_rotations").in_bulk()
    if len(found) != len(picked):
        raise Http404(_("There is no such item in the queue."))
    return [found[pk] for pk in picked]


def _confirm(
    admin: "Queue",
    request: HttpRequest,
    action: "Decision.Action",
    scans: list[Scan],
    picked: Mapping[int, str],
) -> HttpResponse:
    held = claims.holders(scans)
    user = person(request)
    claimed = [scan for scan in scans if held_by(held.get(scan.pk), user)]
    stale = [scan for scan in scans if scan.version != picked[scan.pk]]
    last = _last_of(stale)
    context = {
        **frame(admin, request),
        "title": TITLES[action],
        "action": action,
        "picked": [f"{pk}:{version}" for pk, version in picked.items()],
        "total": len(scans),
        "by_field": _tally(field_name(scan.field) for scan in scans),
        "by_verdict": _tally(str(VERDICTS.get(scan.verdict, scan.verdict)) for scan in scans),
        "escalated": sum(scan.escalated_at is not None for scan in scans),
        "claimed": [(scan, subject(scan), held_by(held.get(scan.pk), user)) for scan in claimed],
        "stale": [
            (scan, subject(scan), did(last[scan.pk]) if scan.pk in last else "") for scan in stale
        ],
        "longest": LONGEST_NOTE,
        "next": _back(admin, request),
    }
    return TemplateResponse(request, "admin/django_nsfw/queue/bulk.html", context)


def _decide(
    admin: "Queue",
    request: HttpRequest,
    action: "Decision.Action",
    scans: list[Scan],
    picked: Mapping[int, str],
) -> HttpResponse:
    """Each in a transaction of its own: one that is refused does not undo the others. What there
    is no time for waits unchanged, and ``batch`` goes on with it."""
    user, until = person(request), time.monotonic() + PATIENCE
    last = request.session.get(KEPT, {})
    goes_on = bool(last) and request.POST.get("batch") == last["batch"]
    batch = uuid.UUID(last["batch"]) if goes_on else uuid.uuid4()
    note = request.POST.get("note", "").strip()[:LONGEST_NOTE].replace("\x00", "")
    verb = getattr(decisions, action.value)
    held = {} if "claimed" in request.POST else claims.holders(scans)
    refused = last["refused"] if goes_on else []
    begun = 0
    for scan in scans:
        if begun and time.monotonic() >= until:
            break
        begun += 1
        version = picked[scan.pk]
        if holder := held_by(held.get(scan.pk), user):
            why = _("%(name)s has it open") % {"name": holder}
        else:
            try:
                verb(scan, moderator=user, note=note, version=version, batch=batch)
                continue
            except DecisionRefused as error:
                now = Scan.objects.using(_db()).get(pk=scan.pk)
                why = refusal(error, now, version)
            except (NSFWError, OSError) as error:
                logger.error("Nothing was decided about scan %s: %s", scan.pk, error)
                why = str(TROUBLE)
            except Exception:  # whatever it is, it is not the fault of those that follow
                logger.exception("Deciding about scan %s failed", scan.pk)
                why = str(UNFORESEEN)
        refused.append({"pk": scan.pk, "subject": subject(scan), "why": why})
    Claim.objects.using(_db()).filter(scan__in=scans[:begun], user_id=user.pk).delete()
    request.session[KEPT] = {
        "batch": str(batch),
        "refused": refused,
        "left": {
            "action": action.value,
            "note": note,
            "claimed": "claimed" in request.POST,
            "picked": [f"{scan.pk}:{picked[scan.pk]}" for scan in scans[begun:]],
        },
        "next": _back(admin, request),
    }
    address = reverse(f"{admin.admin_site.name}:django_nsfw_queue_batch", args=[batch])
    return HttpResponseRedirect(address)


def _made(user: AbstractBaseUser, batch: uuid.UUID) -> Iterator[Decision]:
    own = Decision.objects.using(_db()).filter(batch=batch, moderator_id=user.pk)
    made = own.exclude(action=Action.UNDO).select_related("scan", "undone_by").order_by("pk")
    yield from visible_decisions(user, made).defer("scan__crops")


def _last_of(scans: list[Scan]) -> dict[int, Decision]:
    latest = filter(None, (vars(scan)["latest_decision"] for scan in scans))
    made = Decision.objects.using(_db()).filter(pk__in=list(latest))
    return {decision.scan_id: decision for decision in made}


def _tally(names: Iterator[str]) -> list[tuple[str, int]]:
    return [(plain(name), n) for name, n in Counter(names).most_common()]


def _back(admin: "Queue", request: HttpRequest) -> str:
    """The page of the grid that the selection was made on."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return back if safe else _queue(admin)


def _queue(admin: "Queue") -> str:
    return reverse(f"{admin.admin_site.name}:django_nsfw_queue")


def _db() -> str:
    return router.db_for_write(Scan)
