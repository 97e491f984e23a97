"""``manage.py demo``: real photographs through the real form, and the table of what came of it."""

import hashlib
import re

import pytest

from tests.example.conftest import Example

HELD = "held, awaiting review"
OUTCOMES = {
    "Retina of a left eye": ("allow", "clear"),
    "Retina, closer": ("review", HELD),
    "Launch of DSCOVR": ("allow", "clear"),
    "Hubble eXtreme Deep Field": ("allow", "clear"),
    "The photographer": ("allow", "clear"),
    "Saucer, out of focus": ("review", HELD),
    "Coffee at Pikolo": ("allow", "clear"),
    "Eileen Collins": ("allow", "clear"),
    "Chelsea": ("allow", "clear"),
    "Chelsea again": ("–", "refused"),
    "A very large nothing": ("–", "refused"),
}
PUBLISHED, MISTAKEN, REFUSED = (
    [title for title, outcome in OUTCOMES.items() if outcome[0] == verdict]
    for verdict in ("allow", "review", "–")
)


def table(printed: str) -> list[tuple[str, ...]]:
    """Rows of the table: picture, score, verdict, status."""
    lines = printed.splitlines()
    [rule] = [number for number, line in enumerate(lines) if line.startswith("─")]
    rows = []
    for line in lines[rule + 1 :]:
        if not line:
            break
        rows.append(tuple(re.split(r"\s{2,}", line)))
    return rows


def test_each_picture_has_its_row(demo):
    assert (demo.returncode, demo.stderr) == (0, "")
    assert [(title, (verdict, status)) for title, _, verdict, status in table(demo.stdout)] == [
        *OUTCOMES.items()
    ]


def test_scores_stand_on_their_side_of_the_threshold(demo):
    scores = {title: score for title, score, _, _ in table(demo.stdout)}
    assert all(float(scores[title]) < 0.4 for title in PUBLISHED), scores
    assert all(float(scores[title]) > 0.6 for title in MISTAKEN), scores
    assert [scores[title] for title in REFUSED] == ["–", "–"]


def test_refusals_say_why(demo):
    printed = " ".join(demo.stdout.split())
    assert (
        "chelsea.jpg was refused: The file name ends in “.jpg”, but the content is PNG. "
        "Please rename the file or save it again." in printed
    )
    assert (
        "large.png was refused: This picture is too large. Please send a smaller version of it. "
        "It has 81,000,000 pixels; at most 50,000,000 are accepted." in printed
    )
    assert "9 uploaded, 2 refused, 0 were there." in printed


def test_what_is_held_is_only_in_quarantine(example, demo):
    held = {hashlib.sha256(path.read_bytes()).hexdigest() for path in example.held()}
    public = {hashlib.sha256(path.read_bytes()).hexdigest() for path in example.stored()}
    assert len(held) >= len(MISTAKEN)
    assert not held & public
    assert {path.stat().st_mode & 0o077 for path in example.held()} == {0}


def test_a_second_run_adds_nothing(tmp_path):
    example = Example(tmp_path)
    example.manage("migrate", "--verbosity", "0")
    first = example.manage("demo")
    stored, held = example.stored(), example.held()
    second = example.manage("demo")
    assert (second.returncode, second.stderr) == (0, "")
    assert table(second.stdout) == table(first.stdout)
    assert "0 uploaded, 2 refused, 9 were there." in second.stdout
    assert example.password in second.stdout
    assert (example.stored(), example.held()) == (stored, held)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check"], "System check identified no issues (0 silenced)."),
        (["makemigrations", "--check", "--dry-run"], "No changes detected"),
    ],
    ids=["no check complains", "no migration is missing"],
)
def test_the_project_is_in_order(example, arguments, says):
    done = example.manage(*arguments)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, says, "")


def test_a_wrong_detector_is_told_the_right_ones(example):
    done = example.manage("check", NSFW_DETECTOR="marco")
    assert done.returncode != 0
    assert "NSFW_DETECTOR must be one of open_nsfw, marqo, not 'marco'." in done.stderr


def test_marqo_is_one_setting_away(example):
    code = "from django.conf import settings; print(settings.NSFW_DETECTORS)"
    done = example.manage("shell", "--verbosity", "0", "--command", code, NSFW_DETECTOR="marqo")
    assert "django_nsfw.detectors.timm.TimmDetector" in done.stdout, done.stderr
    assert "hf_hub:Marqo/nsfw-image-detection-384" in done.stdout
