"""Asking people about cleared pictures without telling them the score, and how often they agree."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ... import decisions, quality
from ...conf import nsfw_settings
from ...exceptions import NSFWError
from ...models import Decision, QualityCheck, ReviewPreference, Scan
from ...permissions import may_decide, may_see_reports
from ..queue.frame import frame

COUNTED = 100
"""Pictures left to check that are counted; more than that is said to be more."""

PERIODS = (30, 90, 365)
"""Days that the report can be about. The sample of a picture begins when it is cleared."""

ANSWERS = {
    "yes": QualityCheck.Answer.YES,
    "no": QualityCheck.Answer.NO,
    "reject": QualityCheck.Answer.NO,
    "unsure": QualityCheck.Answer.UNSURE,
}
"""What the buttons send."""


def ask(admin: "ModelAdmin[Scan]", request: HttpRequest) -> HttpResponse:
    """Who may decide is shown one picture after the other: neither score nor verdict nor name."""
    user = _moderator(admin, request)
    if request.method == "POST":
        return _answered(admin, request, user)
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    scan = quality.next_for(user)
    site = admin.admin_site.name
    likes = ReviewPreference.of(user)
    left = quality.waiting(user)[: COUNTED + 1].count()
    context = {
        **frame(admin, request),
        "title": _("Quality sample"),
        "scan": scan,
        "share": nsfw_settings.review.quality_share,
        "left": min(left, COUNTED),
        "more": left > COUNTED,
        "greyscale": likes.greyscale,
        "may_reveal": request.user.has_perm("django_nsfw.reveal_scan"),
        "may_reject": may_decide(user, Decision.Action.REJECT),
        "may_see_reports": may_see_reports(user),
    }
    if scan is not None:
        context["blurred"] = reverse(f"{site}:django_nsfw_scan_blurred", args=[scan.pk])
        context["reveal"] = reverse(f"{site}:django_nsfw_scan_reveal", args=[scan.pk])
    return TemplateResponse(request, "admin/django_nsfw/quality/check.html", context)


def tell(admin: "ModelAdmin[Scan]", request: HttpRequest) -> HttpResponse:
    user = cast("AbstractBaseUser", request.user)
    if not may_see_reports(user):
        raise PermissionDenied
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else PERIODS[1]
    report = quality.report(user, since=timezone.now() - timedelta(days=days))
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": _("Quality of what was cleared"),
        "opts": admin.opts,
        "media": admin.media,
        "fields": [_in_words(each, each.field) for each in report.fields],
        "total": _in_words(report.total, _("All")),
        "days": days,
        "periods": PERIODS,
        "share": nsfw_settings.review.quality_share,
    }
    return TemplateResponse(request, "admin/django_nsfw/quality/report.html", context)


def _in_words(found: quality.Agreement, name: str) -> dict[str, Any]:
    """A row of the report."""
    return {
        "name": name,
        "counts": [found.drawn, found.yes, found.no, found.unsure],
        "shares": [
            _share(found.share, found.share_between),
            _share(found.wrong, found.wrong_between),
        ],
        "settled": [found.upheld, found.overruled],
    }


def _share(share: float | None, between: tuple[float, float] | None) -> tuple[str, str]:
    if share is None or between is None:
        return "–", ""
    return _percent(share), " – ".join(map(_percent, between))


def _percent(share: float) -> str:
    return _("%(number)s %%") % {"number": number_format(round(share * 100, 1), 1)}


def _answered(
    admin: "ModelAdmin[Scan]", request: HttpRequest, user: AbstractBaseUser
) -> HttpResponse:
    said, asked = request.POST.get("answer", ""), request.POST.get("scan", "")
    at_once = said == "reject"
    if at_once and not may_decide(user, Decision.Action.REJECT):
        raise PermissionDenied
    back = HttpResponseRedirect(reverse(f"{admin.admin_site.name}:django_nsfw_quality"))
    if said not in ANSWERS or not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        admin.message_user(request, _("Choose one of the answers."), messages.ERROR)
        return back
    try:
        scan = quality.answer(int(asked), user, ANSWERS[said])
    except quality.NotInSample:
        text = _("Nothing was recorded: somebody else was faster, or you answered before.")
        admin.message_user(request, text, messages.WARNING)
        return back
    if at_once:
        _reject(admin, request, user, scan)
    elif ANSWERS[said] is QualityCheck.Answer.NO:
        text = _("It waits in the queue now, and stays public until somebody rejects it.")
        admin.message_user(request, text, messages.SUCCESS)
    return back


def _reject(
    admin: "ModelAdmin[Scan]", request: HttpRequest, user: AbstractBaseUser, scan: Scan
) -> None:
    try:
        made = decisions.reject(scan, moderator=user, note="quality sample", version=scan.version)
    except (NSFWError, OSError) as error:
        text = _("It waits in the queue now. It could not be rejected: %(error)s")
        admin.message_user(request, text % {"error": error}, messages.ERROR)
    else:
        text = _("It is rejected and out of reach: decision #%(pk)d.")
        admin.message_user(request, text % {"pk": made.pk}, messages.SUCCESS)


def _moderator(admin: "ModelAdmin[Scan]", request: HttpRequest) -> AbstractBaseUser:
    user = cast("AbstractBaseUser", request.user)
    if not (
        admin.has_view_permission(request) and may_decide(user, Decision.Action.ESCALATE)
    ):  # either permission to decide
        raise PermissionDenied
    return user
