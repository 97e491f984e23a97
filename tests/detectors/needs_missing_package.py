"""A backend whose framework is not installed."""

import a_package_nobody_has  # noqa: F401

from django_nsfw.detectors import Detector


class Unreachable(Detector):
    pass
