"""Where Celery looks for the tasks of an app. Another engine that looks here finds nothing."""

from importlib.util import find_spec

if find_spec("celery") is not None:
    from .runners import celery  # noqa: F401
