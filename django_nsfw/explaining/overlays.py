"""Files on disk → their explanations, each as a picture in a folder, and as numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..conf import nsfw_settings
from ..detectors import Detector
from ..exceptions import AssessmentError
from ..images import open_picture
from ..scores import Assessment
from .drawing import drawn
from .occlusion import explain

LONGEST = 80
"""Characters of a file name that are kept."""


@dataclass(frozen=True, kw_only=True)
class Overlays:
    """Explains what ``detector`` says of files, and draws it into ``folder``."""

    folder: Path
    detector: Detector

    def write(self, path: Path, found: Assessment) -> Mapping[str, Any] | None:
        """What stands in the result as JSON: ``file`` is the overlay, or ``error`` says why there
        is none. None where nothing was scored. Raises ``OSError`` where it cannot be written.

        Called again for the same bytes under the same name it writes the same file.
        """
        worst, limits = found.worst, nsfw_settings.limits
        if worst is None or found.failure is not None:
            return None
        try:
            with path.open("rb") as file:
                picture = open_picture(file, limits)
            explanation = explain(picture, worst, self.detector, limits)
            body = drawn(picture, explanation)
        except AssessmentError as error:
            return {"error": {"code": error.code, "message": str(error)}}
        except OSError as error:
            reason = error.strerror or str(error)
            return {"error": {"code": "unreadable_file", "message": f"{reason}."}}
        target = self.folder / _name(path, found.sha256)
        try:
            target.write_bytes(body)
        except OSError:
            if target.is_file():  # a part of it, on a full disk
                target.unlink()
            raise
        return {"file": str(target), **explanation.as_json()}


def _name(path: Path, sha256: str) -> str:
    """Of the file and of its bytes: in many folders there is a ``1.jpg``."""
    plain = re.sub(r"[^\w.-]+", "_", path.name, flags=re.ASCII)[:LONGEST]
    return f"{plain}-{sha256[:12]}.webp"
