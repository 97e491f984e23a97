"""Deciding one item of the queue, and taking a decision back."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ... import decisions
from ...exceptions import DecisionRefused, NSFWError
from ...models import Decision, Scan
from ...permissions import may_decide, may_undo, visible_decisions
from ...queue import claims
from ...queue.asking import Question
from ...queue.pages import following
from ...queue.saying import DONE, did, refusal
from ...queue.words import subject
from .items import Addresses, asked_for, person, wants_json
from .single import ACTIONS, show, undo_last

if TYPE_CHECKING:
    from . import Queue

logger = logging.getLogger(__name__)

Action = Decision.Action


class DecisionForm(forms.Form):
    """What a decision carries: the version that it was made on is no option."""

    action = forms.ChoiceField(choices=[(action.value, action.label) for action in ACTIONS])
    version = forms.CharField(max_length=64)
    note = forms.CharField(max_length=2000, required=False)


def decide(admin: "Queue", request: HttpRequest, pk: int) -> HttpResponse:
    scan, user = asked_for(request, pk), person(request)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refused(admin, request, scan, _("That is no decision."), status=400)
    asked: Mapping[str, Any] = form.cleaned_data
    action, version = Action(asked["action"]), asked["version"]
    if not may_decide(user, action):
        raise PermissionDenied
    verb = getattr(decisions, action.value)
    try:
        made = verb(scan, moderator=user, note=asked["note"], version=version)
    except (NSFWError, OSError) as error:
        now = asked_for(request, pk)
        status = _status_of(error, scan)
        return _refused(admin, request, now, refusal(error, now, version), status, version)
    claims.free(scan, user)
    question = Question.of(request.GET)
    to = Addresses(admin, question)
    next = to.beside(following(question, user, scan), "after")
    said = str(DONE[action]) % {"what": f"#{scan.pk} {subject(scan)}"}
    if not wants_json(request):
        messages.success(request, said)
        return HttpResponseRedirect(next or to.queue())
    last = undo_last(user, to)
    return JsonResponse(
        {
            "status": scan.status,
            "decision": made.pk,
            "version": f"{scan.status}.{made.pk}",
            "said": said,
            "next": next or None,
            "undo": last["url"] or None,
            "undoes": last["what"],
        }
    )


def undo(admin: "Queue", request: HttpRequest, decision: int) -> HttpResponse:
    """One decision, or with ``batch`` all that was decided in one go with it."""
    user = person(request)
    made = Decision.objects.select_related("scan").defer("scan__crops")
    asked = visible_decisions(user, made).filter(pk=decision).first()
    if asked is None:
        raise Http404(_("There is no such decision."))
    in_one_go = asked.batch is not None and ("batch" in request.GET or "batch" in request.POST)
    taken = made.filter(batch=asked.batch).exclude(action=Action.UNDO) if in_one_go else [asked]
    if not all(may_undo(user, one) for one in taken):
        raise PermissionDenied
    if in_one_go and asked.batch is not None:
        results = list(decisions.undo_batch(asked.batch, moderator=user))
    else:
        results = [_undone(asked, user)]
    done = [result for result in results if result.error is None]
    failed = [result for result in results if result.error is not None]
    said = []
    if done:
        text = ngettext("%d decision was undone.", "%d decisions were undone.", len(done))
        said.append(text % len(done))
    for result in failed[:3]:
        scan = result.decision.scan
        why = refusal(result.error or NSFWError(), scan)
        said.append(f"#{scan.pk}: {why}{_since(result.decision, result.error)}")
    if len(failed) > 3:
        said.append(_("And %d more were refused.") % (len(failed) - 3))
    question = Question.of(request.GET)
    to = Addresses(admin, question)
    where, words = to.item(asked.scan_id), " ".join(said)
    status = 200 if done else _status_of(failed[0].error or NSFWError(), asked.scan)
    if not wants_json(request):
        (messages.success if done else messages.error)(request, words)
        return HttpResponseRedirect(where)
    last = undo_last(user, to)
    told = {
        "said": words,
        "item": where,
        "undone": [result.decision.pk for result in done],
        "undo": last["url"] or None,
        "undoes": last["what"],
    }
    return JsonResponse(told, status=status)


def _undone(decision: Decision, user: Any) -> decisions.Undone:
    try:
        made = decisions.undo(decision, moderator=user)
    except (NSFWError, OSError) as error:
        return decisions.Undone(decision=decision, error=error)
    return decisions.Undone(decision=decision, undo=made)


def _since(decision: Decision, error: Exception | None) -> str:
    """Who decided after it, where that is why it stands."""
    if getattr(error, "code", "") not in ("later", "undone"):
        return ""
    after = Decision.objects.filter(scan=decision.scan_id, pk__gt=decision.pk).order_by("pk")[:3]
    return "".join(f" {did(one)}" for one in after)


def _status_of(error: Exception, scan: Scan) -> int:
    """A storage in trouble is no fault of who decides."""
    if isinstance(error, DecisionRefused):
        return 409
    logger.error("Nothing was decided about scan %s: %s", scan.pk, error)
    return 503


def _refused(
    admin: "Queue", request: HttpRequest, scan: Scan, said: str, status: int, version: str = ""
) -> HttpResponse:
    if not wants_json(request):
        return show(admin, request, scan, refused=said, status=status)
    latest = Decision.objects.filter(scan=scan).order_by("-pk").first()
    by = latest.moderator_name if latest is not None else ""
    told = {
        "said": said,
        "status": scan.status,
        "by": by,
        "version": scan.version,
        "changed": bool(version) and version != scan.version,
    }
    return JsonResponse(told, status=status)
