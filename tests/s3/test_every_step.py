"""A real ``kill -9`` after every step of everything that moves bytes, on disk and on S3."""

import pytest

from tests.crashes import programs
from tests.crashes.flows import FLOWS, IN_PARTS

ALL = FLOWS | IN_PARTS
CASES = [("disk", name) for name in FLOWS] + [("s3", name) for name in ALL]
every_case = pytest.mark.parametrize(
    ("place", "name"), CASES, ids=[" ".join(case) for case in CASES]
)
in_parts = pytest.mark.parametrize(("place", "name"), [("s3", name) for name in IN_PARTS])


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    return programs.run("tests.crashes.every_step", tmp_path_factory.mktemp("on_disk"))


@pytest.fixture(scope="module")
def on_s3(s3, tmp_path_factory):
    return programs.run("tests.crashes.every_step", tmp_path_factory.mktemp("on_s3"), s3.endpoint)


@pytest.fixture
def runs(place, name, request):
    """Of one flow, by the step after which it was killed."""
    return request.getfixturevalue(f"on_{place}")[name]


@every_case
def test_after_the_sweep_it_never_happened_or_it_is_done(name, runs):
    flow = ALL[name]
    for number, run in enumerate(runs, 1):
        assert run["after"] in (*flow.old, flow.new), (number, run["findings"])
    assert runs[0]["after"] in flow.old
    done = [run["after"] == flow.new for run in runs]
    assert done == sorted(done)  # from one step on, and for good
    assert done[-1]


@every_case
def test_it_was_killed_after_every_step(name, runs):
    *killed, survived = runs
    assert survived["ended_by"] == "survived"
    assert {run["ended_by"] for run in killed} == {"SIGKILL"}
    assert len(killed) == len(survived["names"]) >= 3
    assert [run["before"] for run in killed] != [survived["before"]] * len(killed)


@every_case
def test_what_is_held_is_never_shown_and_never_lost(name, runs):
    for run in runs:
        for moment in (run["before"], run["after"]):
            kept = moment["media"] + moment["quarantine"]
            lost = "original" not in kept
            # Its sender was told.
            refused = name.startswith(("hold", "store")) and not moment["shown"]
            assert not lost or ALL[name].deletes or refused
            assert set(moment["shown"]) <= {"original", "placeholder"}
            current = [s for s in moment["scans"] if not s.startswith(("gone", "superseded"))]
            # Killed before the scan of the earlier file was settled, the object has two: the newest
            # is of the file that is shown.
            newest = current[-len(moment["shown"]) :] if moment is run["before"] else current
            hidden = [scan.startswith(("held", "rejected")) for scan in newest]
            if any(hidden):
                pairs = zip(hidden, moment["shown"], strict=True)
                assert {shown for is_hidden, shown in pairs if is_hidden} == {"placeholder"}
            assert ALL[name].hides not in moment["media"]


@every_case
def test_the_sweep_names_what_it_mends_and_finds_nothing_the_second_time(name, runs):
    for run in runs:
        assert run["again"] == []
        assert not run["needs_person"]
        if run["before"] != run["after"]:
            assert run["findings"] != []


@in_parts
def test_between_two_parts_nothing_is_there_yet_but_parts(name, runs):
    *killed, survived = runs
    create, part, complete = ALL[name].only
    assert survived["names"] == [create, part, part, complete]
    assert [run["unfinished"] for run in killed] == [0, 1, 2, 0]
    assert survived["unfinished"] == 0
    before = [run["before"] for run in killed]
    assert before[0] == before[1] == before[2]  # what nobody can read is no file yet
    assert [state == before[0] for state in before] == [True, True, True, False]
    for run in killed[:3]:
        assert run["after"] in ALL[name].old
        assert run["findings"] in (["interrupted"], ["undone"])
