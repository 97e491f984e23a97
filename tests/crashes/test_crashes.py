"""Processes that are killed, for real, between any two steps."""

import pytest

from tests.crashes.scenarios import SCENARIOS

GONE = {"shown": [], "media": [], "quarantine": [], "scans": [], "decisions": 0}
"""Nothing was saved and nothing remains: who uploaded was not told otherwise."""
KEPT = GONE | {"quarantine": ["original"], "scans": ["gone here"]}
"""Nothing was saved, the bytes stay."""
HELD = KEPT | {"shown": ["placeholder"], "media": ["placeholder"], "scans": ["held here"]}
PUBLIC = GONE | {"shown": ["original"], "media": ["original"], "scans": ["clear"]}
APPROVED = PUBLIC | {"scans": ["approved"], "decisions": 1}
REJECTED = HELD | {"scans": ["rejected here"], "decisions": 1}

DELETED = GONE | {"scans": ["gone"]}
"""The object is deleted, and what was held of it: the record stays."""
PRUNED = REJECTED | {"quarantine": [], "scans": ["rejected"]}

EXPECTED = {
    "upload, journal half written": (["unreadable entry"], GONE),
    "upload, journal written": (["interrupted"], GONE),
    "upload, bytes half in quarantine": (["interrupted"], GONE),
    "upload, bytes in quarantine": (["kept"], KEPT),
    "upload, placeholder half written": (["kept"], KEPT | {"media": ["half"]}),
    "upload, placeholder written": (["kept"], KEPT | {"media": ["placeholder"]}),
    "upload, before commit": (["kept"], KEPT | {"media": ["placeholder"]}),
    "upload, after commit": (["settled"], HELD),
    "upload, journal removed": ([], HELD),
    "upload to the second database, after its commit": (["recorded"], HELD),
    "replaced in the second database, after its commit": (
        ["recorded"],
        {
            "shown": ["placeholder"],
            "media": ["placeholder", "placeholder"],
            "quarantine": ["original", "original"],
            "scans": ["superseded here", "held here"],
            "decisions": 0,
        },
    ),
    "clear upload, before commit": ([], GONE | {"media": ["original"]}),  # as without us
    "release, journal written": (["undone"], HELD),
    "release, copy half written": (["undone"], HELD),
    "release, copy written": (["undone"], HELD),
    "release, before commit": (["undone"], HELD),
    "release, after commit": (["finished"], APPROVED),
    "release, placeholder deleted": (["finished"], APPROVED),
    "release, quarantine emptied": (["finished"], APPROVED),
    "release, between two databases": (["finished"], APPROVED),
    "undo of a release, between two databases": (["finished"], HELD | {"decisions": 2}),
    "undo of a take-down, between two databases": (["finished"], PUBLIC | {"decisions": 2}),
    "release, after commit, then rejected": (["settled"], REJECTED | {"decisions": 2}),
    "take-down, bytes half in quarantine": (["undone"], PUBLIC),
    "take-down, bytes in quarantine": (["undone"], PUBLIC),
    "take-down, placeholder written": (["undone"], PUBLIC),
    "take-down, before commit": (["undone"], PUBLIC),
    "take-down, after commit": (["finished"], REJECTED | {"decisions": 2}),
    "take-down, file deleted": (["finished"], REJECTED),
    "take-down, between two databases": (["finished"], REJECTED),
    "take-down, after commit, then decided twice": (["settled"], REJECTED | {"decisions": 4}),
    "take-down, after commit, then approved": (["settled"], APPROVED | {"decisions": 3}),
    "stored by other means, bytes half in quarantine": (
        ["undone"],
        PUBLIC | {"scans": ["flagged"]},  # somebody will look
    ),
    "stored by other means, file deleted": (["finished"], HELD),
    "delete, before commit": ([], HELD),
    "delete, after commit": (["discarded"], DELETED),
    "delete, bytes deleted": (["discarded"], DELETED),
    "delete, placeholder deleted": (["discarded"], DELETED),
    "delete from the second database, bytes deleted": (["discarded"], DELETED),
    # As by SQL: its bytes have the age of what is gone.
    "delete from the second database, after its commit": (
        [],
        KEPT | {"media": ["placeholder"]},
    ),
    "prune, bytes deleted": (["discarded"], PRUNED),
    "erase, bytes deleted": (["discarded"], PRUNED),
    "erase what is gone, bytes deleted": (["discarded"], DELETED),
    "erase what is gone, placeholder deleted": (["discarded"], DELETED),
    "upload, journal half written again": (["kept"], KEPT | {"media": ["placeholder"]}),
    "release, journal written again": (["undone"], HELD),
    "upload, quarantine full": (["interrupted"], GONE),
    "release, media full": (["undone"], HELD),
    "take-down, quarantine full": (["undone"], PUBLIC),
}
AGAIN = {"delete from the second database, after its commit": ["object gone"]}
"""What only --verify finds: no row of the scans' database says that the object is deleted."""

every_scenario = pytest.mark.parametrize("name", SCENARIOS)


def test_every_scenario_has_its_expectation():
    assert set(EXPECTED) == set(SCENARIOS)


@every_scenario
def test_the_process_ended_as_it_was_meant_to(name, results):
    full = {"release, media full": "OSError OSError"}.get(name, "OSError QuarantineError")
    assert results[name]["ended_by"] == (full if SCENARIOS[name].largest_file else "SIGKILL")


@pytest.mark.parametrize(
    "name", [name for name in SCENARIOS if name.startswith(("upload", "replaced"))]
)
def test_no_crash_of_an_upload_ever_published_it(name, results):
    for moment in ("before", "after"):
        assert "original" not in results[name][moment]["media"]


@every_scenario
def test_after_the_crash_every_object_shows_a_whole_picture(name, results):
    for moment in ("before", "after"):
        assert set(results[name][moment]["shown"]) <= {"original", "placeholder"}


@every_scenario
def test_the_sweep_mends_it(name, results):
    findings, after = EXPECTED[name]
    assert results[name]["findings"] == findings
    assert results[name]["after"] == after | {"journal": 0}


@every_scenario
def test_a_second_sweep_finds_nothing(name, results):
    assert results[name]["again"] == AGAIN.get(name, [])


@every_scenario
def test_a_dry_run_changes_nothing_and_says_the_same(name, results):
    assert not results[name]["dry_run_changed"]
    assert results[name]["dry_run_said_the_same"]
