"""Looking at files again, or for the first time: millions of them, by any number of workers.

What reads, batches and scores knows no database, and runs on machines that have none; so the
workers, which bring the models, are imported when they are called.
"""

__all__ = ["take_turn", "work_once"]


def take_turn(pk: int) -> None:
    """Do one chunk of a run and ask the runner for the next turn: what a task does."""
    from . import workers

    workers.take_turn(pk)


def work_once(pk: int) -> bool:
    """Do one chunk of a run. False where nothing is left to do."""
    from . import workers

    return workers.work_once(pk)
