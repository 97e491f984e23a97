"""System checks of what the app does not see. Those that ask a database look at a sample."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, router

from ..coverage import (
    Kind,
    exposed,
    named_files,
    overdue_scans,
    unscanned,
    unwatched_images,
)
from ..models import Scan
from ..quarantine.rows import has_table
from ..registry import registry
from ..shield import Shield

HELD_SAMPLE = 20
"""Held files whose public name is looked up; each is a request to an object store."""

AppConfigs = Sequence[AppConfig] | None
Databases = Sequence[str] | None


def check_every_image_has_a_policy(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Image fields that nobody watches, those of other people's apps too. No database."""
    return [
        Warning(
            f"{label} is an image field that nobody watches: its uploads are shown unseen.",
            hint="Put NSFWValidator() on it, or name it in NSFW_FIELDS; with None, where nobody "
            "needs to watch it.",
            obj=field,
            id="django_nsfw.W040",
        )
        for label, field in unwatched_images()
    ]


def check_every_file_has_a_scan(
    app_configs: AppConfigs, databases: Databases = None, **kwargs: Any
) -> list[CheckMessage]:
    """The oldest and the newest rows of each watched field; ``nsfw_coverage`` counts them all."""
    return _asked(_never_scanned, databases)


def check_no_scan_is_overdue(
    app_configs: AppConfigs, databases: Databases = None, **kwargs: Any
) -> list[CheckMessage]:
    """What waits for its score for longer than the deadline: nobody sweeps, or nobody works."""
    return _asked(_overdue, databases)


def check_held_files_are_hidden(
    app_configs: AppConfigs, databases: Databases = None, **kwargs: Any
) -> list[CheckMessage]:
    """Of the files held last, whether their bytes lie in the field's own storage as well."""
    return _asked(_in_the_open, databases)


def _asked(
    find: Callable[[str], Iterator[CheckMessage]], databases: Databases
) -> list[CheckMessage]:
    """What is found in the databases that may be asked; nothing where they are not migrated."""
    if databases is None or router.db_for_write(Scan) not in databases:
        return []
    found: list[CheckMessage] = []
    for db in databases:
        try:
            with Shield()(db):
                found += find(db)
        except DatabaseError:  # ``migrate`` runs these checks before it has made the tables
            continue
    return found


def _never_scanned(db: str) -> Iterator[CheckMessage]:
    for watched in registry.watched.values():
        if not has_table(db, watched.model):
            continue
        names: set[str] = set()
        for newest_first in (False, True):
            rows = named_files(watched.field, db, newest_first=newest_first)
            names.update(name for batch in islice(rows, 1) for _, name in batch)
        missing = len(unscanned(watched.label, db, names))
        if missing:
            yield Warning(
                f"{watched.label} in the database {db!r}: of {len(names)} files that were looked "
                f"at, the oldest and the newest, {missing} were never scanned.",
                hint="manage.py nsfw_coverage counts them all, nsfw_rescan --unscanned scans them.",
                obj=watched.field,
                id="django_nsfw.W041",
            )


def _overdue(db: str) -> Iterator[CheckMessage]:
    if db != router.db_for_write(Scan):
        return
    count = overdue_scans().count()
    if count:
        yield Warning(
            f"{count} scans wait for their score for longer than NSFW_BACKGROUND['deadline'].",
            hint="Run manage.py nsfw_sweep, and see whether the workers of NSFW_RUNNER are there.",
            id="django_nsfw.W042",
        )


def _in_the_open(db: str) -> Iterator[CheckMessage]:
    if db != router.db_for_write(Scan):
        return
    scans = Scan.objects.using(db).filter(status__in=Scan.HIDDEN, quarantine_name__gt="")
    newest = list(scans.order_by("-pk").values_list("pk", flat=True)[:HELD_SAMPLE])
    for found in exposed(scans.filter(pk__in=newest)):
        if found.kind is Kind.EXPOSED:
            yield Error(
                f"{found.field} of {found.object}: {found.detail}.",
                hint="Delete that file, and its copies in caches. manage.py nsfw_coverage looks "
                "at every held file.",
                id="django_nsfw.E043",
            )
