"""What a process of a site loads that has moderated storages, before any file comes."""

import ast
import subprocess
import sys

from tests.test_imports import AT_EVERY_START, HEAVY

SCRIPT = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.contrib.stored_files.settings"
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import django_nsfw.contrib.stored_files.editors
from django.core.files.storage import storages
storages["editors"]
print(sorted({HEAVY!r} & set(sys.modules)))
print(sorted({{m.split(".")[1] for m in sys.modules if m.startswith("django_nsfw.")}}))
"""


def test_nothing_heavy_and_no_room_that_works():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    heavy, rooms = map(ast.literal_eval, done.stdout.splitlines())
    assert heavy == []
    assert set(rooms) == AT_EVERY_START | {"contrib", "listings", "shield", "signals"}
