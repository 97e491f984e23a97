"""A scan changes its status, and its bytes their side of the placeholder where that takes it."""

from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.utils.translation import gettext

from ..exceptions import DecisionRefused
from ..models import Scan
from .hold import take_down
from .release import release
from .rows import SETTLED, Row


def bring(
    scan: Scan,
    row: Row,
    *,
    to: "Scan.Status",
    decision: Mapping[str, Any] | None = None,
    source: "File[Any] | None" = None,
) -> None:
    """Change the scan to ``to``: by ``release``, by ``take_down``, or where the bytes are already.

    Takes what these take, and raises what they raise. In the caller's transaction.
    """
    hidden, hide = scan.status in Scan.HIDDEN, to in Scan.HIDDEN
    if hidden and not hide:
        release(scan, row, to=to, decision=decision, source=source)
    elif hide and not hidden:
        take_down(scan, row, to=to, decision=decision, source=source)
    elif not scan.move(to):
        raise DecisionRefused(gettext(SETTLED), code="settled")
