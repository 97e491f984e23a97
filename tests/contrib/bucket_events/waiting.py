"""For what others do, in their time."""

import time

PATIENCE = 30
"""Seconds: the machine may be busy."""


def soon(find, what: str):
    """What ``find`` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")
