"""Many at a time: the tiles of one page of the queue, what to filter them by, and what to do."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ...models import Decision, ReviewPreference
from ...permissions import may_decide, may_decide_in_bulk, may_reveal
from ...queue.asking import Question
from ...queue.counts import counts
from ...queue.pages import page
from .bulk import most
from .filters import panel
from .frame import frame
from .items import Addresses, person
from .single import stronger, undo_last
from .tiles import tiles

if TYPE_CHECKING:
    from . import Queue

SIZE = 60
"""Tiles of a page. Full rows with 2, 3, 4, 5, 6, 10 and 12 columns."""

Action = Decision.Action


def grid(admin: "Queue", request: HttpRequest) -> HttpResponse:
    user, question = person(request), Question.of(request.GET)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    shown = page(question, user, after=after, before=before, size=SIZE)
    likes = ReviewPreference.of(user)
    context = {
        **frame(admin, request),
        "title": _("Review queue"),
        "question": question,
        "query": question.query(),
        "panel": panel(question, user, shown.scans),
        "counts": counts(question, user),
        "tiles": tiles(shown.scans, user),
        "most": most(),
        "next": shown.next,
        "previous": shown.previous,
        "stopped": shown.stopped,
        "likes": likes,
        "blurs": ReviewPreference.Blur.choices,
        "stronger": stronger(likes.blur),
        "undo_last": undo_last(user, Addresses(admin, question)),
        **_may(user),
    }
    return TemplateResponse(request, "admin/django_nsfw/queue/grid.html", context)


def _may(user: AbstractBaseUser) -> dict[str, bool]:
    """Which buttons there are."""
    return {
        "may_approve": may_decide(user, Action.APPROVE),
        "may_reject": may_decide(user, Action.REJECT),
        "may_escalate": may_decide(user, Action.ESCALATE),
        "may_decide_in_bulk": may_decide_in_bulk(user),
        "may_reveal": may_reveal(user),
    }
