"""Looking at the picture of a scan: blurred for who may see scans, revealed for who may reveal."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
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
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from ..models import Reveal, ReviewPreference, Scan
from ..permissions import may_reveal, visible_reveals
from .base import ModelAdmin
from .decision import ReadOnly


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
        from ..showing import blurred

        return blurred(request, self._asked_for(request, pk), _person(request))

    def reveal_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        from ..showing import revealed

        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_reveal_permission(request):
            raise PermissionDenied
        return revealed(request, self._asked_for(request, pk), _person(request))

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
        from ..showing import looking

        scan = self.get_object(request, object_id)
        if scan is None:
            return None  # the page itself says so
        person, site = _person(request), self.admin_site.name
        may = self.has_reveal_permission(request)
        return {
            **looking(scan, person, likes=ReviewPreference.of(person), may_reveal=may),
            "blurred": reverse(f"{site}:django_nsfw_scan_blurred", args=[scan.pk]),
            "reveal": may and reverse(f"{site}:django_nsfw_scan_reveal", args=[scan.pk]),
            "preferences": reverse(f"{site}:django_nsfw_scan_looking"),
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
