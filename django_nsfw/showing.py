"""Pictures of scans as answers to requests: blurred for who may see scans, revealed on record.

Who may do what is asked by the doors; nothing here asks for a permission.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _

from . import renditions
from .conf import nsfw_settings
from .exceptions import PictureNotShown
from .models import Reveal, ReviewPreference, Scan

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


def blurred(request: HttpRequest, scan: Scan, person: AbstractBaseUser) -> HttpResponse:
    likes = ReviewPreference.of(person)
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


def revealed(request: HttpRequest, scan: Scan, person: AbstractBaseUser) -> HttpResponse:
    """What is sent is recorded first; a drawing that stands for no picture reveals nothing."""
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


def looking(
    scan: Scan, person: AbstractBaseUser, *, likes: ReviewPreference, may_reveal: bool
) -> Mapping[str, Any]:
    """What a page says beside the picture. Where its views are the page knows."""
    limit = nsfw_settings.review.reveals_a_day
    seen = _today(person) if may_reveal else 0
    frame, ground = renditions.worst(scan)
    return {
        "greyscale": likes.greyscale,
        "frame": frame + 1 if scan.crops else None,
        "frames": scan.frames,
        "ground": ground.value,
        "seen": seen,
        "limit": limit,
        "tired": limit is not None and seen > limit,
    }


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
