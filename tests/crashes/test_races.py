"""Two people at the same moment, in processes of their own, on every database."""

import pytest

from tests.crashes.races import HEIR, ONE_SCAN, RACES, REVOKED, ROUNDS, SAME_BYTES, UNDOING

STATUS = {"approve": "approved", "reject": "rejected here"}
HEIRS = 3
"""The number of the scan that inherits, where there is one."""


def own(run):
    return [(number, action) for number, action, whose in run["made"] if whose == "own"]


def last(run):
    """The last decision of a moderator, as what is known says it."""
    positions = [at for at, (_, _, whose) in enumerate(run["made"]) if whose == "own"]
    return [run["made"][positions[-1]][1], positions[-1]]


@pytest.mark.parametrize("name", RACES)
def test_everything_agrees_with_what_was_decided_and_no_sweep_is_needed(name, results):
    assert len(results[name]) == ROUNDS
    for run in results[name]:
        assert (run["findings"], run["again"]) == ([], [])
        assert run["before"] == run["after"]
        assert run["after"]["journal"] == 0
        scans = run["after"]["scans"]
        shown = ["original" if scan == "approved" else "placeholder" for scan in scans]
        assert run["after"]["shown"] == shown
        assert run["after"]["media"] == sorted(shown)
        assert run["after"]["quarantine"] == ["original"] * shown.count("placeholder")
        for number, action in {n: action for n, action, _ in run["made"]}.items():  # the last
            assert scans[number] == STATUS[action]
        outcome, _, position = run["known"]
        assert [outcome, position] == last(run)


@pytest.mark.parametrize("name", ONE_SCAN)
def test_of_two_moderators_one_wins_and_the_other_is_told(name, results):
    for run in results[f"one scan: {name}"]:
        [winner] = [outcome for outcome in run["outcomes"] if outcome != "settled"]
        assert run["made"] == [[0, winner, "own"]]
        assert run["after"]["scans"] == [STATUS[winner]]


@pytest.mark.parametrize("name", SAME_BYTES)
def test_two_decisions_on_the_same_bytes_are_both_made_and_the_last_is_known(name, results):
    for run in results[f"same bytes: {name}"]:
        assert sorted(run["outcomes"]) == ["approve", "reject"]
        assert len(own(run)) == (2 if name == "new bytes" else 3)
        assert run["known"][1] == "in force"
        assert run["after"]["scans"][HEIRS:] in ([], [STATUS[run["known"][0]]])


@pytest.mark.parametrize("name", HEIR)
def test_a_decision_on_an_heir_meets_the_one_that_it_follows(name, results):
    for run in results[f"heir: {name}"]:
        undone, heirs = run["outcomes"]
        assert undone in STATUS
        assert heirs in (undone, "settled")
        assert run["known"][1] == "in force"
        assert run["after"]["scans"][HEIRS] == STATUS[undone]
        assert ((HEIRS, undone) in own(run)) is (heirs == undone)


@pytest.mark.parametrize("name", REVOKED)
def test_what_is_revoked_while_somebody_decides_is_known_anew_or_no_more(name, results):
    for run in results[f"revoked: {name}"]:
        revoked, verb = run["outcomes"]
        assert revoked == "revoke"
        assert own(run)[-1][1] == verb
        if run["known"][1] == "in force":
            assert run["after"]["scans"][HEIRS] == STATUS[verb]


@pytest.mark.parametrize("name", UNDOING)
def test_an_undo_meets_another_decision_and_everything_agrees(name, results):
    verb, kind = name.removeprefix("undo of ").split(": ")
    opposite = {"approve": "reject", "reject": "approve"}[verb]
    assert len(results[name]) == ROUNDS
    for run in results[name]:
        assert (run["findings"], run["again"]) == ([], [])
        assert run["before"] == run["after"]
        assert run["after"]["journal"] == 0
        scans, (undone, other) = run["after"]["scans"], run["outcomes"]
        shown = ["original" if scan == "approved" else "placeholder" for scan in scans]
        assert run["after"]["shown"] == shown
        assert run["after"]["media"] == sorted(shown)
        outcome, standing, _ = run["known"]
        if kind == "again":
            assert sorted(run["outcomes"]) in (["settled", "undo"], ["undo", "undone"])
            assert own(run) == [(0, verb), (0, "undo")]
        elif kind == "the opposite":
            assert (undone == "undo") is (other in ("settled", "status"))
            assert (other == opposite) is (undone in ("settled", "later"))
        elif kind == "the same bytes":
            assert run["outcomes"] == ["undo", opposite]
        else:
            assert undone == "undo"
            assert other in (opposite, "settled")
        if other == opposite:
            assert (outcome, standing) == (opposite, "in force")
            # Where the undo was first by far the heir waits, and what waits goes on waiting.
            waits = ["held here"] if kind == "the same bytes" else []
            assert scans[HEIRS] in [STATUS[opposite], *waits]
        else:
            assert standing == "revoked"
            assert scans[HEIRS] == "held here"
