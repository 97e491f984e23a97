"""What drove a score, of detectors of which it is known."""

import io

import numpy as np
import pytest
from PIL import Image

from django_nsfw.assessment import assess
from django_nsfw.detectors import detectors
from django_nsfw.exceptions import (
    AssessmentTimeout,
    DetectorBusy,
    DetectorUnavailable,
    UnreadableImage,
)
from django_nsfw.explaining import explain, occlusion
from django_nsfw.explaining.occlusion import LEAST, MOST, log_odds
from django_nsfw.flights import in_flight
from django_nsfw.images import open_picture
from django_nsfw.limits import Limits
from django_nsfw.scores import CropScores, Ground, Scores
from tests.conftest import PHOTOGRAPHS, mistaken
from tests.detectors_for_tests import ConstantDetector, ReddestDetector, SaturatedDetector
from tests.explaining.spots import BLUE, with_spot
from tests.images.drawing import encode, flat

HERE = CropScores(
    frame=0, tile=0, ground=Ground.OPAQUE, scores=Scores(labels={"nsfw": 0.5}, nsfw=0.5)
)


def loaded(cls=ReddestDetector):
    detector = cls()
    detector.load()
    return detector


def explained(body, detector=None, worst=HERE, limits=None):
    limits = limits or Limits()
    return explain(open_picture(io.BytesIO(body), limits), worst, detector or loaded(), limits)


def hottest(found) -> tuple[float, float]:
    """The middle of the cell that matters most, in shares of the sides of the frame."""
    heat = np.array(found.log_odds)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    left, upper, right, lower = found.box
    return (
        left + (column + 0.5) / heat.shape[1] * (right - left),
        upper + (row + 0.5) / heat.shape[0] * (lower - upper),
    )


def is_near(found, at, within=0.1) -> bool:
    left, upper, right, lower = found.strongest.box
    return (
        max(abs(a - b) for a, b in zip(hottest(found), at, strict=True)) < within
        and left <= at[0] <= right
        and upper <= at[1] <= lower
    )


PLACES = [(x, y) for y in (0.07, 0.3, 0.5, 0.93) for x in (0.07, 0.45, 0.8, 0.93)]


@pytest.mark.parametrize("at", PLACES, ids=str)
@pytest.mark.parametrize("size", [(160, 160), (240, 160), (160, 280)], ids=str)
def test_what_matters_is_found_wherever_it_is(at, size):
    found = explained(encode(with_spot(at, size), "PNG"))
    assert is_near(found, at)
    assert found.stands_out
    assert (found.width, found.height, found.box) == (*size, (0, 0, 1, 1))


def test_the_numbers_of_one_cell():
    """Four windows lie over it; its neighbours share some of these, and have others."""
    found = explained(encode(with_spot((5.5 / 8, 2.5 / 8)), "PNG"))
    assert found.nsfw == pytest.approx(0.95)
    over = [(c, r) for c in (3, 4, 5) for r in (1, 2, 3)]
    windows = {*over, *((c, r) for c in range(0, 8, 2) for r in range(0, 8, 2))}
    drops = np.zeros((8, 8))
    for row, column in np.ndindex(8, 8):
        covering = [w for w in windows if 0 <= column - w[0] < 2 and 0 <= row - w[1] < 2]
        matter = [w for w in covering if w[0] in (4, 5) and w[1] in (1, 2)]
        drops[row, column] = 0.9 * len(matter) / len(covering)
    assert np.array(found.drops) == pytest.approx(drops)
    assert drops[2, 5] == 0.9
    assert found.strongest.nsfw == pytest.approx(0.05)
    assert found.strongest.log_odds == pytest.approx(2 * np.log(0.95 / 0.05))
    assert np.array(found.log_odds)[2, 5] == pytest.approx(found.strongest.log_odds)
    # 16 side by side, those over the one that matters, and the picture as it is.
    assert (found.inferences, found.finished) == (16 + 8 + 1, True)


