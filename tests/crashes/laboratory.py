"""Kills processes with SIGKILL at chosen moments and looks at what is left, before and after the
sweep. A program of its own, without threads: each deed is done in a fork. Prints JSON."""

import io
import json
import os
import resource
import signal
import sys
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.db import connections
from django.test import override_settings

from tests.crashes import databases, races
from tests.crashes.scenarios import BODY, SCENARIOS, SMALL
from tests.crashes.storages import Moment


def main(folder):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    django.setup()
    with databases.own_databases(folder):
        json.dump(everything_seen(folder), sys.stdout)


def everything_seen(folder):
    results = {}
    for name, scenario in SCENARIOS.items():
        room = folder / name.replace(" ", "_")
        databases.empty()
        with folders(room, media=scenario.media):
            results[name] = examine(scenario, room)
    for name, each in (races.RACES | races.UNDOING).items():
        results[name] = []
        for number in range(races.ROUNDS):
            room = folder / f"{name} {number}".replace(" ", "_")
            databases.empty()
            with folders(room, media="Media"):
                results[name].append(races.run(each, lambda room=room: state(room)))
    return results


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
    databases.wait_for_the_dead()
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def state(room):
    from django_nsfw.models import Decision, Scan
    from tests.host.models import Photo

    media, quarantine = files_of(room / "media"), files_of(room / "quarantine")
    photos = [p for db in databases.NAMES for p in Photo.objects.using(db).order_by("pk")]
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
    if body in (BODY, SMALL):
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
    """Every row and every file."""
    return databases.rows(), files_of(room / "media"), files_of(room / "quarantine")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
