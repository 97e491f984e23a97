"""What every page of the queue asks for."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from ...models import Decision, Scan


def frame(admin: "ModelAdmin[Scan]", request: HttpRequest) -> dict[str, Any]:
    """The context of ``queue/base.html``, whose addresses are those of the site that is asked."""
    request.current_app = admin.admin_site.name
    return {
        **admin.admin_site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "opts": admin.opts,
    }


def last_of(user: AbstractBaseUser) -> Decision | None:
    """What a person decided last and nobody has undone."""
    own = Decision.objects.standing().filter(moderator_id=user.pk)
    return own.select_related("scan").defer("scan__crops").order_by("-pk").first()
