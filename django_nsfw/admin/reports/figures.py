"""What the page of reports shows, in its order."""

from django.utils.translation import gettext as _

from ...reports import Report
from ...reports.inflow import total
from . import words
from .by_day import ages, backlog, inflow, settled
from .by_kind import failures, fields, moderators, scores, uploaders
from .figure import Figure, Tile


def tiles(report: Report) -> list[Tile]:
    """What a person wants to know first."""
    came = total(report.inflow, "came")
    automatic, people = total(report.inflow, "automatic"), total(report.inflow, "by_people")
    oldest = next((age for age in reversed(report.backlog.ages) if age.waiting), None)
    settled = sum(m.settled for m in report.moderators)
    turned = sum(m.reversed for m in report.moderators)
    return [
        Tile(label=_("scanned"), number=words.number(came)),
        Tile(
            label=_("settled without a person"),
            number=words.number(automatic),
            said=words.share(automatic, automatic + people),
        ),
        Tile(
            label=_("settled by people"),
            number=words.number(people),
            said=words.share(people, automatic + people),
        ),
        Tile(
            label=_("reversed by somebody else"),
            number=words.number(turned),
            said=words.share(turned, settled),
        ),
        Tile(
            label=_("waiting now"),
            number=words.number(report.backlog.waiting),
            said=_("oldest: %s") % words.age(oldest) if oldest else "",
        ),
    ]


def figures(report: Report) -> list[Figure]:
    """In the order of the page. What has nothing to show is there, too, and says so."""
    return [
        inflow(report),
        settled(report),
        backlog(report),
        ages(report),
        moderators(report),
        fields(report),
        *(scores(one, nth) for nth, one in enumerate(report.scores, start=1)),
        failures(report),
        uploaders(report),
    ]