def test_a_spot_between_two_windows_is_found_between_them():
    found = explained(encode(with_spot((0.5, 0.5), side=30), "PNG"))
    left, upper, right, lower = found.strongest.box
    assert (left, upper, right, lower) == (0.375, 0.375, 0.625, 0.625)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_stored_turned_is_explained_upright(orientation):
    """EXIF, Orientation: where the first row and column of what is stored are seen."""
    at = (0.8, 0.3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {
        1: (0.8, 0.3), 2: (0.2, 0.3), 3: (0.2, 0.7), 4: (0.8, 0.7),
        5: (0.3, 0.8), 6: (0.7, 0.8), 7: (0.7, 0.2), 8: (0.3, 0.2),
    }  # fmt: skip
    body = encode(with_spot(at, (240, 160), side=30), "JPEG", exif=exif, quality=95)
    found = explained(body)
    assert is_near(found, turns[orientation])
    assert (found.width > found.height) == (orientation < 5)


@pytest.fixture
def reddest(settings, constant):
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ReddestDetector"},
    }


def explained_as_assessed(body):
    """What the crop was that scored worst, and its explanation."""
    worst = assess(io.BytesIO(body)).worst
    found = explained(body, detectors["default"], worst)
    assert found.nsfw == pytest.approx(worst.scores.nsfw, abs=1e-6)
    assert (found.frame, found.tile, found.ground) == (worst.frame, worst.tile, worst.ground)
    return found


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize("at", [(0.3, 0.06), (0.7, 0.5), (0.2, 0.95)], ids=str)
def test_in_a_long_picture_the_tile_that_scored_worst_is_looked_at(reddest, at, format):
    body = encode(with_spot(at, (200, 900), side=30), format, quality=95)
    found = explained_as_assessed(body)
    assert is_near(found, at)
    left, upper, right, lower = found.box
    assert (left, right) == (0, 1)
    assert lower - upper == pytest.approx(200 / 900)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_frame_that_scored_worst_is_looked_at(reddest, format):
    frames = [with_spot((0.2, 0.2), spot=(60 + 10 * at, 30, 90)) for at in range(6)]
    frames[4] = with_spot((0.7, 0.6))
    options = {"lossless": True} if format == "WEBP" else {}
    body = encode(frames[0], format, save_all=True, append_images=frames[1:], **options)
    found = explained_as_assessed(body)
    assert found.frame == 4
    assert is_near(found, (0.7, 0.6))


def test_what_is_transparent_is_explained_as_it_scored_worst(reddest):
    """Nobody sees the spot, but who takes the transparency away."""
    image = with_spot((0.2, 0.7))
    image.putalpha(Image.new("L", image.size, 0))
    found = explained_as_assessed(encode(image, "PNG"))
    assert found.ground == Ground.RAW
    assert is_near(found, (0.2, 0.7))


def test_close_to_one_log_odds_tell_what_probabilities_do_not():
    body = encode(with_spot((0.3, 0.8)), "PNG")
    found = explained(body, loaded(SaturatedDetector))
    assert found.nsfw == pytest.approx(1, abs=1e-5)
    assert np.abs(found.drops).max() < 0.02
    assert np.max(found.log_odds) > 8
    assert is_near(found, (0.3, 0.8))


def test_what_speaks_against_it_is_below_zero():
    class Calmed(ReddestDetector):
        def scores(self, redness):
            return super().scores(0.5 - redness / 2)

    found = explained(encode(with_spot((0.7, 0.7)), "PNG"), loaded(Calmed))
    drops = np.array(found.drops)
    assert drops.min() == pytest.approx(-0.45)
    assert drops.max() == 0
    assert not found.stands_out
    assert [strength for _box, strength in found.patches() if strength > 0] == []
    assert min(strength for _box, strength in found.patches()) == -1


def test_where_no_part_matters_nothing_is_drawn(constant):
    constant.answer = 0.8
    found = explained(encode(flat("olive"), "PNG"), loaded(ConstantDetector))
    assert (found.stands_out, list(found.patches())) == (False, [])
    assert found.strongest.log_odds == 0
    assert found.inferences == 1 + MOST  # it might have been across several windows


