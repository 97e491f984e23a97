"""What compares two runs finds each way in which they may differ, and says so."""

import json
import sys

import pytest

from tests.upstream.twice import Found, Suite, compare, run

FINE = {"a": "passed", "b": "failed", "c": "skipped"}
SUITE = Suite(name="Theirs 1.0", command=[], settings="", as_meant={"a": "ours"})


def found(outcomes, *, scored=3, clear=2):
    return Found(outcomes=outcomes, examined={"scored": scored}, recorded={"clear": clear})


def test_the_same_outcomes_but_for_those_that_are_meant_are_fine(capsys):
    assert compare(SUITE, found(FINE), found(FINE | {"a": "failed"})) == 0
    assert capsys.readouterr().out == (
        "Theirs 1.0, without this app: 1 passed, 1 failed, 1 skipped. With it 1 are meant to fail, "
        "0 ended otherwise than they should. Files examined: 3 scored; scans: 2 clear.\n"
    )


DIFFERENCES = {
    "one fails": ({"d": "passed"}, {"d": "failed"}, "d: passed without this app, failed with it"),
    "one breaks": ({"d": "passed"}, {"d": "error"}, "d: passed without this app, error with it"),
    "one passes": ({"d": "failed"}, {"d": "passed"}, "d: failed without this app, passed with it"),
    "one is left out": (
        {"d": "passed"},
        {"d": "skipped"},
        "d: passed without this app, skipped with it",
    ),
    "one is gone": ({"d": "passed"}, {}, "d: passed without this app, absent with it"),
    "one is new": ({}, {"d": "passed"}, "d: absent without this app, passed with it"),
    "one passes that is meant to fail": (
        {},
        {"a": "passed"},
        "a: passed without this app, passed with it, where it is meant to fail",
    ),
}


@pytest.mark.parametrize(("before", "after", "said"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_whatever_else_differs_is_named(capsys, before, after, said):
    with_app = found(FINE | {"a": "failed"} | after)
    assert compare(SUITE, found(FINE | before), with_app) == 1
    assert said in capsys.readouterr().out.splitlines()


EMPTY = {
    "no test": ({"b": "failed"}, {}, "No test passed."),
    "no picture": (FINE, {"scored": 0}, "No picture was scored."),
    "nothing recorded": (FINE, {"clear": 0}, "No file was let through and recorded."),
}


@pytest.mark.parametrize(("outcomes", "counts", "said"), EMPTY.values(), ids=EMPTY)
def test_runs_that_say_nothing_are_not_fine(capsys, outcomes, counts, said):
    with_app = {test: "failed" if test == "a" else then for test, then in outcomes.items()}
    assert compare(SUITE, found(outcomes), found(with_app, **counts)) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [said]


def test_one_that_is_unsteady_is_not_compared():
    suite = Suite(name="", command=[], settings="", unsteady={"b": "takes its time"})
    assert compare(suite, found(FINE), found(FINE | {"b": "passed"})) == 0


RUN = """
import json, os, pathlib
app, data = os.environ["UPSTREAM_WITH_APP"], pathlib.Path(os.environ["UPSTREAM_DATA"])
outcomes = {"a": os.environ["DJANGO_SETTINGS_MODULE"], "b": "failed" if app else "passed"}
counts = {"examined": {"scored": 1}, "recorded": {"clear": 1}}
print("said by it", data == pathlib.Path.cwd())
if FAILS != app:
    (data / "found.json").write_text(json.dumps({"outcomes": outcomes, **counts}))
"""


def suite(fails):
    code = RUN.replace("FAILS", json.dumps(fails))
    return Suite(name="Theirs", command=[sys.executable, "-c", code], settings="its.settings")


def test_both_are_run_apart_and_the_log_of_the_one_with_this_app_is_shown(capsys):
    assert run(suite(fails="never")) == 1
    assert capsys.readouterr().out.splitlines() == [
        "said by it True",
        "",
        "b: passed without this app, failed with it",
        "Theirs, without this app: 1 its.settings, 1 passed. With it 0 are meant to fail, 1 ended "
        "otherwise than they should. Files examined: 1 scored; scans: 1 clear.",
    ]


def test_a_run_that_ends_without_outcomes_is_said(capsys):
    assert run(suite(fails="1")) == 1
    assert capsys.readouterr().out.splitlines() == [
        "said by it True",
        "",
        "The run with this app ended with 0 and no outcomes.",
    ]
