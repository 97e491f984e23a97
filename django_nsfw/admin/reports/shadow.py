"""The page that compares the shadow with the detectors that decide."""

from datetime import timedelta
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...conf import nsfw_settings
from ...permissions import may_see_reports, restricted_to
from ...queue.words import REASONS
from ...shadow.comparing import OUTCOMES, Report, Settled, report
from ...shadow.thresholds import Replacement
from ...shadow.wording import snippet
from ..queue.filters import VERDICTS
from . import words
from .figure import Column, Figure, Row, Tile

PERIODS = (30, 90, 365)
"""Days to choose from."""

DEFAULT = 90


def show(model_admin: "ModelAdmin[Any]", request: HttpRequest) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not may_see_reports(request.user):
        raise PermissionDenied
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else DEFAULT
    only = restricted_to(request.user)
    made = report(fields=only, after=timezone.now() - timedelta(days=days))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Second detector"),
        "opts": model_admin.opts,
        "log": model_admin.has_view_permission(request),
        "periods": [
            {"days": each, "text": ngettext("%d day", "%d days", each) % each} for each in PERIODS
        ],
        "days": days,
        "only": sorted(only or ()),
        "set": nsfw_settings.shadow is not None,
        "made": made,
        "tiles": _tiles(made),
        "figures": _figures(made) if made.pairs else [_failures(made)],
        "snippet": snippet(made.carried) if made.pairs else "",
    }
    return TemplateResponse(request, "admin/django_nsfw/reports/shadow.html", context)


def _tiles(made: Report) -> list[Tile]:
    tiles = [
        Tile(label=_("drawn"), number=words.number(made.drawn)),
        Tile(label=_("waiting for the second detector"), number=words.number(made.waiting)),
        Tile(label=_("compared"), number=words.number(made.pairs)),
    ]
    if made.correlation is not None:
        number = number_format(round(made.correlation, 3), 3)
        tiles.append(Tile(label=_("correlation of ranks (Spearman)"), number=number))
    if made.ms is not None:
        tiles.append(
            Tile(label=_("milliseconds a picture"), number=words.number(round(made.ms)))
        )  # fmt: skip
    return tiles


def _figures(made: Report) -> list[Figure]:
    return [
        _verdicts(made),
        _settled(made),
        _fields(made),
        _carried(made),
        _quantiles(made),
        _failures(made),
    ]


def _verdicts(made: Report) -> Figure:
    return Figure(
        key="verdicts",
        title=_("Verdicts"),
        said=[
            _("A row is what was decided, a column what the second detector would have decided, at "
              "thresholds that as many pictures reach."),
        ],
        head=_("decided"),
        columns=[Column(label=str(VERDICTS[outcome])) for outcome in OUTCOMES],
        rows=[
            Row(head=str(VERDICTS[one]), cells=[made.verdicts[one, other] for other in OUTCOMES])
            for one in OUTCOMES
        ],
    )  # fmt: skip


def _settled(made: Report) -> Figure:
    return Figure(
        key="settled",
        title=_("Who was right"),
        said=[
            _("Pictures on which the two disagree, and how people settled them: by a decision, or "
              "in the quality sample."),
            _("In brackets: between which shares the true one is with a confidence of 95 % (score "
              "interval of Wilson, 1927)."),
        ],
        head=_("disagreement"),
        columns=[
            Column(label=_("as the second detector has it")),
            Column(label=_("as it was decided")),
            Column(label=_("share of the second detector")),
            Column(label=_("not settled")),
        ],
        rows=[
            _outcome(_("only the second one would have somebody look"), made.stricter),
            _outcome(_("only the second one would let it through"), made.milder),
        ],
        wide=True,
    )  # fmt: skip


def _outcome(head: str, settled: Settled) -> Row:
    share = "–"
    if settled.between is not None:
        low, high = (words.share(round(end * 10**6), 10**6) for end in settled.between)
        mean = words.share(settled.shadow, settled.shadow + settled.deciding)
        share = f"{mean} ({low} – {high})"
    return Row(head=head, cells=[settled.shadow, settled.deciding, share, settled.open])


def _fields(made: Report) -> Figure:
    return Figure(
        key="fields",
        title=_("Fields"),
        said=[],
        head=_("field"),
        columns=[
            Column(label=_("compared")),
            Column(label=_("only the second one would have somebody look")),
            Column(label=_("only the second one would let it through")),
            Column(label=_("correlation of ranks (Spearman)")),
        ],
        rows=[
            Row(
                head=one.field,
                cells=[
                    one.pairs,
                    words.with_share(one.stricter, one.compared),
                    words.with_share(one.milder, one.compared),
                    "–" if one.correlation is None else number_format(round(one.correlation, 3), 3),
                ],
            )
            for one in made.fields
        ],
        wide=True,
    )


def _carried(made: Report) -> Figure:
    return Figure(
        key="carried",
        title=_("Thresholds for the second detector"),
        said=[
            _("Those that as many pictures reach as reach the ones of today. With few pictures "
              "above a threshold nothing can be relied on."),
        ],
        head=_("threshold"),
        columns=[
            Column(label=_("today")),
            Column(label=_("pictures that reach it")),
            Column(label=_("for the second detector")),
            Column(label=_("between, with a confidence of 95 %")),
            Column(label=_("enough pictures")),
        ],
        rows=[_threshold(one) for one in made.carried],
        wide=True,
    )  # fmt: skip


def _threshold(one: Replacement) -> Row:
    carried = one.carried
    where = f"{one.threshold.setting} {one.threshold.what}: {', '.join(one.threshold.labels)}"
    return Row(
        head=where,
        cells=[
            number_format(carried.old),
            words.with_share(carried.above, carried.pairs),
            "–" if carried.new is None else number_format(carried.new),
            f"{_score(carried.low)} – {_score(carried.high)}" if carried.pairs else "–",
            _("no") if carried.few else _("yes"),
        ],
    )


def _quantiles(made: Report) -> Figure:
    return Figure(
        key="quantiles",
        title=_("Scores that the same share reaches"),
        said=[],
        head=_("share of the pictures"),
        columns=[Column(label=_("deciding detector")), Column(label=_("second detector"))],
        rows=[
            Row(
                head=words.share(round(one.share * 1000), 1000),
                cells=[_score(one.decided), _score(one.nsfw)],
            )
            for one in made.quantiles
        ],
    )


def _failures(made: Report) -> Figure:
    return Figure(
        key="failures",
        title=_("Why there was no score"),
        said=[],
        head=_("reason"),
        columns=[Column(label=_("pictures"))],
        rows=[
            Row(head=f"{code}: {REASONS[code]}" if code in REASONS else code, cells=[count])
            for code, count in made.failures.items()
        ],
    )


def _score(nsfw: float) -> str:
    return number_format(round(nsfw, 4), 4)
