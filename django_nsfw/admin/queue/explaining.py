"""What drove the score of an item, as a drawing over its picture.

Whoever may see the item may ask: the drawing has colours where the score comes from, and nothing
of what is to be seen there. So nothing is recorded, either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ... import explanations, showing
from ...conf import nsfw_settings
from ...exceptions import NotExplained, PictureNotShown
from ...models import Scan
from ...queue.words import score
from .items import asked_for, wants_json
from .single import show

if TYPE_CHECKING:
    from ...explaining import Explanation, Share
    from . import Queue

STATUS = showing.STATUS | {"detector": 503, "timeout": 503, "undecodable": 409, "unscored": 409}

SAID: Mapping[str, Any] = showing.SAID | {
    "detector": gettext_lazy(
        "The web server cannot ask the detector: whoever runs the site finds the reason in its "
        "log. Deciding works without it."
    ),
    "timeout": gettext_lazy(
        "The detector took too long. Try again when the site has less to do, or decide without it."
    ),
    "undecodable": gettext_lazy(
        "The part that scored worst cannot be decoded any more. To be explained, it must be scored "
        "again."
    ),
    "unscored": gettext_lazy("It has no score, so there is nothing to explain."),
}
"""``code`` of ``NotExplained`` or ``PictureNotShown`` → a sentence."""

THIRDS = (
    (
        pgettext_lazy("part of a picture", "upper left"),
        pgettext_lazy("part of a picture", "top"),
        pgettext_lazy("part of a picture", "upper right"),
    ),
    (
        pgettext_lazy("part of a picture", "left"),
        pgettext_lazy("part of a picture", "middle"),
        pgettext_lazy("part of a picture", "right"),
    ),
    (
        pgettext_lazy("part of a picture", "lower left"),
        pgettext_lazy("part of a picture", "bottom"),
        pgettext_lazy("part of a picture", "lower right"),
    ),
)

WHOLE = (0, 0, 1, 1)

LONGER = 1000
"""Units of the drawing along its longer side."""

STROKE = 3
"""Units that an outline takes, which is whole at the edge of a picture, too."""


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """Attributes of a ``rect``: text, as a template writes numbers in the way of the reader."""

    x: str
    y: str
    width: str
    height: str
    opacity: str = ""
    lower: bool = False


@dataclass(frozen=True, kw_only=True)
class Heat:
    """``crop``: the part of the frame that was looked at, where it is not all of it. ``most``: what
    matters most. ``lower``, ``higher``: which colours there are."""

    said: str
    width: str
    height: str
    patches: list[Rectangle]
    crop: Rectangle | None
    most: Rectangle | None
    lower: bool
    higher: bool


def explain(admin: "Queue", request: HttpRequest, pk: int) -> HttpResponse:
    """The script takes the drawing alone, a form without it the page with the drawing in it."""
    scan = asked_for(request, pk)
    if not nsfw_settings.review.explain:
        raise Http404(_("This site explains no scores."))
    heat, said, status = None, "", 200
    try:
        heat = heat_of(scan, explanations.explained(scan))
        said = heat.said
    except (NotExplained, PictureNotShown) as why:
        said, status = str(SAID[why.code]), STATUS[why.code]
    if not wants_json(request):
        return show(admin, request, scan, heat=heat, where=said, status=status)
    told = {"said": said}
    if heat is not None:
        context = {"heat": heat, "where": said}
        for part in ("heat", "where"):
            told[part] = render_to_string(f"admin/django_nsfw/queue/{part}.html", context)
    return JsonResponse(told, status=status, headers={"Cache-Control": "no-store, private"})


def heat_of(scan: Scan, found: "Explanation") -> Heat:
    scale = LONGER / max(found.width, found.height)
    width, height = round(found.width * scale), round(found.height * scale)

    def rectangle(box: "Share", strength: float = 0.0, inset: int = 0) -> Rectangle:
        left, right = round(box[0] * width) + inset, round(box[2] * width) - inset
        upper, lower = round(box[1] * height) + inset, round(box[3] * height) - inset
        return Rectangle(
            x=str(left),
            y=str(upper),
            width=str(max(right - left, 0)),
            height=str(max(lower - upper, 0)),
            opacity=f"{abs(strength):.2f}",
            lower=strength > 0,
        )

    patches = [rectangle(box, strength) for box, strength in found.patches()]
    return Heat(
        said=" ".join(_sentences(scan, found)),
        width=str(width),
        height=str(height),
        patches=patches,
        crop=rectangle(found.box) if found.box != WHOLE else None,
        most=rectangle(found.strongest.box, inset=STROKE) if found.stands_out else None,
        lower=any(patch.lower for patch in patches),
        higher=any(not patch.lower for patch in patches),
    )


def _sentences(scan: Scan, found: "Explanation") -> list[str]:
    if found.stands_out:
        with_it, without = _apart(found.nsfw, found.strongest.nsfw)
        left, upper, right, lower = found.strongest.box
        where = THIRDS[_third((upper + lower) / 2)][_third((left + right) / 2)]
        text = _(
            "Most: %(where)s (outlined). Without it the score is %(without)s, with it %(score)s."
        )
        said = [text % {"where": where, "without": without, "score": with_it}]
    else:
        text = _("No part alone: whatever is covered, the score stays at %(without)s or more.")
        said = [text % {"without": score(found.strongest.nsfw)}]
    if found.detector != scan.detector and scan.nsfw is not None:
        text = _(
            "So says the detector that is configured now; the score on record, %(score)s, is that "
            "of another one."
        )
        said.append(text % {"score": score(scan.nsfw)})
    if found.box != WHOLE:
        said.append(_("Only what is within the dashes was looked at: it scored worst."))
    if not found.finished:
        said.append(_("There was no time to look closely."))
    if scan.frames > 1:
        text = _("Of frame %(frame)s alone: not shown while it moves.")
        said.append(text % {"frame": found.frame + 1})
    return said


def _third(middle: float) -> int:
    return min(int(middle * 3), 2)


def _apart(*scores: float) -> list[str]:
    """With as many digits as it takes to tell them from each other: close to 1 these are more."""
    for digits in range(2, 7):
        told = [score(one, digits) for one in scores]
        if len(set(told)) == len(told):
            break
    return told
