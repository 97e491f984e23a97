"""What a report says, for programs and for people, and that it needs nothing else."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from django_nsfw.evaluation.as_json import SCHEMA, as_json, dumped
from django_nsfw.evaluation.labelled_files import LeftOut
from django_nsfw.evaluation.page import html
from django_nsfw.evaluation.rates import UNKNOWN
from django_nsfw.evaluation.results import summarise
from django_nsfw.evaluation.scoring import Said, Unavailable
from django_nsfw.evaluation.subjects import WORST, Subject
from tests.chromium import chromium, keep
from tests.conftest import picture
from tests.evaluation.rows import hand, scored

A4 = 688
"""Pixels of CSS between the margins of the page."""

NASTY = "<script>alert(1)</script>&\"'.jpg"


def report(rows, *, others=(), marked=None, mistakes=WORST, **fields):
    said = [
        Said(alias=alias, identity=f"{alias} identity", rows=each, recorded=0)
        for alias, each in (("default", rows), *others)
    ]
    fields = {"title": "a set", "samples": [row.sample for row in rows], **fields}
    unavailable = [Unavailable(alias="broken", reason="The hub is down.")] if others else []
    return summarise(
        Subject(**fields),
        said,
        unavailable,
        threshold=0.5,
        marked={0.5: "review", 0.95: "reject"} if marked is None else marked,
        mistakes=mistakes,
        created=datetime(2026, 1, 31, 12, 30, tzinfo=UTC),
    )


def many():
    rows = [
        scored(
            n % 3 == 0,
            (n * 37 % 100) / 100 if n % 7 else None,
            name=f"{n}.jpg",
            body=picture(seed=n),
            source="web" if n % 2 else "camera",
            model_field="host.Photo.image" if n % 5 else "",
            format="PNG" if n % 4 else "JPEG",
        )
        for n in range(120)
    ]
    rows.append(scored(True, 0.01, name=NASTY, source="<b>", body=b"no picture"))
    return rows


def test_groups_and_mistakes():
    [result] = report(many()).results
    groups = {(g.kind, g.name): (g.measured.nsfw, g.measured.sfw) for g in result.groups}
    assert list(groups) == [
        ("field", "host.Photo.image"),
        ("source", "<b>"),
        ("source", "camera"),
        ("source", "web"),
        ("format", "JPEG"),
        ("format", "PNG"),
    ]
    assert groups["source", "<b>"] == (1, 0)
    assert sum(sum(v) for (kind, _), v in groups.items() if kind == "source") == 121 - 18
    missed = [row.nsfw for row in result.missed]
    assert len(missed) == len(result.alarms) == WORST
    assert missed == sorted(missed)
    assert missed[0] == 0.01
    assert result.alarms[0].nsfw == max(
        row.nsfw for row in many() if row.nsfw is not None and not row.sample.nsfw
    )
    assert len(result.unscored) == 18


def test_without_weights_there_is_nothing_to_correct():
    [result] = report(hand()).results
    assert result.uncorrected is None


def test_with_weights_both_are_told():
    [result] = report(hand(weight=3.0)).results
    assert (result.measured.at(0.5).tp, result.uncorrected.at(0.5).tp) == (6, 2)


def test_of_decisions_the_uncorrected_numbers_are_about_them_alone():
    rows = [*hand(source="decisions"), *hand(source="quality sample", weight=100.0)]
    [result] = report(rows, alone="decisions").results
    assert (result.measured.at(0.5).tp, result.uncorrected.at(0.5).tp) == (202, 2)
    assert {group.kind for group in result.groups} == {"format"}


def test_where_recall_cannot_be_known_precision_is_all_there_is():
    [result] = report(hand(source="decisions"), alone="decisions", recall_known=False).results
    at = result.measured.at(0.5)
    assert at.precision.value == pytest.approx(2 / 3)
    assert at.recall == at.f1 == at.accuracy == at.fpr == at.fnr == UNKNOWN
    assert result.measured.roc_auc == result.measured.average_precision == UNKNOWN
    assert result.measured.curve == ()
    assert result.uncorrected.at(0.5).recall.value == pytest.approx(2 / 3)


def test_as_json():
    found = as_json(report(many(), others=[("other", many())], duplicates=2,
                           left_out=[LeftOut(name="x.txt", reason="No picture.")]))  # fmt: skip
    assert found["schema"] == SCHEMA == "django-nsfw/evaluation/1"
    assert found["created"] == "2026-01-31T12:30:00+00:00"
    assert found["subject"] == {
        "title": "a set",
        "nsfw": 41,
        "sfw": 80,
        "duplicates": 2,
        "left_out": [{"name": "x.txt", "reason": "No picture."}],
        "notes": [],
        "corrected": False,
        "recall_known": True,
    }
    assert found["marked"] == [
        {"threshold": 0.5, "meaning": "review"},
        {"threshold": 0.95, "meaning": "reject"},
    ]
    assert found["unavailable"] == [{"alias": "broken", "reason": "The hub is down."}]
    assert [each["alias"] for each in found["detectors"]] == ["default", "other"]
    first = found["detectors"][0]
    assert len(first["measured"]["thresholds"]) == 101
    at = first["measured"]["thresholds"][50]
    assert at["threshold"] == 0.5
    assert set(at["recall"]) == {"value", "low", "high"}
    assert first["missed"][0] == {
        "name": NASTY,
        "nsfw": 0.01,
        "source": "<b>",
        "field": "",
        "format": "JPEG",
        "error": None,
        "code": None,
    }
    assert (first["unscored"][0]["code"], first["unscored"][0]["error"]) == (
        "unreadable_image",
        "Cut off.",
    )


def test_the_text_of_json_is_strict():
    rows = [scored(True, 0.9), scored(True, None)]  # numbers that are not defined
    text = dumped(report(rows))
    assert "NaN" not in text
    assert json.loads(text)["detectors"][0]["measured"]["roc_auc"]["value"] is None


class Addresses(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in ("src", "href", "action", "data")]


@pytest.fixture(scope="module")
def large() -> str:
    """The page about several detectors, with all that can be on one."""
    rows = many()
    return html(
        report(
            rows,
            others=[("marqo", rows[::-1]), ("a-long-alias-of-a-detector", rows)],
            marked={0.5: "review; reject, host.Slide.image", 0.9: "reject, host.Photo.image"},
            notes=["Decisions are a biased sample.", "There is no quality sample."],
            left_out=[LeftOut(name=NASTY, reason="No picture.")],
        )
    )


def test_the_page_needs_nothing_else(large):
    read = Addresses()
    read.feed(large)
    kinds = {re.match(r"data:image/[\w+]+;base64,|#left-out$", each)[0] for each in read.found}
    assert kinds == {"data:image/svg+xml;base64,", "data:image/webp;base64,", "#left-out"}
    assert not read.tags & {"script", "link", "iframe", "object"}
    assert not re.search(r"url\(|@import|\son\w+=|https?:", large)


def test_names_are_escaped(large):
    assert NASTY not in large
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;.jpg" in large


def test_a_mistake_without_a_picture_is_named():
    page = html(report([scored(True, 0.1, name="gone.jpg"), scored(False, 0.2)]))
    assert '<span class="none">no picture</span><b>0.100</b> gone.jpg' in page
    assert page.count("None at 0.50.") == 1


def test_a_report_can_do_without_pictures_and_names():
    page = html(report(hand(), mistakes=0))
    assert "image/webp" not in page
    assert "Missed</h3>" not in page
    assert ".jpg" not in page


def test_a_set_of_one_class_says_so():
    page = html(report([scored(True, 0.1), scored(False, None)]))
    assert "All pictures here are NSFW: nothing tells how many safe ones would be flagged." in page
    assert "At 0.50, default flags 0.0 % (0.0–79.3) of the NSFW pictures." in page


def test_in_words():
    page = html(report(hand(), duplicates=1234))
    assert (
        "At 0.50, default flags 66.7 % (20.8–93.9) of the NSFW pictures and 25.0 % (4.6–69.9) of "
        "the safe ones; 66.7 % (20.8–93.9) of what it flags is NSFW."
    ) in page
    assert "<b>1,234</b> duplicates, counted once" in page


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_page_is_the_same_in_every_language(settings, language):
    made = report(hand())
    page = html(made)
    settings.LANGUAGE_CODE = language
    settings.USE_THOUSAND_SEPARATOR = True
    assert re.sub(r'src="[^"]+"', "", html(made)) == re.sub(r'src="[^"]+"', "", page)


def test_who_likes_it_dark_has_it_dark_but_not_on_paper(large, tmp_path):
    (tmp_path / "report.html").write_text(large, encoding="utf-8")
    paper = "getComputedStyle(document.body).backgroundColor"
    with chromium() as browser:
        page = browser.new_page()
        page.goto((tmp_path / "report.html").as_uri())
        found = []
        for scheme, media in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
            page.emulate_media(media=media, color_scheme=scheme)
            found.append(page.evaluate(paper))
            keep(page, f"evaluation-{scheme}-{media}")
    assert found == ["rgb(255, 255, 255)", "rgb(26, 26, 26)", "rgb(255, 255, 255)"]


def test_in_chromium(large, tmp_path):
    """Under its own policy everything is shown, nothing is wider than the screen or the paper, and
    what is written in pictures can be read on a telephone."""
    (tmp_path / "report.html").write_text(large, encoding="utf-8")
    said, asked = [], []
    with chromium() as browser:
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.goto((tmp_path / "report.html").as_uri())
        for width, media in ((390, "screen"), (1100, "screen"), (A4, "print")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(media=media)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.locator("figure img").first.bounding_box()["width"] >= 600
            keep(page, f"evaluation-{width}")
        broken = "[...document.images].filter(i => !i.naturalWidth).length"
        assert page.evaluate(broken) == 0
        assert page.evaluate("document.images.length") == 3 + 3 * (1 + 2 * WORST) - 3
        assert page.locator("h2").all_inner_texts() == [
            "Comparison", "default", "marqo", "a-long-alias-of-a-detector", "Left out",
            "How to read this",
        ]  # fmt: skip
    assert said == []
    assert set(asked) <= {"file", "data"}
