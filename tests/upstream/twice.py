"""Runs a suite twice at the same time, with this app and without it, and compares the outcomes."""

import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """``name`` of what is tested, with its version. ``command`` ends in ``labels`` and uses
    :class:`tests.upstream.recording.Runner`; its settings add this app for ``UPSTREAM_WITH_APP``
    and keep files below ``UPSTREAM_DATA``."""

    name: str
    command: Sequence[str]
    settings: str
    folder: Path | None = None
    """Where it runs; None: where its files are kept."""
    as_meant: Mapping[str, str] = field(default_factory=dict)
    """Tests that fail with this app → why that is no fault of it."""
    unsteady: Mapping[str, str] = field(default_factory=dict)
    """Tests that are not compared → why the same code passes them now and then."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one run left: test → outcome, and what the gates did, as the runner counts it."""

    outcomes: Mapping[str, str]
    examined: Mapping[str, int]
    recorded: Mapping[str, int]
    log: str = ""


def run(suite: Suite) -> int:
    """Exit code: 0 where the same passed, and something did, and files went through the gates."""
    with tempfile.TemporaryDirectory(prefix="upstream_") as folder:
        data = {name: Path(folder, name) for name in ("without", "with")}
        running = {name: _start(suite, path, app=name == "with") for name, path in data.items()}
        codes = {name: process.wait() for name, process in running.items()}
        found = {}
        for name, path in data.items():
            log = (path / "log").read_text(errors="replace")
            if not (path / "found.json").exists():
                print(log[-5000:])
                print(f"The run {name} this app ended with {codes[name]} and no outcomes.")
                return 1
            found[name] = Found(**json.loads((path / "found.json").read_text()), log=log)
        return compare(suite, found["without"], found["with"])


def _start(suite: Suite, data: Path, *, app: bool) -> subprocess.Popen[bytes]:
    data.mkdir()
    with (data / "log").open("wb") as log:
        return subprocess.Popen(
            suite.command,
            cwd=suite.folder or data,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": suite.settings,
                "PYTHONPATH": os.pathsep.join(
                    filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])
                ),
                "UPSTREAM_DATA": str(data),
                "UPSTREAM_WITH_APP": "1" if app else "",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def compare(suite: Suite, without: Found, with_app: Found) -> int:
    """Print each test that ended otherwise than it should, then one line on all of them."""
    meant = suite.as_meant.keys() & without.outcomes.keys()
    expected = without.outcomes | dict.fromkeys(meant, "failed")
    changed = {
        test: (without.outcomes.get(test, "absent"), with_app.outcomes.get(test, "absent"))
        for test in sorted((expected.keys() | with_app.outcomes.keys()) - suite.unsteady.keys())
        if expected.get(test) != with_app.outcomes.get(test)
    }
    if changed:
        print(with_app.log[-20_000:])
    for test, (before, after) in changed.items():
        meaning = ", where it is meant to fail" if test in meant else ""
        print(f"{test}: {before} without this app, {after} with it{meaning}")
    print(
        f"{suite.name}, without this app: {_listed(Counter(without.outcomes.values()))}. With it "
        f"{len(meant)} are meant to fail, {len(changed)} ended otherwise than they should. "
        f"Files examined: {_listed(with_app.examined)}; scans: {_listed(with_app.recorded)}."
    )
    empty = [
        what
        for what, there in {
            "No test passed.": "passed" in without.outcomes.values(),
            "No picture was scored.": with_app.examined.get("scored"),
            "No file was let through and recorded.": with_app.recorded.get("clear"),
        }.items()
        if not there
    ]
    print(*empty, sep="\n", end="\n" if empty else "")
    return int(bool(changed or empty))


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in numbers.items()) or "none"
