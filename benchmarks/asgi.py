"""Uploads under uvicorn: whether the event loop serves others meanwhile, and what threads cost.

One worker of the site of ``tests/asgi``. Visitors upload pictures of a megapixel, another one each
time, while a task of the event loop asks to be woken every 10 ms: by how much it is late is how
long the loop stood still. Then the same with a view that scores in the event loop, which this app
forbids by default. Uploads a second are set against the detector alone, in another process:
decoding and scoring, with nothing stored, by as many threads.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PICTURES = 120
VISITORS = 8
SIDES = (1152, 864)
DETECTOR = "django_nsfw.detectors.onnx.OpenNSFWDetector"


def main(arguments: Sequence[str]) -> None:
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    bare = _detector_alone()
    print(f"the detector alone, {VISITORS} threads: {bare:.1f} pictures/s", flush=True)
    with _site() as site:
        _upload(site, "by_validator", seed=0)  # loads the detector
        with _late(site) as alone:
            time.sleep(5)
        print(f"nobody uploads: the event loop is {_said(alone)}", flush=True)
        for way in ("by_validator", "by_form", "in_a_thread"):
            _report(site, way, bare)
    with _site(DJANGO_ALLOW_ASYNC_UNSAFE="1") as site:
        _upload(site, "by_validator", seed=0)
        _report(site, "blocking", bare)


def _report(site: Any, way: str, bare: float) -> None:
    bodies = [_picture(_next_seed()) for _ in range(PICTURES)]
    with _late(site) as late:
        rate = _uploads_a_second(site, way, bodies)
    print(
        f"{way}: {rate:.1f} uploads/s, {rate / bare:.2f} of the detector alone; the event loop is "
        f"{_said(late)}",
        flush=True,
    )


def _uploads_a_second(site: Any, way: str, bodies: Sequence[bytes]) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as visitors:
        for code, said in visitors.map(lambda body: site.upload(way, body), bodies):
            if code != 200:
                raise RuntimeError(said)
    return PICTURES / (time.perf_counter() - started)


def _detector_alone() -> float:
    from django.conf import settings

    from django_nsfw.assessment import assess
    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = {"default": {"BACKEND": DETECTOR}}
    detectors.reset()
    assess(io.BytesIO(_picture(_next_seed())))
    bodies = [io.BytesIO(_picture(_next_seed())) for _ in range(PICTURES)]
    started = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as threads:
        if any(found.nsfw is None for found in threads.map(assess, bodies)):
            raise RuntimeError("not every picture has a score")
    return PICTURES / (time.perf_counter() - started)


@contextmanager
def _late(site: Any) -> Iterator[list[float]]:
    """Seconds by which the event loop was late meanwhile, asked a hundred times a second."""
    late: list[float] = []
    site.get("lag")
    yield late
    late += site.get("lag")["late"]


def _said(late: Sequence[float]) -> str:
    ms = sorted(1000 * seconds for seconds in late)
    return (
        f"{statistics.median(ms):.1f} ms late (99 of 100 times within "
        f"{ms[len(ms) * 99 // 100]:.0f}, at most {ms[-1]:.0f})"
    )


@contextmanager
def _site(**settings: str) -> Iterator[Any]:
    from tests.asgi.running import served

    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), ASGI_DETECTOR=DETECTOR, **settings) as site,
    ):
        yield site


def _upload(site: Any, way: str, seed: int) -> None:
    code, said = site.upload(way, _picture(seed))
    if code != 200:
        raise RuntimeError(said)


_seeds = iter(range(1, 1_000_000))
_next_seed: Callable[[], int] = _seeds.__next__


def _picture(seed: int) -> bytes:
    from tests.conftest import picture

    return picture(*SIDES, seed=seed)


if __name__ == "__main__":
    main([])
