"""Many files, one detector: full batches, bounded pixels, and one that fails alone."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from django_nsfw.detectors import Detector
from django_nsfw.rescans import reading
from django_nsfw.rescans.batching import Batcher, PixelBudget
from django_nsfw.rescans.reading import GROUP_FILES, Fetched, Reader
from django_nsfw.scores import Scores

PATIENCE = 20


class Counting(Detector):
    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})
    max_batch = 4

    def __init__(self):
        self.batches = []
        self.at_once = 0
        self.gate = threading.Event()
        self.gate.set()

    def load(self):
        pass

    def predict(self, images):
        self.at_once += 1
        assert self.at_once == 1, "only one thread asks the detector"
        self.gate.wait(PATIENCE)
        try:
            self.batches.append(len(images))
            if any(image.width == 13 for image in images):
                raise RuntimeError("unlucky")
            shares = [image.width / 100 for image in images]
            return [Scores.of(self.labels, [1 - s, s], self.nsfw_labels) for s in shares]
        finally:
            self.at_once -= 1


@pytest.fixture
def detector():
    return Counting()


@pytest.fixture
def batcher(detector):
    batcher = Batcher(detector)
    yield batcher
    batcher.close()


def ask(batcher, *widths):
    with batcher.decoding():
        images = [Image.new("RGB", (width, 5)) for width in widths]
        return [round(scores.nsfw * 100) for scores in batcher.predict(images)]


def test_everybody_gets_the_scores_of_their_own_images(batcher):
    with ThreadPoolExecutor(12) as pool:
        asked = [[n + 20, n + 40][: n % 2 + 1] for n in range(40)]
        answers = [
            future.result(PATIENCE) for future in [pool.submit(ask, batcher, *w) for w in asked]
        ]
    assert answers == asked


def test_who_waits_is_scored_in_full_batches(batcher, detector):
    detector.gate.clear()
    with ThreadPoolExecutor(17) as pool:
        first = pool.submit(ask, batcher, 50)
        while not batcher._detector.at_once:
            time.sleep(0.001)
        others = [pool.submit(ask, batcher, 50) for _ in range(16)]
        while len(batcher._waiting) < 16:
            time.sleep(0.001)
        detector.gate.set()
        for future in (first, *others):
            future.result(PATIENCE)
    assert detector.batches == [1, 4, 4, 4, 4]


def test_one_alone_does_not_wait_for_others(batcher, detector):
    assert ask(batcher, 30) == [30]
    assert detector.batches == [1]


def test_more_crops_than_a_batch_go_in_one_request(batcher, detector):
    assert ask(batcher, 1, 2, 3, 4) == [1, 2, 3, 4]
    assert detector.batches == [4]


def test_an_image_that_fails_does_not_fail_the_others(batcher, detector):
    detector.gate.clear()
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(ask, batcher, 50)
        while not detector.at_once:
            time.sleep(0.001)
        others = [pool.submit(ask, batcher, width) for width in (10, 13, 11)]
        while len(batcher._waiting) < 3:
            time.sleep(0.001)
        detector.gate.set()
        first.result(PATIENCE)
        assert [o.exception(PATIENCE) is None for o in others] == [True, False, True]
        assert str(others[1].exception()) == "unlucky"


def test_pixels_in_flight_are_bounded_and_a_huge_picture_goes_alone():
    budget, at_once, most, lock = PixelBudget(100), 0, 0, threading.Lock()
    alone = []

    def decode(pixels):
        nonlocal at_once, most
        with budget.taking(pixels):
            with lock:
                at_once += pixels
                most = max(most, at_once) if pixels <= 100 else most
                alone.append(at_once == pixels)
            time.sleep(0.001)
            with lock:
                at_once -= pixels
        return pixels

    sizes = [30, 70, 500, 10, 90, 40] * 20
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(decode, sizes, timeout=PATIENCE)) == sizes
    assert 0 < most <= 100
    assert alone.count(True) >= 20


def test_files_are_fetched_ahead_but_not_all_of_them():
    fetched = []

    def fetch(number):
        fetched.append(number)
        return Fetched(sha256=str(number), size=1)

    with ThreadPoolExecutor(4) as pool:
        groups = Reader(pool, fetch, lambda: None).groups(range(10 * GROUP_FILES))
        first = next(groups)
        time.sleep(0.1)
        assert [item for item, _ in first] == list(range(GROUP_FILES))
        assert len(fetched) <= 2 * GROUP_FILES
        rest = [item for group in groups for item, _ in group]
    assert len(rest) == 9 * GROUP_FILES


def test_large_files_make_small_groups_and_few_are_fetched_ahead(monkeypatch):
    monkeypatch.setattr(reading, "GROUP_BYTES", 1000)
    held, most, lock = 0, 0, threading.Lock()

    def fetch(number):
        nonlocal held, most
        with lock:
            held += 1
            most = max(most, held)
        return Fetched(sha256=str(number), size=400, body=io.BytesIO(b"x" * 400))

    with ThreadPoolExecutor(reading.READERS) as pool:
        sizes = []
        for group in Reader(pool, fetch, lambda: None).groups(range(100)):
            sizes.append(len(group))
            time.sleep(0.01)
            with lock:
                held -= len(group)
    assert sizes == [3] * 33 + [1]
    assert most <= 3 + 3 + reading.READERS
