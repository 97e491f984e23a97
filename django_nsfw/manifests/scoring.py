"""What a cluster does with a row of a manifest: fetch the bytes, score them as the site would.

Needs ``NSFW_DETECTORS`` and ``NSFW_LIMITS`` of the site's settings, and neither ``django.setup()``
nor a database.
"""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..assessment import Wanted
from ..conf import nsfw_settings
from ..exceptions import FILE_FAULTS, DetectorDied
from ..rescans.reading import Fetched
from ..rescans.scoring import Workshop
from ..scores import Assessment
from .columns import FILE, MISSING, NOT_FETCHED, SCORES
from .fetching import fetch

Row = Mapping[str, Any]


def download(row: Row) -> dict[str, Any]:
    """The row with the columns of ``FETCHED``. Never raises for what is not there.

    Of a file over the limit of bytes it has the beginning alone; the digest is that of the whole.
    """
    found = fetch(row["location"], max_bytes=nsfw_settings.limits.max_bytes)
    return {
        **row,
        "body": None if found.body is None else found.body.getvalue(),
        "body_sha256": found.sha256,
        "body_size": found.size,
        "missing": found.missing,
        "trouble": _storable(found.error),
    }


class Scorer:
    """Scores many files at a time, and fills batches of the detector with their crops.

    Make one in each process. Raises ``DetectorDied`` where the detector cannot be had or stops
    answering: that is no property of a file, and a hundred million rows should not say so.
    """

    def __init__(self) -> None:
        self._workshop = Workshop()

    def score(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """The rows of scores of what ``download`` made, in order.

        Names are not held against contents here: that is done at the import.
        """
        rows = list(rows)
        under_way = [
            None if row["body"] is None else self._workshop.submit(
                row["detector"], _fetched(row), _wanted(row), None
            )
            for row in rows
        ]  # fmt: skip
        scored = []
        for row, future in zip(rows, under_way, strict=True):
            if future is None:
                code = MISSING if row["missing"] else NOT_FETCHED
                scored.append(_named(row) | {"error_code": code, "error_message": row["trouble"]})
            else:
                found = future.result()
                self._require_life(row["detector"], found)
                scored.append(_scores(row, found))
        return scored

    def _require_life(self, alias: str, found: Assessment) -> None:
        failure = found.failure
        if failure is None or failure.code in FILE_FAULTS or self._workshop.answers(alias):
            return
        raise DetectorDied(f"The detector {alias!r} stopped answering: {failure.message}")


def _fetched(row: Row) -> Fetched:
    body = io.BytesIO(row["body"])
    return Fetched(sha256=row["body_sha256"], size=row["body_size"], body=body)


def _wanted(row: Row) -> Wanted:
    return Wanted(perceptual=bool(row.get("perceptual")), rotations=bool(row.get("rotations")))


def _scores(row: Row, found: Assessment) -> dict[str, Any]:
    failure = found.failure
    return _named(row) | {
        "sha256": found.sha256,
        "size": found.size,
        "detector": found.detector,
        "nsfw": found.nsfw,
        "crops": json.dumps([crop.as_json() for crop in found.crops]),
        "error_code": failure.code if failure else "",
        "error_message": failure.message if failure else "",
        "format": found.format,
        "width": found.width,
        "height": found.height,
        "frames": found.frames,
        "ms": round(found.ms, 3),
        "pdq": found.perceptual.pdq,
        "pdq_quality": found.perceptual.quality,
        "pdq_rotations": "".join(found.perceptual.rotations),
    }


def _named(row: Row) -> dict[str, Any]:
    return dict.fromkeys(SCORES) | {name: row[name] for name in FILE}


def _storable(text: str) -> str:
    """Names of files are quoted in it, and Parquet takes no surrogates."""
    return text.encode("utf-8", "replace").decode()
