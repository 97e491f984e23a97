"""Looking at the picture of a scan: blurred for who may see scans, revealed for who may reveal."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import get_conditional_response
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from ..conf import nsfw_settings
from ..exceptions import PictureNotShown
from ..models import Reveal, ReviewPreference, Scan
from ..permissions import may_reveal, visible_reveals
from .base import ModelAdmin
from .decision import ReadOnly

STATUS = {"busy": 503, "changed": 409, "gone": 410, "missing": 404, "pruned": 410, "storage": 503}
"""Why a picture is not shown → the status of the answer."""

SAID = {
    "busy": _("Too many pictures are being decoded: try again in a moment."),
    "changed": _("The file is not the one that was scanned."),
    "gone": _("The field of this file left the project."),
    "missing": _(
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected."
    ),
    "pruned": _("What was held was deleted."),
    "storage": _("The storage does not give the file; the log has more."),
}

PRIVATE = {
    "Cache-Control": "no-store, private",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


ASKED_EACH_TIME = "private, no-cache"
"""A browser may keep a blurred picture, and shows it again only after the site said that this
person may still see it, and that it is still the one that they would get."""


class PreferenceForm(forms.ModelForm):  # type: ignore[type-arg]
    blur = forms.TypedChoiceField(  # one of the model would offer to choose none
        label=_("Blur"),
        choices=ReviewPreference.Blur.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = ReviewPreference
        fields = ["blur", "greyscale", "muted"]


class Looking(ModelAdmin):  # type: ignore[type-arg]
    """The views behind the picture on the page of a scan."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("looking/", view(self.preferences_view), name="django_nsfw_scan_looking"),
            path(
                "<int:pk>/blurred/",
                view(self.blurred_view, cacheable=True),
                name="django_nsfw_scan_blurred",
            ),
            path("<int:pk>/reveal/", view(self.reveal_view), name="django_nsfw_scan_reveal"),
            *super().get_urls(),
        ]

    def has_reveal_permission(self, request: HttpRequest) -> bool:
        return may_reveal(request.user)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        context: dict[str, Any] = {**(extra_context or {})}
        if request.method == "GET" and self.has_view_permission(request):
            context["looking"] = self._looking(request, object_id)
        return super().change_view(request, object_id, form_url, context)

    def blurred_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        from .. import renditions

        scan, likes = self._asked_for(request, pk), ReviewPreference.of(_person(request))
        blur, greyscale = likes.blur, likes.greyscale
        try:
            tag = renditions.tag(scan, strength=blur, greyscale=greyscale)
            kept = HttpResponse(headers={"Cache-Control": ASKED_EACH_TIME, "ETag": tag})
            unchanged = get_conditional_response(request, etag=tag, response=kept)
            if unchanged is not None and unchanged is not kept:
                return unchanged
            made = renditions.blurred(scan, strength=blur, greyscale=greyscale)
        except PictureNotShown as why:
            return _said(why)
        response = _picture(made.body, f"scan-{scan.pk}-blurred.webp")
        if not made.notice:  # which another version of a library may decode
            response["Cache-Control"], response["ETag"] = ASKED_EACH_TIME, tag
        return response

    def reveal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is sent is recorded first; a drawing that stands for no picture reveals nothing."""
        from .. import renditions

        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_reveal_permission(request):
            raise PermissionDenied
        scan, person = self._asked_for(request, pk), _person(request)
        likes = ReviewPreference.of(person)
        greyscale = likes.greyscale and "colours" not in request.POST
        muted = likes.muted or "still" in request.POST  # a browser that plays nothing asks for that
        try:
            made = renditions.revealed(scan, greyscale=greyscale, muted=muted)
        except PictureNotShown as why:
            return _said(why)
        if not made.notice:
            Reveal.record(scan, person)
        response = _picture(made.body, f"scan-{scan.pk}.webp")
        response["NSFW-Reveals"] = str(_today(person))
        return response

    def preferences_view(self, request: HttpRequest) -> HttpResponse:
        """A person's own; nobody sees or changes those of another."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = request.POST.get("next", request.GET.get("next", ""))
        if not url_has_allowed_host_and_scheme(
            back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            back = reverse(f"{self.admin_site.name}:django_nsfw_scan_changelist")
        likes = ReviewPreference.of(_person(request))
        form = PreferenceForm(request.POST or None, instance=likes, label_suffix="")
        if request.method == "POST" and form.is_valid():
            form.save()
            self.message_user(request, _("Pictures are shown so from now on."), messages.SUCCESS)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": _("How I look at pictures"),
            "opts": self.opts,
            "form": form,
            "next": back,
        }
        return TemplateResponse(request, "admin/django_nsfw/scan/looking.html", context)

    def _asked_for(self, request: HttpRequest, pk: int) -> Scan:
        """Whoever may not see scans is not told which there are."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        scan: Scan | None = self.get_object(request, str(pk))
        if scan is None:
            raise Http404(_("There is no such scan."))
        if not self.has_view_permission(request, scan):
            raise PermissionDenied
        return scan

    def _looking(self, request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """What the template shows above the facts of a scan."""
        from .. import renditions

        scan = self.get_object(request, object_id)
        if scan is None:
            return None  # the page itself says so
        person, limit = _person(request), nsfw_settings.review.reveals_a_day
        may = self.has_reveal_permission(request)
        seen = _today(person) if may else 0
        site, (frame, ground) = self.admin_site.name, renditions.worst(scan)
        return {
            "blurred": reverse(f"{site}:django_nsfw_scan_blurred", args=[scan.pk]),
            "reveal": may and reverse(f"{site}:django_nsfw_scan_reveal", args=[scan.pk]),
            "preferences": reverse(f"{site}:django_nsfw_scan_looking"),
            "greyscale": ReviewPreference.of(person).greyscale,
            "frame": frame + 1 if scan.crops else None,
            "frames": scan.frames,
            "ground": ground.value,
            "seen": seen,
            "limit": limit,
            "tired": limit is not None and seen > limit,
        }


@admin.register(Reveal)
class RevealAdmin(ReadOnly, ModelAdmin):  # type: ignore[type-arg]
    """Who looked at which picture: to be read, never written."""

    list_display = ["revealed_at", "user_name", "scan"]
    list_filter = ["revealed_at"]
    list_select_related = ["scan"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = ("revealed_at", "user_name", "scan")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reveal]:
        reveals = super().get_queryset(request).defer("scan__crops")
        return visible_reveals(request.user, reveals)


def _person(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)  # the site lets nobody else in


def _today(person: AbstractBaseUser) -> int:
    return Reveal.objects.using(router.db_for_write(Scan)).today(person).count()


def _picture(body: bytes, name: str) -> HttpResponse:
    disposition = f'inline; filename="{name}"'
    headers = {**PRIVATE, "Content-Disposition": disposition}
    return HttpResponse(body, content_type="image/webp", headers=headers)


def _said(why: PictureNotShown) -> HttpResponse:
    """In our words: those of a storage may tell more than who asks should know."""
    return HttpResponse(
        SAID[why.code],
        status=STATUS[why.code],
        content_type="text/plain; charset=utf-8",
        headers=PRIVATE,
    )
