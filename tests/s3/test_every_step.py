"""A real ``kill -9`` after every step of everything that moves bytes, on disk and on S3."""

import json
import os
import subprocess
import sys

import pytest

from tests.crashes.flows import FLOWS
from tests.documentation import ROOT


@pytest.fixture(scope="module", params=["disk", "s3"])
def runs(request, tmp_path_factory):
    place = [request.getfixturevalue("s3").endpoint] if request.param == "s3" else []
    folder = tmp_path_factory.mktemp("every_step")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.crashes.every_step", str(folder), *place],
        cwd=ROOT,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FLOWS)
def test_after_the_sweep_it_never_happened_or_it_is_done(name, runs):
    flow = FLOWS[name]
    for number, run in enumerate(runs[name], 1):
        assert run["after"] in (*flow.old, flow.new), (number, run["findings"])
    assert runs[name][0]["after"] in flow.old
    done = [run["after"] == flow.new for run in runs[name]]
    assert done == sorted(done)  # from one step on, and for good
    assert done[-1]


@pytest.mark.parametrize("name", FLOWS)
def test_it_was_killed_after_every_step(name, runs):
    *killed, survived = runs[name]
    assert survived["ended_by"] == "survived"
    assert {run["ended_by"] for run in killed} == {"SIGKILL"}
    assert len(killed) == len(survived["names"]) >= 3
    assert [run["before"] for run in killed] != [survived["before"]] * len(killed)


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_held_is_never_shown_and_never_lost(name, runs):
    for run in runs[name]:
        for moment in (run["before"], run["after"]):
            kept = moment["media"] + moment["quarantine"]
            lost = "original" not in kept
            assert not lost or FLOWS[name].deletes or (name == "hold" and not moment["shown"])
            assert set(moment["shown"]) <= {"original", "placeholder"}
            hidden = [scan.startswith(("held", "rejected")) for scan in moment["scans"]]
            if any(hidden):
                assert moment["shown"] == ["placeholder"]
            assert FLOWS[name].hides not in moment["media"]


@pytest.mark.parametrize("name", FLOWS)
def test_the_sweep_names_what_it_mends_and_finds_nothing_the_second_time(name, runs):
    for run in runs[name]:
        assert run["again"] == []
        assert not run["needs_person"]
        if run["before"] != run["after"]:
            assert run["findings"] != []
