"""Numbers, days and lengths of time, as people write them."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from ...reports.backlog import Age


def day(at: date) -> str:
    return date_format(at, "SHORT_DATE_FORMAT")


def moment(at: datetime) -> str:
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return date_format(local, "SHORT_DATETIME_FORMAT")


def number(count: int) -> str:
    return number_format(count, force_grouping=True)


def score(nsfw: float) -> str:
    return number_format(round(nsfw, 2), decimal_pos=2)


def share(part: int, whole: int) -> str:
    if not whole:
        return ""
    # Translators: a share of a hundred
    return _("%s %%") % number_format(round(100 * part / whole, 1), decimal_pos=1)


def with_share(part: int, whole: int) -> str:
    """A number, and its share in brackets."""
    said = share(part, whole)
    return f"{number(part)} ({said})" if said else number(part)


def age(waited: Age) -> str:
    if waited.until is None:
        return _("%s or longer") % hours(waited.hours)
    if not waited.hours:
        return _("less than %s") % hours(waited.until)
    # Translators: from one length of time to another, "4 hours to 1 day"
    said = _("%(low)s to %(high)s")
    return said % {"low": hours(waited.hours), "high": hours(waited.until)}


def hours(count: int) -> str:
    if count % 24:
        return ngettext("%d hour", "%d hours", count) % count
    return _days(count // 24)


def duration(length: timedelta) -> str:
    if length < timedelta(seconds=10):
        tenths = number_format(round(length.total_seconds(), 1), decimal_pos=1)
        return pgettext("duration", "%s s") % tenths
    seconds = round(length.total_seconds())
    minutes = seconds // 60
    if seconds < 60:
        return pgettext("duration", "%d s") % seconds
    if minutes < 60:
        return pgettext("duration", "%d min") % minutes
    if minutes < 48 * 60:
        said = pgettext("duration", "%(hours)d h %(minutes)d min")
        return said % {"hours": minutes // 60, "minutes": minutes % 60}
    return _days(minutes // 60 // 24)


def _days(count: int) -> str:
    return ngettext("%d day", "%d days", count) % count
