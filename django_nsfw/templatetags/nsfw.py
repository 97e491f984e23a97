"""``{% load nsfw %}``: what a listing says in place of a held picture."""

from typing import Any

from django import template

from ..listings import status_of
from ..models import Scan

register = template.Library()


@register.filter
def nsfw_status(file: Any) -> str:
    """``{{ photo.image|nsfw_status }}``: ``held``, ``clear``, …; empty where it was not scanned.

    No query where the queryset came through ``with_nsfw_status``.
    """
    return status_of(file) or ""


@register.filter
def awaiting_review(file: Any) -> bool:
    """True while a placeholder stands there and a moderator has not looked."""
    return status_of(file) in (Scan.Status.HELD, Scan.Status.PENDING)


@register.filter
def withheld(file: Any) -> bool:
    """True while a placeholder stands there, for whatever reason."""
    return status_of(file) in Scan.HIDDEN


@register.inclusion_tag("django_nsfw/notice.html")
def nsfw_notice(file: Any) -> dict[str, Any]:
    """A short sentence in place of a withheld picture, nothing otherwise.

    Sites put their own ``django_nsfw/notice.html`` before ours.
    """
    return {"status": status_of(file) or ""}
