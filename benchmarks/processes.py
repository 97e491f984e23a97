"""Fresh Python processes that print JSON, for what happens only once in a process."""

import json
import os
import subprocess
import sys
from typing import Any

PREAMBLE = """
import json, os, sys, time
started = time.perf_counter()
def resident():
    with open("/proc/self/status") as status:
        return next(int(l.split()[1]) // 1024 for l in status if l.startswith("VmRSS"))
"""


def run(script: str, *arguments: str) -> dict[str, Any]:
    """Run ``script`` after ``PREAMBLE`` in a new process; what it prints last is JSON.

    Modules are compiled at most once, as on a site, whatever the shell says of that.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, *arguments],
        env={**environment, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured
