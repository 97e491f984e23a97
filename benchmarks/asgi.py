"""Uploads under uvicorn: whether the event loop serves others meanwhile, and what threads cost.

One worker of the site of ``tests/asgi``. Visitors upload pictures of a megapixel, another one each
time, while somebody asks for a page that takes no time, again and again: how long that page takes
is how long the event loop stood still. Then the same with a view that scores in the event loop,
which this app forbids by default. Uploads a second are set against the detector alone, in a
process of its own: decoding and scoring, with nothing stored, by as many threads.
"""

import io
import statistics
import tempfile
import threading
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
        with _asking(site) as alone:
            time.sleep(5)
        print(f"nobody uploads: a page takes {_said(alone)}", flush=True)
        for way in ("by_validator", "by_form", "in_a_thread"):
            _report(site, way, bare)
    with _site(DJANGO_ALLOW_ASYNC_UNSAFE="1") as site:
        _upload(site, "by_validator", seed=0)
        _report(site, "blocking", bare)


def _report(site: Any, way: str, bare: float) -> None:
    with _asking(site) as pages:
        rate = _uploads_a_second(site, way)
    print(
        f"{way}: {rate:.1f} uploads/s, {rate / bare:.2f} of the detector alone; a page meanwhile "
        f"takes {_said(pages)}",
        flush=True,
    )


def _uploads_a_second(site: Any, way: str) -> float:
    bodies = [_picture(_next_seed()) for _ in range(PICTURES)]
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
def _asking(site: Any) -> Iterator[list[float]]:
    """Seconds that each page took that somebody asked for meanwhile, one after the other."""
    took: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.01):
            started = time.perf_counter()
            site.get("waiting")
            took.append(time.perf_counter() - started)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    yield took
    ended.set()
    asking.join()


def _said(took: Sequence[float]) -> str:
    ms = sorted(1000 * seconds for seconds in took)
    return (
        f"{statistics.median(ms):.0f} ms (99 of 100 within {ms[len(ms) * 99 // 100]:.0f}, at most "
        f"{ms[-1]:.0f}; {len(ms)} pages)"
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
