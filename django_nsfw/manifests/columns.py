"""The columns of a manifest and of the scores that come back. Plain values, no database."""

from collections.abc import Mapping
from typing import Literal

Type = Literal["text", "integer", "number", "boolean", "bytes"]
Columns = Mapping[str, Type]

FILE: Columns = {
    "field": "text",
    "object_db": "text",
    "object_pk": "text",
    "name": "text",
}
"""What names one file of one object. Echoed by the scores."""

MANIFEST: Columns = {
    **FILE,
    "location": "text",
    "held": "boolean",
    "sha256": "text",
    "size": "integer",
    "detector": "text",
    "perceptual": "boolean",
    "rotations": "boolean",
}
"""One row a file. ``location``: where its bytes are; those of a held file are in quarantine.
``sha256``, ``size``: empty where nobody has read it yet. ``detector``: alias."""

FETCHED: Columns = {
    **MANIFEST,
    "body": "bytes",
    "body_sha256": "text",
    "body_size": "integer",
    "missing": "boolean",
    "trouble": "text",
}
"""A row of the manifest between fetching and scoring; never written to a file."""

SCORES: Columns = {
    **FILE,
    "sha256": "text",
    "size": "integer",
    "detector": "text",
    "nsfw": "number",
    "crops": "text",
    "error_code": "text",
    "error_message": "text",
    "format": "text",
    "width": "integer",
    "height": "integer",
    "frames": "integer",
    "ms": "number",
    "pdq": "text",
    "pdq_quality": "integer",
    "pdq_rotations": "text",
}
"""One row a row of the manifest. ``detector``: identity. ``crops``: JSON, as scans keep it."""

NEEDED = (*FILE, "sha256", "detector", "crops", "error_code")
"""Columns of ``SCORES`` without which nothing can be read."""

MISSING, NOT_FETCHED = "missing", "not_fetched"
"""Codes of a row whose bytes nobody has seen: there is no such file, or it could not be had."""
