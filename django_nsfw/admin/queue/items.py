"""One item of the queue: whether a person may have it, and where its pages are."""

from typing import TYPE_CHECKING, Any, Literal, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from ...models import Scan
from ...permissions import visible
from ...queue.asking import Question
from ...queue.pages import Beside

if TYPE_CHECKING:
    from . import Queue

UNSETTLED = (*Scan.WAITING, *Scan.UNSETTLED)
"""Statuses in which a first decision is still to be taken."""


def person(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)  # the site lets nobody else in


def asked_for(request: HttpRequest, pk: int) -> Scan:
    """With its version and claim, as it is now. What somebody does not moderate is not there for
    them."""
    # A replica that is behind would give a version that is refused.
    now = Scan.objects.using(router.db_for_write(Scan)).with_versions()
    scans = visible(person(request), now)
    scans = scans.select_related("uploader", "known__decision__scan", "claim")
    scan = scans.defer("known__decision__scan__crops").filter(pk=pk).first()
    if scan is None:
        raise Http404(_("There is no such item in the queue."))
    return scan


def wants_json(request: HttpRequest) -> bool:
    """The script asks for it; a form without the script takes a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class Addresses:
    """Where an item is. Each address carries the question that the queue was asked."""

    def __init__(self, admin: "Queue", question: Question) -> None:
        self._site = admin.admin_site.name
        self._asked = f"?{query}" if (query := question.query()) else ""

    def of(self, name: str, *args: Any) -> str:
        return reverse(f"{self._site}:django_nsfw_{name}", args=args)

    def queue(self) -> str:
        return self.of("queue") + self._asked

    def queue_of(self, uploader: Any) -> str:
        """What waits of one person, whatever was asked before."""
        return f"{self.of('queue')}?{Question(uploader=uploader).query()}"

    def beside(self, beside: Beside, way: Literal["after", "before"]) -> str:
        """The item there; where none was found as far as was looked, the page that looks further;
        empty where there is nothing."""
        if beside.pk is not None:
            return self.item(beside.pk)
        if not beside.further:
            return ""
        return self._with(self.of("queue"), way, beside.further)

    def item(self, pk: int, *, anyway: bool = False) -> str:
        """``anyway``: to be decided although somebody else has it open."""
        return self._with(self.of("queue_item", pk), "anyway" if anyway else "")

    def decide(self, pk: int) -> str:
        return self.of("queue_decide", pk) + self._asked

    def explain(self, pk: int) -> str:
        return self.of("queue_explain", pk) + self._asked

    def undo(self, decision: int, *, batch: bool = False) -> str:
        return self._with(self.of("queue_undo", decision), "batch" if batch else "")

    def _with(self, address: str, key: str, value: str = "1") -> str:
        if not key:
            return address + self._asked
        return f"{address}{self._asked or '?'}{'&' if self._asked else ''}{key}={value}"
