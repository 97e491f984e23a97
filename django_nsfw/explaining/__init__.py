"""Which parts of a picture drove its score. Knows detectors and pictures, and no database."""

from .explanation import Explanation, Part, Share
from .occlusion import explain

__all__ = ["Explanation", "Part", "Share", "explain"]
