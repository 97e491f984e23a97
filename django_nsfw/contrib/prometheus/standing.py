"""How the site stands at the moment it is asked."""

import logging
from collections.abc import Iterator

from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ...detectors import detectors
from ...standing import waiting

logger = logging.getLogger(__name__)

STATES = ("unused", "loaded", "failed")


class Standing(Collector):
    """Each scrape asks the database once, and loads nothing. A database that does not answer leaves
    its two metrics out and keeps the others."""

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield from _families()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        files, ages, states = _families()
        for alias in detectors:
            current = detectors.state(alias)
            for state in STATES:
                states.add_metric([alias, state], float(state == current))
        yield states
        close_old_connections()  # a scrape may come outside of any request
        try:
            found = waiting()
        except DatabaseError as error:
            logger.warning("What waits cannot be measured: %s", error)
            return
        now = timezone.now()
        for status, those in found.items():
            age = (now - those.oldest).total_seconds() if those.oldest else 0.0
            files.add_metric([status], those.number)
            ages.add_metric([status], age)
        yield files
        yield ages


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "nsfw_waiting_files",
            "Files that wait for people, or for a worker, at most 10,000.",
            labels=["status"],
        ),
        GaugeMetricFamily(
            "nsfw_oldest_waiting_seconds",
            "Age of the oldest file that waits; 0 where none does.",
            labels=["status"],
        ),
        GaugeMetricFamily(
            "nsfw_detector_state",
            "1 for the state of a detector in this process, 0 for the others.",
            labels=["detector", "state"],
        ),
    )