def test_little_is_drawn_faintly():
    class Faint(ReddestDetector):
        def scores(self, redness):
            return super().scores(0.5 + redness / 12)

    found = explained(encode(with_spot((5.5 / 8, 2.5 / 8)), "PNG"), loaded(Faint))
    strongest = max(strength for _box, strength in found.patches())
    assert strongest == pytest.approx(found.strongest.log_odds)
    assert 0.2 < strongest < 0.4


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 3), (5, 1), (3, 40)], ids=str)
def test_pictures_of_a_few_pixels(size):
    found = explained(encode(flat("red", size), "PNG"))
    assert found.strongest.nsfw <= found.nsfw


def test_a_part_that_is_not_there_is_an_error_of_the_picture():
    worst = CropScores(frame=0, tile=3, ground=Ground.BLACK, scores=HERE.scores)
    with pytest.raises(UnreadableImage, match=r"^Frame 0 has no tile 3 that is black\.$"):
        explained(encode(flat("red"), "PNG"), worst=worst)


class Noting(ReddestDetector):
    """What it was shown, batch by batch."""

    max_batch = 3
    input_side = 40

    def load(self):
        super().load()
        self.batches = []

    def predict(self, images):
        self.batches.append([image.size for image in images])
        return super().predict(images)


def test_no_more_is_asked_than_is_said_and_no_more_at_once_than_a_detector_takes():
    spots = flat(BLUE, (160, 160))
    for x in range(10, 160, 20):
        for y in range(10, 160, 20):
            spots.paste((100 + x // 2 + y // 3, 0, 0), (x - 6, y - 6, x + 6, y + 6))

    class Sum(Noting):
        def redness(self, image):
            return float(np.asarray(image, float)[..., 0].mean() / 255)

    detector = loaded(Sum)
    found = explained(encode(spots, "PNG"), detector)
    assert found.inferences == sum(map(len, detector.batches)) == MOST + 1
    assert max(map(len, detector.batches)) == 3


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((50, 50), (50, 50)),
        ((119, 150), (119, 150)),
        ((130, 250), (65, 125)),
        ((900, 600), (90, 60)),
    ],
    ids=str,
)
def test_large_pictures_are_reduced_but_to_no_less_than_scoring_would(size, shown):
    detector = loaded(Noting)
    explained(encode(with_spot((0.4, 0.4), size, side=30), "PNG"), detector)
    assert {one for batch in detector.batches for one in batch} == {shown}


def test_each_batch_takes_its_turn_among_the_images_in_flight():
    limits = Limits(max_in_flight=1, timeout=0.05)

    class Crowding(Noting):
        def predict(self, images):
            with pytest.raises(DetectorBusy), in_flight(1, 0):
                raise AssertionError("nobody else may score now")
            return super().predict(images)

    explained(
        encode(with_spot((0.4, 0.4)), "PNG"), loaded(Crowding), limits=Limits(max_in_flight=1)
    )
    with in_flight(1, 0), pytest.raises(DetectorBusy):
        explained(encode(with_spot((0.4, 0.4)), "PNG"), limits=limits)


class Clock:
    """Each batch takes a second of it."""

    now = 0.0


