"""Starts the programs that kill processes, each once for all tests of a module."""

import json
import os
import subprocess
import sys

from tests.documentation import ROOT

SECONDS = 400


def run(module, *arguments):
    """What the program printed. It follows ``DATABASE_URL``."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            said, complaints = program.communicate(timeout=SECONDS)
        except BaseException:
            program.terminate()  # and not killed: it drops its databases first
            raise
    assert program.returncode == 0, complaints
    return json.loads(said)
