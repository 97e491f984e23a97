"""Kills a process after every single thing that it changes, and looks at what is left, before and
after the sweep. A program of its own, without threads: each deed is done in a fork. Prints JSON.

The steps are counted where they happen: every file written or deleted, half-written ones too,
every request that changes something on an S3 server, every INSERT, UPDATE and DELETE, and every
COMMIT. The first run dies after the first step, the next after the second, until one survives.
"""

import json
import os
import shutil
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connections
from django.test import override_settings

from django_nsfw.contrib.stored_files.storages import ModeratedStorageMixin
from tests.crashes import databases
from tests.crashes.flows import FLOWS, IN_PARTS, LARGE, ORIGINAL, OTHER
from tests.crashes.laboratory import files_of, in_fork
from tests.crashes.laboratory import kind as kind_of
from tests.crashes.storages import kill

SOON = timedelta(0)


class Steps:
    """Counts what one process changes, and kills it after the chosen change."""

    chosen = 0
    taken = 0
    names: list[str] = []
    only: tuple[str, ...] = ()

    @classmethod
    def take(cls, name):
        if cls.only and name not in cls.only:
            return
        cls.taken += 1
        cls.names.append(name)
        if cls.taken == cls.chosen:
            kill()

    @classmethod
    def next_is_the_last(cls):
        return cls.taken + 1 == cls.chosen


class SteppingDisk(FileSystemStorage):
    def _save(self, name, content):
        if Steps.next_is_the_last():
            body = content.read()
            path = Path(self.path(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body[: len(body) // 2])
        Steps.take(f"half of {name}")
        name = super()._save(name, content)
        Steps.take(f"save {name}")
        return name

    def delete(self, name):
        super().delete(name)
        Steps.take(f"delete {name}")


class ModeratedDisk(ModeratedStorageMixin, SteppingDisk):
    pass


@contextmanager
def places(room, server, name):
    """Settings for one run: folders of its own on disk, or prefixes of its own in the buckets."""

    def spec(role, kind="Stepping"):
        if server is None:
            return {
                "BACKEND": f"tests.crashes.every_step.{kind}Disk",
                "OPTIONS": {"location": room / role},
            }
        options = server.options(role, location=name)
        return {"BACKEND": f"tests.crashes.on_s3.{kind}S3", "OPTIONS": options}

    with override_settings(
        MEDIA_ROOT=room / "media",
        STORAGES={
            **settings.STORAGES,
            "default": spec("media"),
            "nsfw_quarantine": spec("quarantine"),
            "editors": spec("media", "Moderated"),
        },
    ):
        yield


def main(folder, endpoint=""):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_nsfw.contrib.stored_files"]
    django.setup()
    server = None
    if endpoint:
        from tests.crashes.on_s3 import Buckets

        server = Buckets(endpoint)
    with databases.own_databases(folder):
        json.dump(everything_seen(folder, server), sys.stdout)


def everything_seen(folder, server):
    results = {}
    for name, flow in (FLOWS | (IN_PARTS if server else {})).items():
        results[name], chosen, ended = [], 0, "SIGKILL"
        while ended == "SIGKILL":
            chosen += 1
            run = f"{name}_{chosen}".replace(" ", "_")
            room = folder / run
            room.mkdir()
            databases.empty()
            with places(room, server, run), override_settings(**flow.settings):
                seen = examine(flow, chosen, room, server, run)
            results[name].append(seen)
            ended = seen["ended_by"]
            shutil.rmtree(room)
    return results


def examine(flow, chosen, room, server, prefix):
    from django_nsfw import assessment
    from django_nsfw.sweeping import sweep

    flow.prepare()
    assessment.memo.clear()
    connections.close_all()
    if server is not None:
        server.hang_up()
    said = room / "steps"

    def look():
        return files(room, server, prefix)

    def deed():
        Steps.chosen, Steps.taken, Steps.names, Steps.only = chosen, 0, [], flow.only
        with counted():
            try:
                flow.deed()
            finally:
                said.write_text("\n".join(Steps.names))

    result = {"ended_by": in_fork(Deed(deed)), "before": state(*look())}
    if server is not None:
        result["unfinished"] = server.unfinished(prefix)
    swept = [[mended.finding.value, mended.needs_person] for mended in sweep(older_than=SOON)]
    result["findings"] = [finding for finding, _ in swept]
    result["needs_person"] = any(needs for _, needs in swept)
    result["after"] = state(*look())
    result["again"] = [mended.finding.value for mended in sweep(older_than=SOON, verify=True)]
    result["names"] = said.read_text().splitlines() if said.exists() else []
    return result


class Deed:
    """As much of a scenario as ``in_fork`` asks for."""

    largest_file, moment = 0, ""

    def __init__(self, deed):
        self.deed = deed


@contextmanager
def counted():
    def wrap(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        verb = sql.lstrip().split(None, 1)[0].upper()
        if verb in ("INSERT", "UPDATE", "DELETE"):
            Steps.take(" ".join(sql.split()[:3]))
        return result

    for connection in connections.all():
        connection.execute_wrappers.append(wrap)
        commit = connection._commit

        def stepping(commit=commit, alias=connection.alias):
            commit()
            Steps.take(f"COMMIT of {alias}")

        connection._commit = stepping
    yield


def files(room, server, prefix):
    """The files of media and of quarantine, by name."""
    if server is None:
        return files_of(room / "media"), files_of(room / "quarantine")
    return server.files("media", f"{prefix}/"), server.files("quarantine", f"{prefix}/")


def kind(body):
    return {ORIGINAL: "original", LARGE: "original", OTHER: "other"}.get(body) or kind_of(body)


def state(media, quarantine):
    from django_nsfw.contrib.stored_files.models import StoredFile
    from django_nsfw.models import Decision, Scan
    from tests.host.models import Photo

    named = [photo.image.name for photo in Photo.objects.order_by("pk")]
    named += [row.file.name for row in StoredFile.objects.order_by("pk")]
    scans = Scan.objects.order_by("pk")
    found = {
        "shown": [kind(media.get(name)) for name in named],
        "media": sorted(kind(body) for body in media.values()),
        "quarantine": sorted(kind(b) for n, b in quarantine.items() if n.startswith("held/")),
        "journal": sum(name.startswith("journal/") for name in quarantine),
        "scans": [
            f"{s.status} {'here' if s.quarantine_name in quarantine else ''}".strip() for s in scans
        ],
        "decisions": Decision.objects.count(),
    }
    connections.close_all()
    return found


if __name__ == "__main__":
    # Under its own name: the storages are imported by theirs, and must meet the same counter.
    from tests.crashes import every_step

    every_step.main(Path(sys.argv[1]), *sys.argv[2:])
