"""A site with a task engine, as its web process and its workers see it.

The packages in ``SITE_LACKS`` are not installed, as far as its processes can tell.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec

_LACKS = os.environ.get("SITE_LACKS", "").split()


class _Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in _LACKS:
            return None
        return super().find_spec(name, path, target)


if _LACKS:
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Finder
if find_spec("celery") is not None:
    from .celery import app as celery_app  # noqa: F401 - as Celery's manual has it for Django
