"""Uploads on real engines: what visitors see before a worker comes, and after it went."""

import re

import pytest

from tests.background.engines.processes import eventually
from tests.conftest import encode, mistaken, photograph

WHITE, RED = "white", "red"
IMMEDIATELY = {"settings": {"NSFW_POLICY": {"publish": "immediately"}}}
UPLOADS = {
    "clear": (WHITE, {}),
    "suspicious": (RED, {}),
    "clear, through a form": (WHITE, {"through": "form"}),
    "suspicious, through a form": (RED, {"through": "form"}),
    "clear, published immediately": (WHITE, IMMEDIATELY),
    "suspicious, published immediately": (RED, IMMEDIATELY),
    "a photograph, by OpenNSFW": (photograph("chelsea.png"), {"through": "other app"}),
    "a mistake of OpenNSFW": (encode(mistaken(), "PNG"), {"through": "other app"}),
}
SHOWN = {"original is public": True, "in quarantine": False}
KEPT_BACK = {"original is public": False, "in quarantine": True}


@pytest.fixture(scope="module")
def story(engine, build):
    """Everything is uploaded, and one is overdue, before the first worker comes."""
    times = {"lease": 20, "deadline": 600, "queue": engine.queue}
    with build(**engine.settings(), NSFW_BACKGROUND=times) as site:
        pks = {name: site.upload(body, **how) for name, (body, how) in UPLOADS.items()}
        late = site.upload(RED)
        assert site.upload(WHITE, through="failing view") is None
        before = {name: site.look(pk) for name, pk in pks.items()}
        sent = engine.waiting(site)
        site.ask("age", late, 601)
        swept = site.manage("nsfw_sweep")
        with site.worker(engine.command()):
            after = {name: site.settled(pk) for name, pk in pks.items()}
            eventually(lambda: engine.waiting(site) == 0)
        yield {
            "before": before,
            "after": after,
            "sent": sent,
            "swept": swept,
            "late": site.look(late),
            "checks": site.ask("check"),
            "loaded": site.ask("loaded"),
            "loads": site.traces("loads") - {site.pid},
            "loads of the web process": site.traces("loads") & {site.pid},
            "log": site.log,
        }


def part(state, *keys):
    return {key: state[key] for key in keys}


@pytest.mark.parametrize("name", UPLOADS)
def test_an_upload_waits(story, name):
    before = story["before"][name]
    assert part(before, "score", "attempts", "reason") == {
        "score": None,
        "attempts": 0,
        "reason": "",
    }
    at_once = UPLOADS[name][1] is IMMEDIATELY
    assert before["status"] == ("unscored" if at_once else "pending")
    assert part(before, *SHOWN) == (SHOWN if at_once else KEPT_BACK)


@pytest.mark.parametrize("name", UPLOADS)
def test_a_worker_settles_it(story, name):
    before, after = story["before"][name], story["after"][name]
    suspicious = name.startswith(("suspicious", "a mistake"))
    assert after["status"] == ("held" if suspicious else "clear")
    assert (after["score"] > 0.5) is suspicious
    assert part(after, *SHOWN) == (KEPT_BACK if suspicious else SHOWN)
    assert part(after, "attempts", "reason") == {"attempts": 1, "reason": ""}
    stayed = (before["status"] == "unscored") is not suspicious
    assert (after["name"] == before["name"]) is stayed


def test_the_web_process_never_loads_a_detector(story):
    assert story["loads"]
    assert story["loads of the web process"] == set()
    assert story["loaded"] == []


def test_what_was_rolled_back_is_not_sent(story):
    assert story["sent"] == len(UPLOADS) + 1  # and the one that is overdue


def test_where_no_worker_comes_the_sweep_settles_and_reports(story):
    swept = story["swept"]
    assert swept.returncode == 1, swept.stderr
    assert re.search(r"no worker scored it within 60\d s; are workers running\?", swept.stdout)
    assert swept.stdout.endswith("1 overdue.\n")
    late = story["late"]  # a worker has had its message since
    assert part(late, "status", "reason", "attempts") == {
        "status": "held",
        "reason": "overdue",
        "attempts": 0,
    }
    assert part(late, *SHOWN) == KEPT_BACK


def test_no_check_complains(story):
    assert story["checks"] == []
