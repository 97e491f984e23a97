"""A worker: one process that takes part in a run, until nothing is left to be claimed."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, close_old_connections, router
from django.utils import timezone

from .. import runners
from ..exceptions import RescanRefused, RescanStopped
from ..models import Chunk, Run
from ..quarantine.locks import is_busy
from . import claims
from .runs import targets_of
from .scoring import Workshop
from .targets import Target
from .working import ChunkWork

logger = logging.getLogger(__name__)

WAIT = 1.0
"""Seconds between two looks at chunks that others have."""


def worker_name() -> str:
    """Where a chunk is being worked on, for people; unique, for leases."""
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{secrets.token_hex(4)}"


def work(
    run: Run, *, worker: str, stop: Callable[[], bool], pause: Callable[[float], Any] = time.sleep
) -> None:
    """Do chunks until the run ends, or until ``stop`` says so.

    Waits for what others have: they may die. Raises ``RescanStopped`` and ``RescanRefused``.
    """
    targets = targets_of(run)
    with Workshop() as workshop:
        while not stop():
            chunk = claims.claim(run, targets, worker)
            if chunk is not None:
                _do(chunk, run, targets[chunk.target], workshop, stop)
            elif run.status != Run.Status.RUNNING:
                return
            else:
                pause(WAIT)
                run.refresh_from_db()


_turn = threading.local()


def take_turn(pk: int) -> None:
    """Do one chunk of a run and ask the runner for the next turn: what a task of its engine does.

    An engine that carries out at once what it is given comes back here before this has returned;
    its turns follow each other instead of lying within each other.
    """
    if getattr(_turn, "taken", False):
        _turn.again = True
        return
    _turn.taken = True
    try:
        _turn.again = True
        while _turn.again:
            _turn.again = False
            if work_once(pk):
                runners.current().work(pk)
    finally:
        _turn.taken = False


def work_once(pk: int) -> bool:
    """Do one chunk of a run, for a task of the site's engine. False where nothing is left to do.

    Where others have the last chunks it waits a moment and says True: one of them may die.
    """
    run = Run.objects.using(router.db_for_write(Run)).filter(pk=pk).running().first()
    if run is None:
        return False
    try:
        targets = targets_of(run)
        chunk = claims.claim(run, targets, worker_name())
        if chunk is not None:
            with Workshop() as workshop:
                _do(chunk, run, targets[chunk.target], workshop, lambda: False)
        elif run.status == Run.Status.RUNNING:
            until = claims.open_until(run)
            left = (until - timezone.now()).total_seconds() if until else 0
            time.sleep(min(max(left, 0), WAIT))
    except (RescanRefused, RescanStopped) as error:
        logger.error("Run %d stops here: %s Resume it with nsfw_rescan --resume %d.", pk, error, pk)
        return False
    return run.status == Run.Status.RUNNING


def _do(
    chunk: Chunk, run: Run, target: Target, workshop: Workshop, stop: Callable[[], bool]
) -> None:
    try:
        ChunkWork(chunk, run, target, workshop, stop).run()
    except claims.ChunkLost as lost:
        logger.warning("%s", lost)
    except (RescanRefused, RescanStopped):
        raise
    except Exception as error:
        # The rows of another chunk may well pass. After three attempts this one is given up.
        logger.exception("Chunk %s went wrong", chunk)
        close_old_connections()
        busy = isinstance(error, OperationalError) and is_busy(error)
        (claims.give_back if busy else claims.drop)(chunk)
