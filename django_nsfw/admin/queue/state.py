"""How the tiles of a grid stand now: what others settled or have open meanwhile."""

from typing import TYPE_CHECKING

from django.db import router
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ...models import Decision, Scan
from ...permissions import visible
from ...queue.saying import did
from .items import UNSETTLED, person
from .tiles import held_by

if TYPE_CHECKING:
    from . import Queue

MOST = 100
"""Scans that are asked for at a time: the tiles of a page, and room."""


def state(admin: "Queue", request: HttpRequest) -> HttpResponse:
    """``?pk=…&pk=…``. What a person does not moderate is left out, as if it did not exist."""
    asked = request.GET.getlist("pk")
    if len(asked) > MOST or not all(_is_key(pk) for pk in asked):
        raise Http404(_("There is no such item in the queue."))
    user = person(request)
    # A replica that is behind would show a tile as it was, and give a version that is refused.
    scans = Scan.objects.using(router.db_for_write(Scan)).with_versions()
    scans = scans.select_related("claim").defer("crops", "pdq_rotations")
    found = list(visible(user, scans.filter(pk__in=map(int, asked))))
    last = _last_of(found)
    return JsonResponse(
        {
            "scans": {
                scan.pk: {
                    "status": scan.status,
                    "version": scan.version,
                    "waits": scan.status in UNSETTLED,
                    "escalated": scan.escalated_at is not None,
                    **_said(scan, held_by(getattr(scan, "claim", None), user), last.get(scan.pk)),
                }
                for scan in found
            }
        }
    )


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _last_of(scans: list[Scan]) -> dict[int, Decision]:
    """Who settled what is settled. One query."""
    latest = [vars(scan)["latest_decision"] for scan in scans if scan.status not in UNSETTLED]
    made = Decision.objects.using(router.db_for_write(Scan)).filter(pk__in=filter(None, latest))
    return {decision.scan_id: decision for decision in made}


def _said(scan: Scan, holder: str, latest: Decision | None) -> dict[str, bool | str]:
    """What stands over the picture."""
    if scan.status not in UNSETTLED:
        said = did(latest) if latest is not None else str(scan.get_status_display())
        return {"claimed": False, "said": said}
    if holder:
        return {"claimed": True, "said": _("%(name)s has it open") % {"name": holder}}
    return {"claimed": False, "said": ""}
