"""Having an item open: the page renews its claim while it is looked at, and frees it."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, JsonResponse

from ...models import Decision
from ...permissions import may_claim
from ...queue import claims
from ...queue.saying import did
from .items import UNSETTLED, asked_for, person
from .single import claimed_by

if TYPE_CHECKING:
    from . import Queue


def claim(admin: "Queue", request: HttpRequest, pk: int) -> HttpResponse:
    """``free`` gives it back. What is settled is claimed by nobody, and who may decide nothing
    claims nothing."""
    scan, user = asked_for(request, pk), person(request)
    if "free" in request.POST:
        claims.free(scan, user)
        return HttpResponse(status=204)
    settled = scan.status not in UNSETTLED
    claimed = not settled and may_claim(user) and claims.claim(scan, user) is not None
    holder = None if claimed or settled else claims.holders([scan]).get(scan.pk)
    return JsonResponse(
        {
            "claimed": claimed,
            "by": holder.user_name if holder else "",
            "said": claimed_by(holder, user) or ("" if claimed else _settled(scan.pk)),
            "status": scan.status,
            "version": scan.version,
        }
    )


def _settled(pk: int) -> str:
    latest = Decision.objects.filter(scan=pk).order_by("-pk").first()
    return did(latest) if latest else ""
