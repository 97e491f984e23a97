"""A runner whose messages a test delivers itself: late, twice, or never."""

from django_nsfw.runners import Runner


class Post(Runner):
    messages: list[tuple[int, float]] = []
    delays = True

    def score(self, scan, *, delay=0):
        self.messages.append((scan, delay))

    def work(self, run):
        raise AssertionError("no rescan here")


class DeadPost(Post):
    """The broker is down."""

    def score(self, scan, *, delay=0):
        raise ConnectionError("the broker is down")
