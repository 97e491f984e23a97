"""The address that a bucket sends its events to."""

import logging

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .arriving import receive
from .messages import Arrival, Invitation, read
from .senders import is_trusted

logger = logging.getLogger(__name__)

REALM = 'Basic realm="events of the bucket"'


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def bucket_events(request: HttpRequest) -> HttpResponse:
    """Takes a message of a bucket; see :mod:`~.messages` for their forms.

    200 with counts; 401 without a token of the settings, upon which SNS sends its own; 400 for
    what is no such message; 503 where something was not scanned, so that the sender repeats it.
    """
    if not is_trusted(request.headers.get("Authorization", "")):
        return HttpResponse(status=401, headers={"WWW-Authenticate": REALM})
    try:
        found = read(request.body)
    except ValueError as error:
        return JsonResponse({"error": str(error)}, status=400)
    for each in found:
        if isinstance(each, Invitation):
            logger.warning("To have the events of the bucket sent here, open %s", each.address)
    received = receive([each for each in found if isinstance(each, Arrival)])
    counts = {
        "scanned": received.scanned,
        "unnamed": received.unnamed,
        "elsewhere": received.elsewhere,
        "failed": len(received.failed),
    }
    return JsonResponse(counts, status=503 if received.failed else 200)
