"""A report for people: one HTML file that needs nothing else, on a screen and on paper."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from . import plots, words
from .metrics import Measured
from .mistakes import blurred_picture
from .rates import RATES, AtThreshold, Estimate
from .results import Report, Result
from .scoring import Scored

TEMPLATE = Path(__file__).with_name("page.html")

STEPS = tuple(step / 10 for step in range(1, 10))
"""Thresholds of the tables, besides those of the site; the JSON has all."""

LISTED = 100
"""Files that are listed by name; the JSON has all."""


def html(report: Report) -> str:
    """The page. Draws the pictures, and reads those that it shows blurred."""
    # An engine of its own: the page is the same whatever the site makes of TEMPLATES.
    template = Engine(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    subject = report.subject
    nsfw = sum(sample.nsfw for sample in subject.samples)
    return template.render(
        Context(
            {
                "report": report,
                "subject": subject,
                "nsfw": words.number(nsfw),
                "sfw": words.number(len(subject.samples) - nsfw),
                "created": f"{report.created:%Y-%m-%d %H:%M %Z}",
                "duplicates": words.number(subject.duplicates),
                "left_out_number": words.number(len(subject.left_out)),
                "threshold": words.threshold(report.threshold),
                "sentences": [
                    said
                    for result in report.results
                    if (said := words.sentence(result.alias, result.measured.at(report.threshold)))
                ],
                "compared": [*plots.COMPARED.values(), *plots.AREAS.values()],
                "comparison": _svg(plots.comparison(report)),
                "precision_recall": _svg(plots.precision_recall(report)),
                "calibration": _svg(plots.calibration(report)),
                "results": [_result(result, report) for result in report.results],
                "left_out": subject.left_out[:LISTED],
                "left_out_more": max(0, len(subject.left_out) - LISTED),
            }
        )
    )


def _result(result: Result, report: Report) -> dict[str, Any]:
    measured = result.measured
    cells = [_cell(each) for each in plots.compared(result, report.threshold)]
    return {
        "alias": result.alias,
        "identity": result.identity,
        "recorded": words.number(result.recorded),
        "trouble": measured.trouble,
        "cells": cells,
        "calibration": measured.calibration,
        "ece": _percent(measured.calibration.ece) if measured.calibration else words.NONE,
        "brier": f"{measured.calibration.brier:.4f}" if measured.calibration else words.NONE,
        "thresholds_picture": _svg(plots.thresholds(result, report)),
        "thresholds": _thresholds(measured, report),
        "uncorrected": _thresholds(result.uncorrected, report, marked_only=True)
        if result.uncorrected
        else [],
        "groups": [
            {
                "kind": group.kind,
                "name": group.name,
                "nsfw": words.number(group.measured.nsfw),
                "sfw": words.number(group.measured.sfw),
                "unscored": words.number(group.measured.unscored),
                "cells": [
                    *_cells(group.measured.at(report.threshold)),
                    _cell(group.measured.average_precision),
                ],
                "trouble": group.measured.trouble,
            }
            for group in result.groups
        ],
        "mistakes": [
            ("Missed", "NSFW, with the lowest scores", _mistakes(result.missed)),
            ("False alarms", "safe, with the highest scores", _mistakes(result.alarms)),
        ]
        if report.mistakes
        else [],
        "unscored": result.unscored[:LISTED],
        "unscored_number": words.number(len(result.unscored)),
        "unscored_more": max(0, len(result.unscored) - LISTED),
    }


def _thresholds(
    measured: Measured, report: Report, *, marked_only: bool = False
) -> list[dict[str, Any]]:
    shown = {*report.marked} if marked_only else {*report.marked, *STEPS}
    return [
        {
            "threshold": words.threshold(each.threshold),
            "meaning": report.marked.get(each.threshold, ""),
            "marked": each.threshold in report.marked,
            "cells": _cells(each),
            "counts": [words.number(getattr(each, name)) for name in ("tp", "fp", "tn", "fn")]
            if report.subject.recall_known or marked_only
            else [words.number(each.tp), words.number(each.fp), words.NONE, words.NONE],
        }
        for each in measured.thresholds
        if each.threshold in shown
    ]


def _cells(at: AtThreshold) -> list[dict[str, str]]:
    return [_cell(getattr(at, name)) for name in RATES]


def _cell(estimate: Estimate) -> dict[str, str]:
    return {"value": words.percent(estimate), "interval": words.interval(estimate)}


def _percent(value: float) -> str:
    return words.percent(Estimate(value=value))


def _mistakes(rows: Sequence[Scored]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        picture = blurred_picture(row)
        about = [row.sample.source, row.sample.model_field, row.format]
        found.append(
            {
                "name": row.sample.name,
                "score": f"{row.nsfw:.3f}",
                "about": ", ".join(filter(None, about)),
                "picture": _data("image/webp", picture) if picture else "",
            }
        )
    return found


def _svg(body: bytes) -> str:
    return _data("image/svg+xml", body)


def _data(kind: str, body: bytes) -> str:
    return f"data:{kind};base64,{b64encode(body).decode()}"
