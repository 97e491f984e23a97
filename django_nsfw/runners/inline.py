"""No engine: an upload waits for its score, in the process that received it."""

from .base import Runner


class InlineRunner(Runner):
    background = False

    def score(self, scan: int, *, delay: float = 0) -> None:
        """At once: for scans that waited for another runner when the setting was changed."""
        from .. import pending

        pending.score(scan)

    def work(self, run: int) -> None:
        """The whole of it, at once."""
        from .. import rescans

        rescans.take_turn(run)
