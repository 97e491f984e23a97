"""One item of the queue in Wagtail's admin: its picture, what was found, and what is decided."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from django import forms
from django.apps import apps
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import router
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.generic.base import TemplateView
from wagtail.admin.admin_url_finder import AdminURLFinder
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from ... import decisions, showing
from ...exceptions import NSFWError
from ...models import Claim, Decision, ReviewPreference, Scan
from ...models.keys import pk_from_text
from ...permissions import (
    may_claim,
    may_decide,
    may_reveal,
    may_see,
    may_undo,
    visible,
    visible_decisions,
)
from ...queue import claims
from ...queue.asking import Question
from ...queue.pages import following
from ...queue.saying import DONE, refusal
from ...queue.words import plain, reason, score, subject, threshold
from ...refusing import DECIDABLE

logger = logging.getLogger(__name__)

Action = Decision.Action

ACTIONS = {
    Action.APPROVE: gettext_lazy("Approve"),
    Action.REJECT: gettext_lazy("Reject"),
    Action.ESCALATE: gettext_lazy("Escalate"),
}

SHOWN = 20
"""Decisions of one item."""


class DecisionForm(forms.Form):
    action = forms.ChoiceField(choices=[(action.value, action.label) for action in ACTIONS])
    version = forms.CharField(max_length=64)
    note = forms.CharField(max_length=2000, required=False)


def _for_who_may_see(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def asked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not may_see(request.user):
            raise PermissionDenied
        return view(request, **kwargs)

    return asked


class ItemView(WagtailAdminTemplateMixin, TemplateView):
    """Opening it claims the item for who may decide."""

    template_name = "nsfw_wagtail/item.html"
    index_url_name = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_see(request.user):
            raise PermissionDenied
        self.scan = asked_for(request, kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return f"#{self.scan.pk} {subject(self.scan)}"

    def get_breadcrumbs_items(self) -> list[Mapping[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _("Review queue")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        scan, user = self.scan, person(self.request)
        reveals = may_reveal(user)
        waits = scan.status in (*Scan.WAITING, *Scan.UNSETTLED)
        claim = claims.claim(scan, user) if waits and may_claim(user) else None
        claim = claim or claims.holders([scan]).get(scan.pk)
        looking = showing.looking(scan, user, likes=ReviewPreference.of(user), may_reveal=reveals)
        return {
            **super().get_context_data(**kwargs),
            "scan": scan,
            "looking": {
                **looking,
                "blurred": reverse("nsfw_queue:blurred", args=[scan.pk]),
                "reveal": reveals and reverse("nsfw_queue:reveal", args=[scan.pk]),
            },
            "score": "" if scan.nsfw is None else score(scan.nsfw),
            "why": reason(scan, threshold(scan.field)),
            "uploader": plain(str(scan.uploader or "")),
            "file": plain(scan.original_name),
            "object": self._object(),
            "claimed_by": _claimed_by(claim, user),
            "actions": [
                {"value": action.value, "label": label}
                for action, label in ACTIONS.items()
                if may_decide(user, action) and scan.status in DECIDABLE[action]
            ],
            "history": list(_history(scan, user)),
            "queue_item": _in_djangos_admin(scan, user),
        }

    def _object(self) -> Mapping[str, str] | None:
        """The object in its own words, and where Wagtail's admin lets this person edit it."""
        scan = self.scan
        try:
            model = apps.get_model(scan.field.rpartition(".")[0])
        except (LookupError, ValueError):
            return None  # it left the project
        rows = model._base_manager.using(scan.object_db)
        instance = rows.filter(pk=pk_from_text(model, scan.object_pk)).first()
        if instance is None:
            return None
        url = AdminURLFinder(self.request.user).get_edit_url(instance)
        return {"title": plain(str(instance)), "url": url or ""}


@require_GET
@_for_who_may_see
def blurred(request: HttpRequest, pk: int) -> HttpResponse:
    return showing.blurred(request, asked_for(request, pk), person(request))


@require_POST
@_for_who_may_see
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    if not may_reveal(request.user):
        raise PermissionDenied
    return showing.revealed(request, asked_for(request, pk), person(request))


@require_POST
@_for_who_may_see
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the next that waits; back to the same where the decision was not taken."""
    scan, user = asked_for(request, pk), person(request)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That is no decision."))
        return redirect("nsfw_queue:item", pk)
    action, version = Action(form.cleaned_data["action"]), form.cleaned_data["version"]
    if not may_decide(user, action):
        raise PermissionDenied
    verb = getattr(decisions, action.value)
    try:
        verb(scan, moderator=user, note=form.cleaned_data["note"], version=version)
    except (NSFWError, OSError) as error:
        logger.warning("Nothing was decided about scan %s: %s", scan.pk, error)
        messages.error(request, refusal(error, asked_for(request, pk), version))
        return redirect("nsfw_queue:item", pk)
    claims.free(scan, user)
    messages.success(request, str(DONE[action]) % {"what": f"#{scan.pk} {subject(scan)}"})
    next = following(Question(), user, scan).pk
    return redirect("nsfw_queue:item", next) if next else redirect("nsfw_queue:index")


@require_POST
@_for_who_may_see
def undo(request: HttpRequest, decision: int) -> HttpResponse:
    user = person(request)
    made = Decision.objects.select_related("scan").defer("scan__crops")
    asked = visible_decisions(user, made).filter(pk=decision).first()
    if asked is None:
        raise Http404(_("There is no such decision."))
    if not may_undo(user, asked):
        raise PermissionDenied
    try:
        decisions.undo(asked, moderator=user)
    except (NSFWError, OSError) as error:
        messages.error(request, refusal(error, asked.scan))
    else:
        said = ngettext("%d decision was undone.", "%d decisions were undone.", 1)
        messages.success(request, said % 1)
    return redirect("nsfw_queue:item", asked.scan_id)


def person(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)  # Wagtail lets nobody else in


def asked_for(request: HttpRequest, pk: int) -> Scan:
    """As it is now. What somebody does not moderate is not there for them."""
    # A replica that is behind would give a version that is refused.
    now = Scan.objects.using(router.db_for_write(Scan)).with_versions()
    scans = visible(request.user, now.select_related("uploader", "known__decision"))
    scan = scans.filter(pk=pk).first()
    if scan is None:
        raise Http404(_("There is no such item in the queue."))
    return scan


def _claimed_by(claim: Claim | None, user: AbstractBaseUser) -> str:
    if claim is None or claim.user_id == user.pk:
        return ""
    return plain(claim.user_name) or _("Somebody")


def _history(scan: Scan, user: AbstractBaseUser) -> Any:
    """What others decided is for who may see decisions; one's own everybody sees."""
    made = Decision.objects.filter(scan=scan).select_related("undone_by")
    latest = Decision.objects.latest_of(scan)
    if not user.has_perm("django_nsfw.view_decision"):  # type: ignore[attr-defined]
        made = made.filter(moderator_id=user.pk)
    for decision in made.order_by("-pk")[:SHOWN]:
        decision.scan = scan
        undoes = decision == latest and may_undo(user, decision)
        yield {
            "decision": decision,
            "who": plain(decision.moderator_name),
            "undo": undoes and reverse("nsfw_queue:undo", args=[decision.pk]),
        }


def _in_djangos_admin(scan: Scan, user: AbstractBaseUser) -> str:
    """The page with the keys, for who may go there; empty where there is none."""
    if not getattr(user, "is_staff", False):
        return ""
    try:
        return reverse("admin:django_nsfw_queue_item", args=[scan.pk])
    except NoReverseMatch:
        return ""
