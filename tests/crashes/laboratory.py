"""Kills processes with SIGKILL at chosen moments and looks at what is left, before and after the
sweep. A program of its own, without threads: each deed is done in a fork. Prints JSON."""

import io
import json
import os
import resource
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.test import override_settings

from tests.crashes.scenarios import BODY, RACES, SCENARIOS, upload
from tests.crashes.storages import Moment

NAMES = {"default": "default.sqlite3", "second": "second.sqlite3"}


def main(folder):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    django.setup()
    template = folder / "template"
    template.mkdir()
    use_databases(template)
    for alias in NAMES:
        call_command("migrate", database=alias, verbosity=0, run_syncdb=True)
    results = {}
    for name, scenario in SCENARIOS.items():
        room = folder / name.replace(" ", "_")
        connections.close_all()
        shutil.copytree(template, room)
        use_databases(room)
        with folders(room, media=scenario.media):
            results[name] = examine(scenario, room)
    for verbs in RACES:
        name = " against ".join(verbs)
        room = folder / name
        connections.close_all()
        shutil.copytree(template, room)
        use_databases(room)
        with folders(room, media="Media"):
            results[name] = race(verbs, room)
    json.dump(results, sys.stdout)


def folders(room, *, media):
    return override_settings(
        MEDIA_ROOT=room / "media",
        STORAGES={
            **settings.STORAGES,
            "default": {"BACKEND": f"tests.crashes.storages.{media}"},
            "nsfw_quarantine": {
                "BACKEND": "tests.crashes.storages.Quarantine",
                "OPTIONS": {"location": room / "quarantine"},
            },
        },
    )


def use_databases(folder):
    connections.close_all()
    for alias, name in NAMES.items():
        connections[alias].settings_dict["NAME"] = str(folder / name)
        settings.DATABASES[alias]["NAME"] = str(folder / name)


def examine(scenario, room):
    from django_nsfw import assessment
    from django_nsfw.sweeping import sweep

    assessment.memo.clear()
    scenario.prepare()
    assessment.memo.clear()
    connections.close_all()
    result = {"ended_by": in_fork(scenario)}
    scenario.meanwhile()
    result["before"] = state(room)
    files = everything(room)
    soon = timedelta(0)
    dry = [[m.finding.value, m.subject, m.detail] for m in sweep(older_than=soon, dry_run=True)]
    connections.close_all()
    result["dry_run_changed"] = everything(room) != files
    swept = [[m.finding.value, m.subject, m.detail] for m in sweep(older_than=soon)]
    result["dry_run_said_the_same"] = dry == swept
    result["findings"] = [finding for finding, _, _ in swept]
    result["again"] = [m.finding.value for m in sweep(older_than=soon, verify=True)]
    result["after"] = state(room)
    return result


def in_fork(scenario):
    """Name of the signal that ended it, or the name of the exception that it raised."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            if scenario.largest_file:
                limit = (scenario.largest_file, resource.RLIM_INFINITY)
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            Moment.chosen = scenario.moment
            scenario.deed()
            os.write(writer, b"survived")
        except Exception as error:  # noqa: BLE001 - reported to the parent
            names = [cls.__name__ for cls in type(error).__mro__]
            os.write(writer, ("OSError " if "OSError" in names else "").encode())
            os.write(writer, type(error).__name__.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def race(verbs, room):
    """Two moderators, each in a process of their own, who read the scan before either decides."""
    from django_nsfw import assessment, decisions
    from django_nsfw.models import Scan

    assessment.memo.clear()
    upload()
    connections.close_all()
    start_reader, start = os.pipe()
    reader, writer = os.pipe()
    children = []
    for verb in verbs:
        child = os.fork()
        if child:
            children.append(child)
            continue
        scan = Scan.objects.get()
        os.write(writer, b"ready\n")
        os.read(start_reader, 1)
        try:
            getattr(decisions, verb)(scan, moderator=None)
            os.write(writer, f"{verb}\n".encode())
        except Exception as error:  # noqa: BLE001 - reported to the parent
            os.write(writer, f"{getattr(error, 'code', type(error).__name__)}\n".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        for _ in children:
            said.readline()
        os.write(start, b"go")
        outcomes = sorted(said.read().split())
    for child in children:
        os.waitpid(child, 0)
    return {"outcomes": outcomes, "after": state(room)}


def state(room):
    from django_nsfw.models import Decision, Scan
    from tests.host.models import Photo

    media, quarantine = files_of(room / "media"), files_of(room / "quarantine")
    photos = [p for db in NAMES for p in Photo.objects.using(db).order_by("pk")]
    found = {
        "shown": [kind(media.get(photo.image.name)) for photo in photos],
        "media": sorted(kind(body) for body in media.values()),
        "quarantine": sorted(kind(b) for n, b in quarantine.items() if n.startswith("held/")),
        "journal": sum(name.startswith("journal/") for name in quarantine),
        "scans": [
            f"{scan.status} {'here' if scan.quarantine_name in quarantine else ''}".strip()
            for scan in Scan.objects.order_by("pk")
        ],
        "decisions": Decision.objects.count(),
    }
    connections.close_all()
    return found


def kind(body):
    if body is None:
        return "nothing"
    if body == BODY:
        return "original"
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body)) as image:
            image.load()
            return "placeholder" if image.convert("L").getcolors(40) else "another"
    except OSError:
        return "half"


def files_of(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def everything(room):
    """Every file, and every row as text: SQLite's own bytes may change without a change."""
    dumps = []
    for alias in NAMES:
        with transaction.atomic(using=alias):
            connections[alias].ensure_connection()
            dumps.append(list(connections[alias].connection.iterdump()))
    connections.close_all()
    return dumps, files_of(room / "media"), files_of(room / "quarantine")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
