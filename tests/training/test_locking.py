import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
from django.core.files import locks

from django_nsfw.training.locking import Taken, locked

HOLDER = """
import os, sys
from pathlib import Path
from django_nsfw.training.locking import locked

with locked(Path(sys.argv[1])):
    reader = os.fork()
    if reader:
        print(reader, flush=True)
    sys.stdin.read()
"""
"""Has the file, and a child that lives on when it is killed, as those that read pictures do."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def holder(path):
    command = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.reader = int(process.stdout.readline())
        yield process
        process.stdin.close()


def test_another_process_is_named(path, holder):
    with pytest.raises(Taken) as caught, locked(path):
        pass

    host = re.escape(socket.gethostname())
    assert re.fullmatch(
        rf"process {holder.pid} on {host}, since 20\d\d-\d\d-\d\d \d\d:\d\d\+00:00",
        str(caught.value),
    )


def test_of_a_killed_process_nothing_is_left_to_wait_for(path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    os.kill(holder.reader, 0)  # it is still there

    with locked(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert not path.exists()


def test_who_is_about_to_say_who_it_is_has_it_all_the_same(path):
    with locked(path):
        path.write_text("")
        with pytest.raises(Taken, match=r"^another process$"), locked(path):
            pass


def test_a_file_that_its_last_owner_takes_away_meanwhile_is_made_anew(path, monkeypatch):
    lock = locks.lock

    def late(number, flags):
        monkeypatch.setattr(locks, "lock", lock)
        path.unlink()
        return lock(number, flags)

    monkeypatch.setattr(locks, "lock", late)

    with locked(path), pytest.raises(Taken, match=rf"^process {os.getpid()} on "), locked(path):
        pass
    assert not path.exists()
