import os

if os.environ.get("NSFW_ENGINE") == "celery":
    from .celery import app as celery_app  # noqa: F401 - found here by `celery -A config`
