"""The page of reports: what is asked for, and who may ask."""

from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ...permissions import may_see_reports, restricted_to
from ...reports import Period, Scope, recent
from ...reports.period import LONGEST, today
from .figures import figures, tiles

PERIODS = (7, 30, 90)
"""Days to choose from."""

DEFAULT = 30

EARLIEST = date(2000, 1, 1)
"""Nothing was decided before, and before the year 1 are no days to count."""


class _DayInput(forms.DateInput):
    """Browsers send and take ISO dates, whatever the language of the page."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=_DayInput(),
        validators=[MinValueValidator(EARLIEST)],
    )


class ReportForm(forms.Form):
    """A whole period of ``days``, or any from ``first`` to ``last``."""

    field = forms.ChoiceField(label=_("Field"), required=False)
    first = _day(_("From"))
    last = _day(_("To"))
    days = forms.TypedChoiceField(
        choices=[(days, days) for days in PERIODS], coerce=int, required=False, empty_value=None,
        widget=forms.HiddenInput,
    )  # fmt: skip

    def __init__(self, data: Any, fields: list[str]) -> None:
        super().__init__(data, auto_id="nsfw_%s")
        chosen = cast("forms.ChoiceField", self.fields["field"])
        chosen.choices = [("", _("All")), *((label, label) for label in fields)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            raise ValidationError(_("The period ends before it begins."))
        if first and (min(last or today(), today()) - first).days >= LONGEST:
            text = ngettext(
                "A period has at most %d day.", "A period has at most %d days.", LONGEST
            )
            raise ValidationError(text % LONGEST)
        if first and first > today():
            raise ValidationError(_("The period has not begun yet."))
        return cleaned

    @property
    def period(self) -> Period:
        """What was asked for; the last 30 days where that makes no sense."""
        if not self.is_valid():
            return Period.until_today(DEFAULT)
        first, last = self.cleaned_data["first"], self.cleaned_data["last"]
        if not (first or last):
            return Period.until_today(self.cleaned_data["days"] or DEFAULT)
        end: date = min(last or today(), today())
        return Period(first=first or end - timedelta(days=DEFAULT - 1), last=end)

    def say(self, period: Period) -> None:
        """Show the days of ``period`` where none, or one of the two, was asked for."""
        if self.is_valid():
            days = {"first": period.first.isoformat(), "last": period.last.isoformat()}
            self.data = {**dict(self.data.items()), **days}

    @property
    def chosen(self) -> str:
        return self.cleaned_data["field"] if self.is_valid() else ""


def show(model_admin: "ModelAdmin[Any]", request: HttpRequest) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not may_see_reports(request.user):
        raise PermissionDenied
    labels = Scope(user=request.user, period=Period.until_today(1)).fields
    form = ReportForm(request.GET, labels)
    scope = Scope(user=request.user, period=form.period, field=form.chosen)
    form.say(scope.period)
    made, site = recent(scope), model_admin.admin_site
    context = {
        **site.each_context(request),
        "title": _("Reports"),
        "opts": model_admin.opts,
        "form": form,
        "period": scope.period,
        "periods": [_choice(days, scope) for days in PERIODS],
        "zone": timezone.get_current_timezone_name(),
        "tiles": tiles(made),
        "figures": figures(made),
        "empty": made.is_empty,
        "made_at": made.made_at,
        "only": sorted(restricted_to(request.user) or ()),
        "log": model_admin.has_view_permission(request),
    }
    return TemplateResponse(request, "admin/django_nsfw/reports/page.html", context)


def _choice(days: int, scope: Scope) -> dict[str, Any]:
    asked = {"days": days, **({"field": scope.field} if scope.field else {})}
    return {
        "text": ngettext("%d day", "%d days", days) % days,
        "query": urlencode(asked),
        "chosen": scope.period == Period.until_today(days),
    }
