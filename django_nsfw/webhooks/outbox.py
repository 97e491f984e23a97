"""What is to be told, written down in the transaction in which it happens."""

import json
import logging
import uuid
from datetime import UTC
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from .. import runners
from ..models import Decision, Delivery, Scan
from .endpoints import endpoints

logger = logging.getLogger(__name__)


def write(
    event: str, scan: Scan, *, decision: Decision | None, undone: Decision | None = None
) -> None:
    """One row for each endpoint that wants to know, in one query; none without endpoints."""
    try:
        told = [endpoint.url for endpoint in endpoints() if event in endpoint.events]
    except ImproperlyConfigured as error:  # E060 reports it; an upload is not to fail of it
        logger.error("Nobody is told of %s: %s", event, error)
        return
    if not told:
        return
    now, message, db = timezone.now(), f"msg_{uuid.uuid4().hex}", scan._state.db or "default"
    body = json.dumps(
        payload(event, scan, decision=decision, undone=undone, at=now), separators=(",", ":")
    )
    Delivery.objects.using(db).bulk_create(
        Delivery(message=message, url=url, event=event, body=body, created_at=now, next_at=now)
        for url in told
    )
    transaction.on_commit(_ask, using=db, robust=True)


def payload(
    event: str, scan: Scan, *, decision: Decision | None, undone: Decision | None, at: Any
) -> dict[str, Any]:
    """Keys to look things up with, and where the file stands: no person, no file name, no URL."""
    data = {
        "scan": scan.pk,
        "field": scan.field,
        "object": scan.object_pk,
        "sha256": scan.sha256,
        "status": str(scan.status),
        "verdict": str(scan.verdict),
        "decision": decision.pk if decision else None,
    }
    if event == "decision.undone":
        data["undone"] = undone.pk if undone else None
    moment = timezone.make_naive(at, UTC) if timezone.is_aware(at) else at
    return {"type": event, "timestamp": f"{moment.isoformat()}Z", "data": data}


def _ask() -> None:
    """Without an engine nobody is asked, and ``nsfw_deliver`` does it: an upload does not wait for
    the servers of others."""
    try:
        runners.current().deliver()
    except Exception:
        logger.exception("No worker was asked to deliver webhooks; nsfw_deliver will")
