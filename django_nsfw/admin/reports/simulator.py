"""The page that tries thresholds out."""

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...permissions import may_see_reports
from ...policy import Policy
from ...reports import Period, Scope
from ...simulation import Outcome, Proposal, simulate, snippet
from ...simulation.proposal import policy_now
from . import words
from .figure import Column, Figure, Row, Tile
from .page import DEFAULT, ReportForm


class SimulatorForm(ReportForm):
    """Thresholds, the period and the field they are tried on. An empty threshold is none."""

    review = forms.FloatField(label=gettext_lazy("Review from"), required=False)
    reject = forms.FloatField(label=gettext_lazy("Reject from"), required=False)

    field_order = ("review", "reject", "field", "first", "last", "days")

    def __init__(self, data: Any, fields: list[str]) -> None:
        super().__init__(data, fields)
        for name in ("review", "reject"):
            self.fields[name].widget.attrs.update(step="0.01", min="0", max="1")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        try:
            Policy.of({name: cleaned.get(name) for name in ("review", "reject")})
        except ValueError as error:
            raise ValidationError(
                _("A threshold is a number from 0 to 1, and rejecting begins no lower than review.")
            ) from error
        return cleaned


def show(model_admin: "ModelAdmin[Any]", request: HttpRequest) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not may_see_reports(request.user):
        raise PermissionDenied
    labels = Scope(user=request.user, period=Period.until_today(1)).fields
    form = SimulatorForm(_asked(request), labels)
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": _("Try thresholds"),
        "opts": model_admin.opts,
        "form": form,
        "log": model_admin.has_view_permission(request),
    }
    if form.is_valid():
        scope = Scope(user=request.user, period=form.period, field=form.chosen)
        form.say(scope.period)
        chosen = {name: form.cleaned_data[name] for name in ("review", "reject")}
        proposal = Proposal(**chosen, field=form.chosen)
        found = simulate(scope, proposal)
        context |= {
            "period": scope.period,
            "tiles": tiles(found.total),
            "figures": [fields([*found.fields]), daily(found.total, scope.period)],
            "found": found,
            "only": sorted(scope.only or ()),
            "snippet": "" if scope.only else snippet(proposal),
            "said": said(found.total),
        }
    return TemplateResponse(request, "admin/django_nsfw/reports/simulator.html", context)


def _asked(request: HttpRequest) -> Any:
    """Who comes without thresholds begins with those of today."""
    asked = request.GET.copy()
    if not {"review", "reject"} & asked.keys():
        policy = policy_now(asked.get("field", ""))
        for name in ("review", "reject"):
            threshold = getattr(policy, name)
            asked[name] = "" if threshold is None else number_format(threshold, use_l10n=False)
    asked.setdefault("days", str(DEFAULT))
    return asked


def tiles(total: Outcome) -> list[Tile]:
    low, high = total.a_day_between
    return [
        Tile(
            label=_("to be looked at, a day"),
            number=number_format(round(total.a_day, 1), decimal_pos=1),
            said=_("%(low)s to %(high)s on nine days of ten")
            % {"low": words.number(low), "high": words.number(high)},
        ),
        Tile(
            label=_("to be looked at, in all"),
            number=words.number(total.then.held),
            said=_("today's thresholds: %s") % words.number(total.now.held),
        ),
        Tile(
            label=_("rejected by people, and would have passed"),
            number=words.number(total.missed),
            said=_("of %s") % words.number(total.rejected),
        ),
        Tile(
            label=_("approved by people, and nobody would have had to look"),
            number=words.number(total.spared),
            said=_("of %s") % words.number(total.approved),
        ),
        Tile(
            label=_("approved by people, and would have been rejected"),
            number=words.number(total.refused),
            said=_("of %s") % words.number(total.approved),
        ),
    ]


def said(total: Outcome) -> list[str]:
    """What the numbers do not know."""
    sentences = [
        _(
            "People look at what today's thresholds hold. What a lower threshold would have held "
            "as well, nobody has judged; only the quality sample tells of what passes."
        )
    ]
    if total.checked:
        sentences.append(
            _(
                "Of %(checked)s pictures of the quality sample that pass today and would have "
                "passed, people would not have let through %(unfit)s (95 %%: %(between)s)."
            )
            % {
                "checked": words.number(total.checked),
                "unfit": words.number(total.unfit),
                "between": _between(total.unfit_between),
            }
        )
    else:
        sentences.append(_("There is no quality sample of this period: nobody knows what passed."))
    if total.unscored:
        sentences.append(
            ngettext(
                "%s file without a score is held or let through by other rules, and not counted.",
                "%s files without a score are held or let through by other rules, and not counted.",
                total.unscored,
            )
            % words.number(total.unscored)
        )
    if total.known:
        sentences.append(
            ngettext(
                "%s file equals a known image, which settles it whatever its score.",
                "%s files equal known images, which settle them whatever their score.",
                total.known,
            )
            % words.number(total.known)
        )
    if total.others:
        sentences.append(
            ngettext(
                "%s score of another detector is left out: the two have no scale in common.",
                "%s scores of other detectors are left out: they have no scale in common.",
                total.others,
            )
            % words.number(total.others)
        )
    if total.varies:
        sentences.append(_("Some policies may be another one for each object; that is not tried."))
    return sentences


def fields(outcomes: list[Outcome]) -> Figure:
    return Figure(
        key="simulated",
        title=_("Fields"),
        said=[_("The shares in brackets are intervals of 95 per cent.")],
        head=_("field"),
        columns=[
            Column(label=_("scanned")),
            Column(label=_("held today")),
            Column(label=_("would be held")),
            Column(label=_("a day")),
            Column(label=_("rejected, would have passed")),
            Column(label=_("approved, would have passed unseen")),
            Column(label=_("approved, would have been rejected")),
            Column(label=_("detector")),
        ],
        rows=[
            Row(
                head=one.label,
                cells=[
                    one.came,
                    one.now.held,
                    one.then.held,
                    number_format(round(one.a_day, 1), decimal_pos=1),
                    _of(one.missed, one.rejected, one.missed_between),
                    _of(one.spared, one.approved, one.spared_between),
                    _of(one.refused, one.approved, one.refused_between),
                    one.detector.partition(" ")[0] or "–",
                ],
            )
            for one in outcomes
        ],
        wide=True,
    )


def daily(total: Outcome, period: Period) -> Figure:
    return Figure(
        key="daily",
        title=_("To be looked at, day by day"),
        said=[_("What the tried thresholds would have put before a person.")],
        head=_("day"),
        columns=[Column(label=_("would be held"), tone="look")],
        rows=[
            Row(head=words.day(day), cells=[count])
            for day, count in zip(period.days, total.daily, strict=False)
        ],
        chart="stacked",
        wide=True,
    )


def _of(part: int, whole: int, between: tuple[float, float] | None) -> str:
    if between is None:
        return "–"
    return _("%(part)s of %(whole)s (%(between)s)") % {
        "part": words.number(part),
        "whole": words.number(whole),
        "between": _between(between),
    }


def _between(between: tuple[float, float] | None) -> str:
    low, high = (number_format(round(100 * end, 1), decimal_pos=1) for end in between or (0.0, 1.0))
    return _("%(low)s–%(high)s %%") % {"low": low, "high": high}
