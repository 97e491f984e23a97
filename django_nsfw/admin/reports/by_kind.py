"""Moderators, fields, uploaders, detectors and failures, each with its numbers."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ...reports import Report
from ...reports.came import BINS
from ...reports.handling import Handling
from ...reports.people import Moderator
from ...reports.scores import Distribution, Threshold
from . import words
from .figure import Column, Figure, Mark, Row


def moderators(report: Report) -> Figure:
    return Figure(
        key="moderators",
        title=_("Moderators"),
        said=[
            _("What each person decided in the period; of a bulk decision each picture counts."),
            _(
                "Handling time is how long an item was open when it was decided on. Half of them "
                "took no longer than the median. What was decided in bulk or never opened has none."
            ),
            _("The shares within a time are counted from the score to the decision."),
            _("Reversed: undone by somebody else, or decided otherwise later, whenever that was."),
        ],
        head=_("moderator"),
        columns=[
            Column(label=_("approved"), tone="person"),
            Column(label=_("rejected"), tone="stop"),
            Column(label=_("escalated")),
            Column(label=_("timed")),
            Column(label=_("median handling time")),
            Column(label=_("nine in ten took at most")),
            Column(label=_("within 5 minutes")),
            Column(label=_("within an hour")),
            Column(label=_("within a day")),
            Column(label=_("taken back")),
            Column(label=_("reversed")),
        ],
        rows=[
            Row(head=one.name or _("a program"), cells=_moderator(one), link=_log_of(one))
            for one in report.moderators
        ],
        chart="sideways",
        wide=True,
        unfolded=True,
    )


def _moderator(one: Moderator) -> list[int | str]:
    return [
        one.approved,
        one.rejected,
        one.escalated,
        *_handling(one.handling),
        words.with_share(one.within_5_minutes, one.settled),
        words.with_share(one.within_an_hour, one.settled),
        words.with_share(one.within_a_day, one.settled),
        one.taken_back,
        words.with_share(one.reversed, one.settled),
    ]


def _handling(one: Handling | None) -> list[int | str]:
    if one is None:
        return [0, "—", "—"]
    return [one.count, words.duration(one.median), words.duration(one.high)]


def _log_of(one: Moderator) -> str:
    return "" if one.pk is None else f"moderator={one.pk}"


def fields(report: Report) -> Figure:
    return Figure(
        key="fields",
        title=_("Fields"),
        said=[_("What came in the period, and where it stands today.")],
        head=_("field"),
        columns=[
            Column(label=_("scanned")),
            Column(label=_("let through")),
            Column(label=_("waiting"), tone="look"),
            Column(label=_("approved"), tone="person"),
            Column(label=_("rejected"), tone="stop"),
            Column(label=_("no score")),
        ],
        rows=[
            Row(
                head=one.label,
                cells=[
                    one.came, words.with_share(one.allowed, one.came), one.waiting, one.approved,
                    one.rejected, one.failed,
                ],
            )
            for one in report.fields
        ],
        chart="sideways",
    )  # fmt: skip


def uploaders(report: Report) -> Figure:
    return Figure(
        key="uploaders",
        title=_("Uploaders"),
        said=[
            _("Of whose pictures something waits or was rejected, most rejections first."),
        ],
        head=_("uploader"),
        columns=[
            Column(label=_("scanned")),
            Column(label=_("waiting")),
            Column(label=_("approved")),
            Column(label=_("rejected")),
        ],
        rows=[
            Row(
                head=one.name or _("a deleted account"),
                cells=[
                    one.came,
                    one.waiting,
                    one.approved,
                    words.with_share(one.rejected, one.came),
                ],
            )
            for one in report.uploaders
        ],
    )


def scores(one: Distribution, nth: int) -> Figure:
    said = [
        _("%(count)s scores of the detector %(detector)s. Compare them with none of another.")
        % {"count": words.number(one.scored), "detector": one.detector}
    ]
    if one.thresholds:
        said.append(_("The lines are the thresholds of today."))
    if one.varies:
        said.append(
            _("The policy of %s may be another one for each object.") % ", ".join(one.varies)
        )
    return Figure(
        key=f"scores-{nth}",
        title=_("Scores: %s") % one.detector.partition("@")[0],
        said=said,
        head=_("score"),
        columns=[Column(label=_("scans"), tone="person")],
        rows=[
            Row(head=f"{words.score(at / BINS)}–{words.score((at + 1) / BINS)}", cells=[count])
            for at, count in enumerate(one.counts)
        ],
        chart="bars",
        marks=[Mark(at=f"{mark.score:.4f}", label=_threshold(mark)) for mark in one.thresholds],
    )


def _threshold(mark: Threshold) -> str:
    said = {"review": _("review from %s"), "reject": _("reject from %s")}[mark.what]
    return f"{said % number_format(mark.score)}: {', '.join(mark.labels)}"


def failures(report: Report) -> Figure:
    return Figure(
        key="failures",
        title=_("Why there was no score"),
        said=[_("Scans of the period without one, by reason.")],
        head=_("reason"),
        columns=[Column(label=_("scans"), tone="stop"), Column(label=_("latest"))],
        rows=[
            Row(head=one.code, cells=[one.count, words.moment(one.latest)])
            for one in report.failures
        ],
        chart="sideways",
    )
