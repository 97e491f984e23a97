"""Commands on a database without tables: a sentence, where Django has a traceback."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "django_nsfw", "tests.host",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "nsfw_quarantine": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    },
    NSFW_DETECTORS={"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}},
)
django.setup()
from django.core.management import CommandError, call_command
said = {}
for line in json.loads(sys.argv[1]):
    try:
        call_command(*line)
    except CommandError as error:
        said[line[0]] = str(error)
print(json.dumps(said))
"""

LINES = [
    ["nsfw_sweep"],
    ["nsfw_prune", "--status", "gone", "--older-than", "1"],
    ["nsfw_erase", "host.Photo", "1", "--no-input"],
    ["nsfw_rescan", "host.Photo.image"],
    ["nsfw_digest"],
    ["nsfw_deliver"],
]


@pytest.mark.django_db(databases=[])
def test_commands_ask_for_the_tables():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(LINES)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.keys() == {line[0] for line in LINES}
    for sentence in said.values():
        assert sentence.startswith("The database gave up (run migrate?): no such table: ")
