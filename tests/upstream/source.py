"""Django's own tests: they are in the source package of a release and in no wheel."""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import django

from tests.upstream.twice import ROOT

KEPT = ROOT / "build" / "upstream"
"""What was downloaded once, of each version."""


def django_tests() -> Path:
    """The folder of the tests of the Django that runs here; ``SystemExit`` where there is none."""
    name = f"django-{django.__version__}"
    folder = KEPT / name
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as aside:
            package = _downloaded(Path(aside))
            with tarfile.open(package) as archive:
                tests = [each for each in archive if each.name.startswith(f"{name}/tests/")]
                archive.extractall(aside, members=tests, filter="data")
            Path(aside, name, "tests").rename(folder)  # whole or not at all
    return folder


def _downloaded(into: Path) -> Path:
    wanted = f"Django=={django.__version__}"
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--no-binary", "Django", "--dest", str(into), wanted,
        ],
        stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    packages = list(into.glob("*.tar.gz"))
    if done.returncode or len(packages) != 1:
        sys.exit(f"The source package of {wanted} cannot be downloaded; its tests did not run.")
    return packages[0]
