"""What the queue says about a scan, in few words that can do no harm."""

import unicodedata
from datetime import datetime
from typing import Any

from django.apps import apps
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..conf import nsfw_settings
from ..models import Scan
from ..policy import Policy
from ..registry import registry
from ..scores import Ground

REASONS = {
    "unreadable_image": _("cannot be read"),
    "image_too_large": _("over a limit"),
    "unsupported_format": _("unsupported format"),
    "not_a_picture": _("no picture"),
    "extension_mismatch": _("the name promises another format"),
    "detector_unavailable": _("no detector"),
    "queue_full": _("too many at once"),
    "timeout": _("not scored in time"),
    "unfinished": _("scoring failed three times"),
    "overdue": _("nobody scored it in time"),
    "missing": _("file was missing"),
    "changed": _("file had changed"),
    "policy_error": _("no policy could be found"),
}
"""What stands in ``Scan.error_code`` → the same in words."""

GROUNDS = {
    Ground.OPAQUE: _("opaque"),
    Ground.WHITE: _("on white"),
    Ground.BLACK: _("on black"),
    Ground.RAW: _("colours as stored"),
}
"""What a crop was laid on → the same in words."""

UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories: control characters, halves of pairs, separators of lines and paragraphs."""

TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of text, so that ``gpj.exe`` reads as ``exe.jpg``."""


def plain(text: str) -> str:
    """A name that somebody chose, with marks where it has characters that nobody sees.

    Markup is the affair of the template, which escapes it.
    """
    return "".join(
        "�" if char in TURNS or unicodedata.category(char) in UNSEEN else char for char in text
    )


def subject(scan: Scan) -> str:
    """The object in the words of its model: “photo 12”."""
    label = scan.field.rpartition(".")[0]
    try:
        name = str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        name = label.rpartition(".")[2]  # the model left the project
    return plain(f"{name} {scan.object_pk}")


def field_name(label: str) -> str:
    """``gallery.Photo.image`` → ``Photo.image``; apps seldom have two models of one name."""
    return label.partition(".")[2] or label


def reason(scan: Scan, threshold: float | None) -> str:
    """Why a person is to look at it. ``threshold``: the one of its field, if there is one."""
    said: list[Any] = []
    if scan.known is not None:
        said.append(scan.known.said(scan.known_distance))
    if scan.error_code:
        said.append(REASONS.get(scan.error_code, scan.error_code))
    elif scan.nsfw is not None and threshold is not None and scan.nsfw >= threshold:
        said.append(_("score from %(threshold)s") % {"threshold": score(threshold)})
    return plain("; ".join(map(str, said))) or str(scan.get_status_display())


def threshold(label: str) -> float | None:
    """From which score on files of a field are looked at; what a callable of the site says about
    one object is not asked for."""
    watched = registry.watched.get(label)
    if watched is None:
        return None
    try:
        return Policy.of(nsfw_settings.policy, watched.options).review
    except ValueError:
        return None  # a system check says what is wrong


def score(nsfw: float, digits: int = 2) -> str:
    """With the decimal separator of the reader."""
    return number_format(round(nsfw, digits), decimal_pos=digits)


def age(since: datetime) -> str:
    """“3 hours”; in the first minute “now”."""
    text = timesince(since, depth=1)
    return str(pgettext_lazy("age", "now")) if text.startswith("0") else text
