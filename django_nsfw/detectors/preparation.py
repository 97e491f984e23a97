"""Fetching, verifying and warming the configured detectors ahead of the first upload."""

import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from ..exceptions import DetectorUnavailable
from .handler import detectors

WARM_RUNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What preparing one alias came to. ``error`` is empty where it can score now."""

    alias: str
    error: str = ""
    identity: str = ""
    labels: tuple[str, ...] = ()
    nsfw_labels: tuple[str, ...] = ()
    weights: str = ""
    """Path of the weights, empty where the detector has none of its own."""
    load_seconds: float = 0.0
    """Imports, fetching and loading."""
    ms_per_image: float = 0.0
    """Wall time of one picture when warm: resizing and model, without decoding."""


def prepare(aliases: Iterable[str]) -> Iterator[Prepared]:
    """One result an alias, as each is done. A detector that fails is a result, too."""
    for alias in aliases:
        try:
            yield _prepare(alias)
        except (DetectorUnavailable, ImproperlyConfigured) as error:
            yield Prepared(alias=alias, error=str(error))


def _prepare(alias: str) -> Prepared:
    from .samples import drawn_pictures

    start = time.perf_counter()
    # Not the shared instance: a failure that it remembers may be mended by now.
    detector = detectors.build(alias)
    detector.load()
    load_seconds = time.perf_counter() - start
    picture = drawn_pictures()[0]
    detector.predict([picture])
    runs = []
    for _ in range(WARM_RUNS):
        start = time.perf_counter()
        detector.predict([picture])
        runs.append(time.perf_counter() - start)
    return Prepared(
        alias=alias,
        identity=detector.identity,
        labels=tuple(detector.labels),
        nsfw_labels=tuple(sorted(detector.nsfw_labels)),
        weights=str(getattr(detector, "weights_path", None) or ""),
        load_seconds=load_seconds,
        ms_per_image=statistics.median(runs) * 1000,
    )
