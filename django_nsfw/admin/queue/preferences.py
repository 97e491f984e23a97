"""How a person looks at pictures, changed by a key and remembered."""

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from ...models import ReviewPreference
from .items import person, wants_json
from .single import stronger

if TYPE_CHECKING:
    from . import Queue


ON_OR_OFF = [("on", "on"), ("off", "off")]


class ChangeForm(forms.Form):
    """Each is changed where it is given."""

    blur = forms.TypedChoiceField(
        choices=ReviewPreference.Blur.choices, coerce=int, empty_value=None, required=False
    )
    greyscale = forms.ChoiceField(choices=ON_OR_OFF, required=False)
    muted = forms.ChoiceField(choices=ON_OR_OFF, required=False)


def prefer(admin: "Queue", request: HttpRequest) -> HttpResponse:
    form, likes = ChangeForm(request.POST), ReviewPreference.of(person(request))
    if not form.is_valid():
        return JsonResponse({"said": _("There is no such choice.")}, status=400)
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    now = {
        "blur": asked.get("blur", likes.blur),
        "greyscale": _on(asked.get("greyscale"), likes.greyscale),
        "muted": _on(asked.get("muted"), likes.muted),
    }
    ReviewPreference.objects.update_or_create(  # of two at once neither takes back the other
        pk=likes.pk, defaults={name: now[name] for name in asked}, create_defaults=now
    )
    if wants_json(request):
        return JsonResponse({**now, "stronger": stronger(now["blur"])})
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = reverse(f"{admin.admin_site.name}:django_nsfw_queue")
    return HttpResponseRedirect(back)


def _on(asked: str | None, otherwise: bool) -> bool:
    return asked == "on" if asked else otherwise
