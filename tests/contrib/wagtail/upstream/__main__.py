"""Runs Wagtail's own tests, of its wheel, with this app and without it: the same must pass.

``python -m tests.contrib.wagtail.upstream [LABEL…]``, labels as Django's test runner takes them; by
default the tests of images and documents. Both run at the same time.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import wagtail

ROOT = Path(__file__).resolve().parents[4]
LABELS = ["wagtail.images", "wagtail.documents"]
FORMS = "asks for Wagtail's own class of forms, in whose place the settings name ours"
MENU = "counts queries, and the menu says how many pictures wait by one"
AS_MEANT = {
    "wagtail.documents.tests.test_form_overrides.TestDocumentFormOverride."
    "test_get_document_base_form": FORMS,
    "wagtail.documents.tests.test_form_overrides.TestDocumentFormOverride."
    "test_get_document_form": FORMS,
    "wagtail.images.tests.test_form_overrides.TestImageFormOverride."
    "test_get_image_base_form": FORMS,
    "wagtail.images.tests.test_form_overrides.TestImageFormOverride.test_get_image_form": FORMS,
    "wagtail.documents.tests.test_admin_views.TestDocumentIndexView.test_simple": MENU,
    "wagtail.documents.tests.test_admin_views.TestDocumentIndexView."
    "test_order_by_usage_count": MENU,
    "wagtail.images.tests.test_admin_views.TestImageIndexView.test_num_queries": MENU,
    "wagtail.images.tests.test_admin_views.TestImageIndexView.test_order_by_usage_count": MENU,
}
"""Tests that fail with this app, and why that is no fault of it."""


def main(labels: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="upstream_") as folder:
        data = {name: Path(folder, name) for name in ("without", "with")}
        running = {name: start(path, labels, app=name == "with") for name, path in data.items()}
        codes = {name: process.wait() for name, process in running.items()}
        found = {}
        for name, path in data.items():
            outcomes = path / "outcomes.json"
            if not outcomes.exists():
                print((path / "log").read_text()[-5000:])
                print(f"The run {name} this app ended with {codes[name]} and no outcomes.")
                return 1
            found[name] = json.loads(outcomes.read_text())
        return compare(found["without"], found["with"], (data["with"] / "log").read_text())


def start(data: Path, labels: list[str], *, app: bool) -> subprocess.Popen[bytes]:
    data.mkdir()
    with (data / "log").open("wb") as log:
        return subprocess.Popen(
            [
                sys.executable, "-W", "ignore", "-m", "django", "test", "--noinput",
                "--testrunner", "tests.contrib.wagtail.upstream.runner.Runner",
                *(labels or LABELS),
            ],
            # Some of its tests open files by their path in its source.
            cwd=Path(wagtail.__file__).parent.parent,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "tests.contrib.wagtail.upstream.settings",
                "PYTHONPATH": os.pathsep.join(
                    filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])
                ),
                "UPSTREAM_DATA": str(data),
                "UPSTREAM_WITH_APP": "1" if app else "",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip


def compare(without: dict[str, str], with_app: dict[str, str], log: str) -> int:
    expected = without | dict.fromkeys(AS_MEANT.keys() & without.keys(), "failed")
    changed = {
        test: (without.get(test, "absent"), with_app.get(test, "absent"))
        for test in sorted(expected.keys() | with_app.keys())
        if expected.get(test) != with_app.get(test)
    }
    if changed:
        print(log[-20_000:])
    for test, (before, after) in changed.items():
        print(f"{test}: {before} without this app, {after} with it")
    counts = ", ".join(
        f"{number} {outcome}" for outcome, number in Counter(without.values()).items()
    )
    print(
        f"Wagtail {wagtail.__version__}, without this app: {counts}. With it {len(changed)} differ."
    )
    return int(bool(changed) or "passed" not in without.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
