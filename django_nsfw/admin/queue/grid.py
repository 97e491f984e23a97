"""Many at a time: the tiles of one page of the queue, what to filter them by, and what to do."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ...models import Decision, ReviewPreference
from ...permissions import may_decide, may_decide_in_bulk, may_reveal
from ...queue.asking import Question
from ...queue.claims import holders
from ...queue.counts import counts
from ...queue.pages import page as page_of
from .filters import panel
from .tiles import tiles

if TYPE_CHECKING:
    from . import Queue

SIZE = 60
"""Tiles of a page. Full rows with 2, 3, 4, 5, 6, 10 and 12 columns."""

Action = Decision.Action


def grid(admin: "Queue", request: HttpRequest) -> HttpResponse:
    user = cast("AbstractBaseUser", request.user)
    question = Question.of(request.GET)
    shown = page_of(
        question,
        user,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=SIZE,
    )
    scans = list(shown.scans)
    context = {
        **frame(admin, request),
        "title": _("Review queue"),
        "question": question,
        "query": question.query(),
        "panel": panel(question, user, scans),
        "counts": counts(question, user),
        "tiles": tiles(scans, user, holders(scans)),
        "next": shown.next,
        "previous": shown.previous,
        "undoable": last_of(user),
        **may(user),
    }
    return TemplateResponse(request, "admin/django_nsfw/queue/grid.html", context)


def frame(admin: "Queue", request: HttpRequest) -> dict[str, Any]:
    """What ``queue/base.html`` asks for."""
    return {
        **admin.admin_site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "opts": admin.opts,
        "likes": ReviewPreference.of(cast("AbstractBaseUser", request.user)),
    }


def may(user: AbstractBaseUser) -> dict[str, bool]:
    """Which buttons there are."""
    return {
        "may_approve": may_decide(user, Action.APPROVE),
        "may_reject": may_decide(user, Action.REJECT),
        "may_escalate": may_decide(user, Action.ESCALATE),
        "may_decide_in_bulk": may_decide_in_bulk(user),
        "may_reveal": may_reveal(user),
    }


def last_of(user: AbstractBaseUser) -> Decision | None:
    """What a person decided last and nobody has undone."""
    own = Decision.objects.standing().filter(moderator_id=user.pk)
    return own.select_related("scan").defer("scan__crops").order_by("-pk").first()
