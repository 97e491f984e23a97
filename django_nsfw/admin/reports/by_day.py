"""What happened day by day, and what waits."""

from django.utils.translation import gettext as _

from ...reports import Report
from . import words
from .figure import Column, Figure, Row


def inflow(report: Report) -> Figure:
    return Figure(
        key="inflow",
        title=_("What came in"),
        said=[
            _("By the day of the scan, and what the policy made of it."),
            _("Uploads that a form refused are not recorded."),
        ],
        head=_("day"),
        columns=[
            Column(label=_("scanned")),
            Column(label=_("let through"), tone="pass"),
            Column(label=_("for review"), tone="look"),
            Column(label=_("rejected by the policy"), tone="stop"),
            Column(label=_("no score"), tone="unknown"),
            Column(label=_("awaiting its score"), tone="wait"),
        ],
        rows=[
            Row(
                head=words.day(day.day),
                cells=[
                    day.came, day.allowed, day.to_review, day.rejecting, day.unknown,
                    day.awaits_score,
                ],
            )
            for day in report.inflow
        ],
        chart="stacked",
        wide=True,
    )  # fmt: skip


def settled(report: Report) -> Figure:
    return Figure(
        key="settled",
        title=_("Who settled it"),
        said=[
            _("Policy: scans of that day that were let through, or rejected as known images."),
            _("The others: decisions of that day."),
            _("Undoing is no settling, and is in the table alone."),
        ],
        head=_("day"),
        columns=[
            Column(label=_("policy"), tone="pass"),
            Column(label=_("followed another decision"), tone="wait"),
            Column(label=_("programs"), tone="unknown"),
            Column(label=_("people: approved"), tone="person"),
            Column(label=_("people: rejected"), tone="stop"),
            Column(label=_("undone")),
        ],
        rows=[
            Row(
                head=words.day(day.day),
                cells=[
                    day.by_rule, day.inherited, day.by_programs, day.approved, day.rejected,
                    day.undone,
                ],
            )
            for day in report.inflow
        ],
        chart="stacked",
    )  # fmt: skip


def backlog(report: Report) -> Figure:
    return Figure(
        key="backlog",
        title=_("What waited"),
        said=[_("At the end of each day, counted back from what waits now.")],
        head=_("day"),
        columns=[
            Column(label=_("waiting at its end"), tone="person"),
            Column(label=_("entered the queue")),
            Column(label=_("left the queue")),
        ],
        rows=[
            Row(head=words.day(day.day), cells=[day.waiting, day.entered, day.left])
            for day in report.backlog.days
        ],
        chart="line",
    )


def ages(report: Report) -> Figure:
    return Figure(
        key="ages",
        title=_("How long it has been waiting"),
        said=[_("Everything that waits now, also from before the period.")],
        head=_("for"),
        columns=[
            Column(label=_("held"), tone="look"),
            Column(label=_("public"), tone="stop"),
            Column(label=_("escalated")),
        ],
        rows=[
            Row(head=words.age(age), cells=[age.held, age.flagged, age.escalated])
            for age in report.backlog.ages
        ],
        chart="stacked",
    )
