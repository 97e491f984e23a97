"""Hold and release: what moves bytes between a field's storage and the quarantine."""

from .hold import Held, hold_upload, take_down
from .moving import bring
from .release import release

__all__ = ["Held", "bring", "hold_upload", "release", "take_down"]
