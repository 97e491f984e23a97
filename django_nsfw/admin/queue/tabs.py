"""What is known of an item besides its picture, a tab each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Subquery
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ...conf import nsfw_settings
from ...models import Decision, Reveal, Scan, ShadowScore
from ...permissions import may_see_decisions, may_undo
from ...queue.around import twins, uploader_record, waiting_beside
from ...queue.words import GROUNDS, plain, score
from ...shadow.thresholds import in_force
from .items import Addresses

if TYPE_CHECKING:
    from . import Queue

SHOWN = 100
"""Decisions and looks that a tab lists, the newest."""


def tabs(
    admin: "Queue", scan: Scan, user: AbstractBaseUser, to: Addresses
) -> list[Mapping[str, Any]]:
    history, waiting = _history(scan, user, to), list(waiting_beside(scan, user))
    record, alike = _record(scan, user, to, waiting), list(_alike(scan, user, to, waiting))
    return [
        _tab(
            "scores",
            _("Scores"),
            len(scan.crops),
            crops=_crops(scan),
            why=plain(scan.error_message),
            shadow=_shadow(scan),
        ),
        _tab("history", _("History"), len(history["decisions"]), history=history),
        _tab("object", _("Object and file"), 0, link=_link(admin, scan), facts=list(_facts(scan))),
        _tab("uploader", _("Uploader"), record["others"] if record else "", record=record),
        _tab("similar", _("Same and similar"), len(alike), twins=alike, known=_known(scan)),
    ]


def _tab(name: str, label: str, count: int | str, **shown: Any) -> Mapping[str, Any]:
    template = f"admin/django_nsfw/queue/tab_{name}.html"
    return {"name": name, "label": label, "count": count, "template": template, **shown}


def _crops(scan: Scan) -> Mapping[str, Any]:
    assessment = scan.assessment
    labels = list(assessment.crops[0].scores.labels) if assessment.crops else []
    rows = [
        {
            "frame": crop.frame + 1,
            "tile": crop.tile + 1,
            "ground": GROUNDS[crop.ground],
            "worst": crop is assessment.worst,
            "scores": [score(crop.scores.labels.get(label, 0), 4) for label in labels],
        }
        for crop in assessment.crops
    ]
    return {"labels": labels, "rows": rows}


def _shadow(scan: Scan) -> Mapping[str, str] | None:
    """What the second detector says, where there is one; no query where there is none."""
    if nsfw_settings.shadow is None:
        return None
    found = ShadowScore.objects.paired().filter(pk=scan.pk).first()
    if found is None or found.nsfw is None:
        return None
    looked = in_force().get(scan.field)
    says = ""
    if looked is not None and looked.shadow == found.detector:
        looks = found.nsfw >= looked.nsfw
        says = _("It would have somebody look.") if looks else _("It would let it through.")
    return {"detector": found.detector, "score": f"{found.nsfw:.4f}", "says": says}


def _history(scan: Scan, user: AbstractBaseUser, to: Addresses) -> Mapping[str, Any]:
    """What others decided is for who may see decisions; one's own everybody sees."""
    may = may_see_decisions(user)
    of_it = Decision.objects.filter(scan=scan)
    latest = Subquery(of_it.standing().order_by("-pk").values("pk")[:1])
    made = of_it.select_related("undone_by").annotate(latest_standing=latest)
    if not may:
        made = made.filter(moderator_id=user.pk)
    decisions = list(made.order_by("-pk")[:SHOWN])
    looks = Reveal.objects.filter(scan=scan).order_by("-pk")[:SHOWN]
    return {
        "decisions": [_decision(one, scan, user, to) for one in decisions],
        "reveals": list(looks) if _has(user, "view_reveal") else None,
    }


def _decision(
    decision: Decision, scan: Scan, user: AbstractBaseUser, to: Addresses
) -> Mapping[str, Any]:
    decision.scan = scan
    latest = vars(decision)["latest_standing"] == decision.pk
    what = _("%(action)s: %(before)s → %(after)s") % {
        "action": decision.get_action_display(),
        "before": decision.get_from_status_display(),
        "after": decision.get_to_status_display(),
    }
    undone = decision.undone
    if decision.inherited_from_id is not None:
        who = _("follows decision #%d") % decision.inherited_from_id
    else:
        who = plain(decision.moderator_name) or _("a program")
    return {
        "pk": decision.pk,
        "at": date_format(localtime(decision.created_at), "SHORT_DATETIME_FORMAT"),
        "who": who,
        "what": what,
        "note": decision.note,
        "undone": _("by decision #%d") % undone.pk if undone else "",
        # Later ones first: only the latest that stands can be undone.
        "undo": to.undo(decision.pk) if latest and may_undo(user, decision) else "",
        "batch": decision.batch is not None,
    }


def _link(admin: "Queue", scan: Scan) -> Any:
    from ..scan import ScanAdmin

    return admin.object_link(scan) if isinstance(admin, ScanAdmin) else scan.object_pk


def _facts(scan: Scan) -> Iterator[tuple[str, Any]]:
    yield _("field"), scan.field
    yield _("original file name"), plain(scan.original_name) or "–"
    yield _("file name"), plain(scan.name)
    yield _("size"), filesizeformat(scan.size)
    yield _("format"), scan.format or "–"
    if scan.width:
        yield _("pixels"), f"{scan.width} × {scan.height}"
    yield _("frames"), scan.frames or "–"
    yield _("SHA-256"), scan.sha256
    yield _("uploaded"), date_format(localtime(scan.created_at), "DATETIME_FORMAT")
    if scan.settled_at is not None:
        yield _("settled"), date_format(localtime(scan.settled_at), "DATETIME_FORMAT")
    if scan.bytes_discarded:
        yield _("held bytes"), _("deleted, or about to be")
    elif scan.quarantine_name:
        yield _("held bytes"), _("in quarantine")


def _record(
    scan: Scan, user: AbstractBaseUser, to: Addresses, waiting: Sequence[Scan]
) -> Mapping[str, Any] | None:
    record = uploader_record(scan, user, waiting)
    if record is None:
        return None
    counts = [
        (_("waiting, this one too"), record.held),
        (_("approved"), record.approved),
        (_("rejected"), record.rejected),
    ]
    others = record.held.but_one() if scan.status in Scan.WAITING else record.held
    return {
        "name": plain(str(scan.uploader)),
        "counts": counts,
        "others": str(others) if others.number else "",
        "more": others.more or others.number > len(record.waiting),
        "queue": to.queue_of(scan.uploader_id),
        "waiting": [
            {**_tile(other, to), "score": "" if other.nsfw is None else score(other.nsfw)}
            for other in record.waiting
        ],
    }


def _known(scan: Scan) -> str:
    return plain(scan.known.said(scan.known_distance)) if scan.known else ""


def _alike(
    scan: Scan, user: AbstractBaseUser, to: Addresses, waiting: Sequence[Scan]
) -> Iterator[Mapping[str, Any]]:
    for twin in twins(scan, user, waiting):
        how = _("distance %d") % twin.distance if twin.distance is not None else _("the same bytes")
        yield {**_tile(twin.scan, to), "how": how, "outcome": twin.scan.get_status_display()}


def _tile(scan: Scan, to: Addresses) -> Mapping[str, Any]:
    blurred = "" if scan.bytes_discarded else to.of("scan_blurred", scan.pk)
    return {"pk": scan.pk, "url": to.item(scan.pk), "blurred": blurred}


def _has(user: AbstractBaseUser, name: str) -> bool:
    return bool(user.has_perm(f"django_nsfw.{name}"))  # type: ignore[attr-defined]
