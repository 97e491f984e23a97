import pytest

from django_nsfw import pending
from tests.background.post import Post


@pytest.fixture
def post(settings):
    """What was sent to workers, as (scan, delay); ``deliver`` brings the next message."""
    settings.NSFW_RUNNER = "tests.background.post.Post"
    settings.NSFW_BACKGROUND = {"lease": 30, "deadline": 600}
    Post.messages = []
    return Post


@pytest.fixture
def deliver(post):
    def deliver():
        scan, _ = post.messages.pop(0)
        pending.score(scan)

    return deliver
