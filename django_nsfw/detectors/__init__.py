"""Detectors turn images into scores. Each framework stays inside its own module."""

from .base import Detector, Identity
from .handler import detectors

__all__ = ["Detector", "Identity", "detectors"]
