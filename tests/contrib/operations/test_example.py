"""The example as its operator watches it: the real detector, a server, and what both say."""

import json
import re
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import encode, mistaken, picture
from tests.example.browser import Browser
from tests.example.conftest import hosting, serving

CLEAR = picture(320, 240, seed=11)
DOUBTFUL = encode(mistaken(seed=18), "PNG")


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return hosting("operations", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def site(example):
    """Its address, once a clear picture came in, the same again, and one that is held."""
    with serving(example) as address:
        visitor = Browser(address)
        assert metrics(visitor)["nsfw_detector_state", "default", "unused"] == 1
        for title, name, body, said in (
            ("Clouds", "clouds.jpg", CLEAR, "“Clouds” is published"),
            ("Clouds again", "again.jpg", CLEAR, "“Clouds again” is published"),
            ("Circles", "circles.png", DOUBTFUL, "“Circles” awaits review"),
        ):
            assert said in visitor.upload(title, name, body).text
        yield address


def metrics(visitor) -> dict[tuple[str, ...], float]:
    """Name and labels, in the order of their names, → value; of this app alone."""
    page = visitor.get("/metrics/")
    assert (page.status, page.type) == (200, "text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
        if sample.name.startswith("nsfw_")
    }


def lines(example, name) -> list[dict]:
    return [json.loads(line) for line in (example.data / name).read_text().splitlines()]


def test_nothing_is_wrong_with_its_settings(example):
    done = example.manage("check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_scrape_says_what_was_scored_and_what_waits(site):
    said = metrics(Browser(site))
    assert said["nsfw_assessments_total", "default", "scored"] == 2
    assert said["nsfw_assessments_total", "default", "recalled"] == 4  # each again when it is saved
    assert said["nsfw_assessment_seconds_count", "default"] == 2
    assert said["nsfw_score_bucket", "default", "0.5"] == 1
    assert said["nsfw_verdicts_total", "gallery.Photo.image", "clear", "allow"] == 2
    assert said["nsfw_verdicts_total", "gallery.Photo.image", "held", "review"] == 1
    assert said["nsfw_events_total", "held", "gallery.Photo.image"] == 1
    assert said["nsfw_waiting_files", "held"] == 1
    assert 0 < said["nsfw_oldest_waiting_seconds", "held"] < 600
    assert said["nsfw_detector_state", "default", "loaded"] == 1


@pytest.mark.parametrize("address", ["/health/", "/ready/"])
def test_a_site_that_scores_is_well(site, address):
    page = Browser(site).get(f"{address}?format=text")
    assert page.status == 200
    assert re.search(r"^DetectorCheck\(alias='default'\): OK$", page.body.decode(), re.MULTILINE)


def test_each_look_at_a_file_is_a_line_of_json_and_a_span(site, example):
    records = [r for r in lines(example, "records.jsonl") if r["name"] == "django_nsfw.observing"]
    assert [r["nsfw_recalled"] for r in records] == [False, True, True, True, False, True]
    assert [r["nsfw_score"] >= 0.5 for r in records] == [False] * 4 + [True] * 2
    spans = [span for span in lines(example, "spans.jsonl") if span["name"] == "nsfw.assess"]
    shared = {"nsfw_sha256": "nsfw.sha256", "nsfw_score": "nsfw.score"}
    for record, span in zip(records, spans, strict=True):
        assert {key: record[key] for key in shared} == {
            key: span["attributes"][name] for key, name in shared.items()
        }


def test_what_becomes_of_a_file_is_a_line_of_json(site, example):
    [record] = [r for r in lines(example, "records.jsonl") if r["name"] == "django_nsfw.announcing"]
    assert (record["levelname"], record["nsfw_event"]) == ("INFO", "image.held")
    assert datetime.fromisoformat(record["timestamp"]).utcoffset() == timedelta(0)
    assert record["nsfw_field"] == "gallery.Photo.image"
    assert "circles.png" not in json.dumps(record)
