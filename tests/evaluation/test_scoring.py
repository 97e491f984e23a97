"""What detectors say of samples, in order, whatever happens to the files."""

import hashlib
from dataclasses import replace

import pytest
from PIL import Image

from django_nsfw.detectors import detectors
from django_nsfw.evaluation.scoring import score
from django_nsfw.exceptions import EvaluationError, PictureNotShown
from django_nsfw.scores import Ground
from tests.conftest import encode, picture
from tests.evaluation.conftest import red, sample


def scores(said):
    return [row.nsfw for row in said.rows]


def test_several_detectors_side_by_side():
    samples = [sample(f"{n}.png", n % 2 == 0, red(n / 255)) for n in range(300)]
    samples = [each for n, each in enumerate(samples) if n <= 255]
    (redness, blueness), unavailable = score(samples, ["default", "blueness"])
    assert unavailable == []
    assert (redness.alias, blueness.alias) == ("default", "blueness")
    assert redness.identity == detectors["default"].identity
    assert scores(redness) == pytest.approx([n / 255 for n in range(256)])
    assert scores(blueness) == pytest.approx([1 - n / 255 for n in range(256)])
    assert [row.sample for row in redness.rows] == samples
    assert {row.format for row in redness.rows} == {"PNG"}
    assert redness.recorded == 0


def test_a_detector_that_is_named_twice_is_asked_once():
    said, _ = score([sample("a.png", True, red(1))], ["default", "default"])
    assert [each.alias for each in said] == ["default"]


def test_a_score_on_record_is_taken_and_the_bytes_are_not_asked_for():
    def gone():
        raise AssertionError("nobody needs the bytes")

    identity = detectors["default"].identity
    recorded = sample("a.png", True, red(1), recorded={identity: 0.25}, format="GIF")
    object.__setattr__(recorded, "open", gone)
    [said], _ = score([recorded, sample("b.png", True, red(1))], ["default"])
    assert scores(said) == [0.25, 1.0]
    assert said.recorded == 1
    assert said.rows[0].format == "GIF"


def test_a_score_of_another_detector_is_not_taken():
    [said], _ = score([sample("a.png", True, red(1), recorded={"other": 0.25})], ["default"])
    assert scores(said) == [1.0]


def test_where_the_worst_was_found_is_kept():
    frames = [Image.new("RGB", (24, 24), colour) for colour in ("black", "red", "black")]
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    [said], _ = score([sample("a.gif", True, body)], ["default"])
    assert (said.rows[0].frame, said.rows[0].ground) == (1, Ground.OPAQUE)


def missing():
    raise FileNotFoundError(2, "No such file or directory")


def forbidden():
    raise PictureNotShown("What was held was deleted.", code="pruned")


def breaking():
    raise RuntimeError("the storage is on fire")


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"open": missing}, "missing", "No such file or directory"),
        ({"open": forbidden}, "not_fetched", "What was held was deleted."),
        ({"open": breaking}, "not_fetched", "RuntimeError: the storage is on fire"),
        ({"sha256": "0" * 64}, "changed", "The file has other bytes than the label is about."),
    ],
    ids=["missing", "deleted", "broken", "changed"],
)
def test_what_cannot_be_read_is_said(fields, code, message):
    good = sample("b.png", True, red(1), sha256=hashlib.sha256(red(1)).hexdigest())
    [said], _ = score([replace(sample("a.png", True, red(1)), **fields), good], ["default"])
    failure = said.rows[0].failure
    assert (failure.code, failure.message) == (code, message)
    assert scores(said) == [None, 1.0]


def test_what_cannot_be_decoded_is_said(settings):
    settings.NSFW_LIMITS = {"max_pixels": 10_000}
    [said], _ = score(
        [
            sample("cut.jpg", True, picture()[:700]),
            sample("text.jpg", True, b"text"),
            sample("large.png", True, picture(200, 200, format="PNG")),
        ],
        ["default"],
    )
    assert scores(said) == [None] * 3
    assert [row.failure.code for row in said.rows] == [
        "unreadable_image",
        "not_a_picture",
        "image_too_large",
    ]


def test_a_detector_that_cannot_be_had_is_an_error():
    with pytest.raises(EvaluationError, match="the hub is down"):
        score([sample("a.png", True, red(1))], ["default", "broken"])


def test_or_is_skipped_and_named():
    said, unavailable = score(
        [sample("a.png", True, red(1))], ["broken", "default"], skip_unavailable=True
    )
    assert [each.alias for each in said] == ["default"]
    assert [(each.alias, each.reason) for each in unavailable] == [
        ("broken", "The model cannot be had: the hub is down.")
    ]


def test_but_one_must_be_there():
    with pytest.raises(EvaluationError, match="the hub is down"):
        score([sample("a.png", True, red(1))], ["broken"], skip_unavailable=True)


def test_an_unknown_alias():
    with pytest.raises(EvaluationError, match="NSFW_DETECTORS has no detector 'marqo'"):
        score([sample("a.png", True, red(1))], ["marqo"])


def test_a_detector_that_stops_answering_is_no_report():
    with pytest.raises(EvaluationError) as error:
        score([sample("a.png", True, red(1))], ["dying"])
    assert str(error.value) == (
        "The detector 'dying' stopped answering: The server does not answer."
    )


def test_a_detector_that_becomes_another_is_no_report():
    with pytest.raises(EvaluationError, match="The detector 'fickle' was first and became second"):
        score([sample("a.png", True, red(1))], ["fickle"])


def test_how_far_it_is():
    seen = []
    samples = [sample(f"{n}.png", True, red(n / 255)) for n in range(3)]
    score(samples, ["default"], progress=lambda *said: seen.append(said))
    assert seen == [("default", 1, 3), ("default", 2, 3), ("default", 3, 3)]
