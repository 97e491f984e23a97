"""A site whose visitors put pictures straight into its bucket."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_nsfw.contrib.bucket_events"]
ROOT_URLCONF = "tests.contrib.bucket_events.urls"
NSFW_BUCKET_EVENTS_TOKENS = ["the-new-token-of-the-bucket", "the-old-token-of-the-bucket"]
