"""One item of the queue: its picture, what can be done about it, and what speaks for what."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...conf import BLURS, nsfw_settings
from ...models import Claim, Decision, ReviewPreference, Scan
from ...permissions import may_claim, may_decide, may_reveal, may_undo, may_undo_anything
from ...queue import claims
from ...queue.asking import Question
from ...queue.pages import neighbours
from ...queue.words import age, plain, reason, score, subject, threshold
from ...refusing import DECIDABLE
from ...showing import looking
from .frame import frame, last_of
from .items import UNSETTLED, Addresses, asked_for, person
from .tabs import tabs

if TYPE_CHECKING:
    from . import Queue
    from .explaining import Heat

PART = "NSFW-Part"
"""The header by which the script asks for an item without the page around it."""

Action = Decision.Action

ACTIONS = {
    Action.APPROVE: ("a", gettext_lazy("Approve")),
    Action.REJECT: ("r", gettext_lazy("Reject")),
    Action.ESCALATE: ("e", gettext_lazy("Escalate")),
}


def item(admin: "Queue", request: HttpRequest, pk: int) -> HttpResponse:
    """Opening the page claims the item for who may decide; a part of it, which may be shown later
    or never, does not."""
    scan, user = asked_for(request, pk), person(request)
    claim = None
    opened = request.method == "GET" and PART not in request.headers
    if opened and scan.status in UNSETTLED and may_claim(user):
        claim = claims.claim(scan, user)
    return show(admin, request, scan, claim)


def show(
    admin: "Queue",
    request: HttpRequest,
    scan: Scan,
    claim: Claim | None = None,
    *,
    refused: str = "",
    heat: "Heat | None" = None,
    where: str = "",
    status: int = 200,
) -> HttpResponse:
    """``claim``: that of who looks, where it was just made. ``refused``: why the decision that was
    just asked for was not taken. ``heat``: what drove the score, and ``where``, in words."""
    user, question = person(request), Question.of(request.GET)
    to = Addresses(admin, question)
    claim = claim or claims.holders([scan]).get(scan.pk)
    mine = claim is not None and claim.user_id == user.pk
    context = {
        "scan": scan,
        "title": f"#{scan.pk} {subject(scan)}",
        "score": _score(scan),
        "why": reason(scan, threshold(scan.field)),
        "uploader": plain(str(scan.uploader)) if scan.uploader is not None else "",
        "age": age(scan.created_at),
        "waits": scan.status in UNSETTLED,
        "mine": mine,
        "stopped": refused or ("" if "anyway" in request.GET else claimed_by(claim, user)),
        "claimed": not refused and claim is not None and not mine,
        "actions": list(_actions(scan, user)),
        "may_undo": may_undo_anything(user),
        "undo_last": undo_last(user, to),
        "looking": _looking(to, scan, user),
        "heat": heat,
        "where": where,
        "explainable": bool(scan.crops) and not scan.bytes_discarded,
        "urls": _urls(admin, request, question, scan, to),
        "tabs": tabs(admin, scan, user, to),
    }
    if PART in request.headers:
        response = TemplateResponse(
            request, "admin/django_nsfw/queue/item.html", context, status=status
        )
        response[PART] = "item"
    else:
        context |= frame(admin, request)
        context["renew"] = int(nsfw_settings.review.claim.total_seconds() / 3)
        response = TemplateResponse(
            request, "admin/django_nsfw/queue/single.html", context, status=status
        )
    response["Cache-Control"] = "no-store, private"
    response["Vary"] = PART
    return response


def claimed_by(claim: Claim | None, user: AbstractBaseUser) -> str:
    """Who else has it open, in a sentence; empty where nobody has."""
    if claim is None or claim.user_id == user.pk:
        return ""
    until = date_format(localtime(claim.until), "TIME_FORMAT")
    return _("%(name)s has it open, until %(until)s at least.") % {
        "name": plain(claim.user_name) or _("Somebody"),
        "until": until,
    }


def undo_last(user: AbstractBaseUser, to: Addresses) -> Mapping[str, str]:
    """What a person would take back by one key: their last decision, with its batch."""
    last = last_of(user)
    if last is None or not may_undo(user, last):
        return {"url": "", "what": ""}
    what = f"{last.get_action_display()} #{last.scan_id}"
    if last.batch is not None:
        what = _("%(what)s and its batch") % {"what": what}
    return {"url": to.undo(last.pk, batch=last.batch is not None), "what": what}


def _actions(scan: Scan, user: AbstractBaseUser) -> Iterator[Mapping[str, Any]]:
    """Those that a person may take, each in its place whether it makes sense now or not."""
    for action, (key, label) in ACTIONS.items():
        if may_decide(user, action):
            now = scan.status in DECIDABLE[action]
            if action == Action.APPROVE:
                now = now and not scan.bytes_discarded
            if action == Action.ESCALATE:
                now = now and scan.escalated_at is None
            yield {"name": action.value, "key": key, "label": label, "now": now}


def _looking(to: Addresses, scan: Scan, user: AbstractBaseUser) -> Mapping[str, Any]:
    likes, may = ReviewPreference.of(user), may_reveal(user)
    return {
        **looking(scan, user, likes=likes, may_reveal=may),
        "blurred": to.of("scan_blurred", scan.pk),
        "reveal": may and to.of("scan_reveal", scan.pk),
        "muted": likes.muted,
        "blur": likes.blur,
        "blurs": ReviewPreference.Blur.choices,
        "stronger": stronger(likes.blur),
    }


def _score(scan: Scan) -> Mapping[str, str]:
    """For the meter, and to be read."""
    if scan.nsfw is None:
        return {}
    return {"value": f"{scan.nsfw:.4f}", "text": score(scan.nsfw)}


def stronger(blur: int) -> int:
    """The next strength; after the strongest the lightest."""
    return BLURS[(BLURS.index(blur) + 1) % len(BLURS)]


def _urls(
    admin: "Queue", request: HttpRequest, question: Question, scan: Scan, to: Addresses
) -> Mapping[str, Any]:
    next, previous = neighbours(question, person(request), scan)
    return {
        "here": to.item(scan.pk),
        "anyway": to.item(scan.pk, anyway=True),
        "queue": to.queue(),
        "next": to.beside(next, "after"),
        "next_is_item": next.pk is not None,
        "previous": to.beside(previous, "before"),
        "previous_is_item": previous.pk is not None,
        "decide": to.decide(scan.pk),
        "explain": nsfw_settings.review.explain and to.explain(scan.pk),
        "claim": to.of("queue_claim", scan.pk),
        "preferences": to.of("queue_preferences"),
        "looking": to.of("scan_looking"),
        "scan": to.of("scan_change", scan.pk),
    }