@pytest.fixture
def slow(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(occlusion, "perf_counter", lambda: clock.now)

    class Slow(Noting):
        def predict(self, images):
            clock.now += 1
            return super().predict(images)

    return loaded(Slow)


def test_what_is_found_until_time_runs_out_is_said_to_be_coarse(slow):
    body = encode(with_spot((5.5 / 8, 2.5 / 8)), "PNG")
    found = explained(body, slow, limits=Limits(timeout=7.5))
    assert found.finished is False
    # A batch of one, six of those side by side, one of those between.
    assert (len(slow.batches), found.inferences) == (8, 1 + 16 + 3)
    assert is_near(found, (5.5 / 8, 2.5 / 8), within=0.13)


def test_without_time_for_every_part_there_is_no_explanation(slow):
    with pytest.raises(AssessmentTimeout) as error:
        explained(encode(flat("red"), "PNG"), slow, limits=Limits(timeout=4.5))
    assert str(error.value) == "After 4.5 s only 12 parts had been covered."


def test_a_detector_that_changes_on_the_way_explains_nothing():
    class Changing(ReddestDetector):
        def predict(self, images):
            self.identity = "another"
            return super().predict(images)

    with pytest.raises(DetectorUnavailable, match=r"^The detector changed meanwhile\.$"):
        explained(encode(flat("red"), "PNG"), loaded(Changing))


def test_whatever_a_detector_raises_is_a_sentence(constant):
    constant.answer = RuntimeError("out of memory")
    with pytest.raises(DetectorUnavailable) as error:
        explained(encode(flat("red"), "PNG"), loaded(ConstantDetector))
    assert str(error.value) == "The detector failed: RuntimeError: out of memory"


REDDEST = {"BACKEND": "tests.detectors_for_tests.ReddestDetector"}
SATURATED = {"BACKEND": "tests.detectors_for_tests.SaturatedDetector"}
BROKEN = {"BACKEND": "tests.detectors_for_tests.BrokenDetector"}
ROOM = "django_nsfw.detectors"
COMPOSED = {
    "fallback": {
        "BACKEND": f"{ROOM}.fallback.FallbackDetector",
        "OPTIONS": {"detectors": ["broken", "reddest"]},
    },
    "cascade": {
        "BACKEND": f"{ROOM}.cascade.CascadeDetector",
        "OPTIONS": {"first": "saturated", "second": "reddest"},
    },
    "ensemble": {
        "BACKEND": f"{ROOM}.ensemble.EnsembleDetector",
        "OPTIONS": {"detectors": ["saturated", "reddest"]},
    },
}


@pytest.mark.parametrize("composed", COMPOSED)
def test_detectors_that_are_made_of_others_are_explained_as_they_score(settings, composed):
    settings.NSFW_DETECTORS = {
        "reddest": REDDEST, "saturated": SATURATED, "broken": BROKEN, composed: COMPOSED[composed],
    }  # fmt: skip
    found = explained(encode(with_spot((0.8, 0.2)), "PNG"), detectors[composed])
    assert is_near(found, (0.8, 0.2))
    assert found.detector == detectors[composed].identity


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"sfw": 0.5, "nsfw": 0.5}, 0),
        ({"sfw": 0.2, "nsfw": 0.8}, np.log(4)),
        ({"sfw": 0.2, "nsfw": 0.5, "hentai": 0.3}, np.log(4)),
        ({"sfw": 3e-5, "nsfw": 1.0}, -np.log(3e-5)),
        ({"sfw": 0.0, "nsfw": 1.0}, -np.log(LEAST)),
        ({"sfw": 1.0, "nsfw": 0.0}, np.log(LEAST)),
    ],
    ids=str,
)
def test_log_odds_come_from_the_labels(labels, expected):
    scores = Scores.of(list(labels), list(labels.values()), set(labels) - {"sfw"})
    assert log_odds(scores, {"nsfw", "hentai"}) == pytest.approx(expected)


def test_a_real_detector_is_drawn_to_what_it_errs_about():
    """Ellipses in the colours of sand, in a corner of a wall of bricks."""
    wall = Image.open(PHOTOGRAPHS / "brick.png").convert("RGB")
    wall.paste(mistaken(240), (250, 40))
    detector = detectors["default"]
    found = explained(encode(wall, "PNG"), detector)
    there = (250 / 512, 40 / 512, 490 / 512, 280 / 512)
    x, y = hottest(found)
    assert there[0] < x < there[2] and there[1] < y < there[3]
    heat = np.array(found.log_odds)
    middles = (np.arange(8) + 0.5) / 8
    inside = np.outer(
        (middles > there[1]) & (middles < there[3]), (middles > there[0]) & (middles < there[2])
    )
    assert heat[inside].mean() > 3 * abs(heat[~inside]).mean()

    def without(cells):
        covered = wall.copy()
        for row, column in cells:
            box = (column * 64, row * 64, column * 64 + 64, row * 64 + 64)
            covered.paste(occlusion.GREY, box)
        return detector.predict([covered])[0].nsfw

    order = [divmod(int(at), 8) for at in np.argsort(heat, axis=None)]
    assert without(order[-6:]) < found.nsfw / 3 < without(order[:6])
