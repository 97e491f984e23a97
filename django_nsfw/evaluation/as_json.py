"""A report for programs: plain values, by a schema that is documented and has a version."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .results import Report, Result
from .scoring import Scored

SCHEMA = "django-nsfw/evaluation/1"
"""Its number goes up whenever a key goes away or changes its meaning; new keys leave it."""


def dumped(report: Report) -> str:
    """``as_json`` as text that ends in a new line."""
    return json.dumps(as_json(report), allow_nan=False, indent=1) + "\n"


def as_json(report: Report) -> dict[str, Any]:
    subject = report.subject
    nsfw = sum(sample.nsfw for sample in subject.samples)
    return {
        "schema": SCHEMA,
        "created": report.created.isoformat(),
        "subject": {
            "title": subject.title,
            "nsfw": nsfw,
            "sfw": len(subject.samples) - nsfw,
            "duplicates": subject.duplicates,
            "left_out": [asdict(each) for each in subject.left_out],
            "notes": list(subject.notes),
            "corrected": subject.corrected,
            "recall_known": subject.recall_known,
        },
        "threshold": report.threshold,
        "marked": [
            {"threshold": threshold, "meaning": meaning}
            for threshold, meaning in report.marked.items()
        ],
        "detectors": [_result(result) for result in report.results],
        "unavailable": [asdict(each) for each in report.unavailable],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "alias": result.alias,
        "identity": result.identity,
        "recorded": result.recorded,
        "measured": asdict(result.measured),
        "uncorrected": asdict(result.uncorrected) if result.uncorrected else None,
        "groups": [
            {"kind": group.kind, "name": group.name, "measured": asdict(group.measured)}
            for group in result.groups
        ],
        "missed": _named(result.missed),
        "alarms": _named(result.alarms),
        "unscored": _named(result.unscored),
    }


def _named(rows: Sequence[Scored]) -> list[dict[str, Any]]:
    return [
        {
            "name": row.sample.name,
            "nsfw": row.nsfw,
            "source": row.sample.source,
            "field": row.sample.model_field,
            "format": row.format,
            "error": row.failure.message if row.failure else None,
            "code": row.failure.code if row.failure else None,
        }
        for row in rows
    ]
