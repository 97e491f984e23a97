"""System checks of the quarantine: it is there, it works, and no visitor gets at it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import InMemoryStorage, Storage, storages
from django.db.models import FileField
from django.utils.module_loading import import_string

from ..conf import QUARANTINE_ALIAS
from ..exceptions import QuarantineError
from ..exposure import (
    Public,
    exposures,
    fault_of,
    local_folder,
    open_to_the_machine,
    public_link,
)
from ..quarantine.journal import quarantine_storage
from ..quarantine.places import plain, storages_of
from ..registry import registry

NAMED = f'STORAGES["{QUARANTINE_ALIAS}"]'
PUBLIC = ("default", "staticfiles")
"""Aliases in ``STORAGES`` that visitors read, by Django's own convention."""

AppConfigs = Sequence[AppConfig] | None


def check_quarantine(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """The quarantine exists and lies where no visitor gets. Asks no server."""
    try:
        storage = quarantine_storage()
    except QuarantineError as error:
        hint = "Correct its BACKEND and OPTIONS, or install the package that it comes with."
        if QUARANTINE_ALIAS not in storages.backends:
            hint = (
                f"Add {NAMED}, for example a FileSystemStorage with a location outside of "
                "MEDIA_ROOT."
            )
        return [Error(str(error), hint=hint, id="django_nsfw.E001")]
    except Exception as error:  # noqa: BLE001 - a storage of the site may raise anything
        return [
            Error(
                f"{NAMED} cannot be built: {error}",
                hint="Correct its BACKEND and OPTIONS.",
                id="django_nsfw.E001",
            )
        ]
    found: list[CheckMessage] = [
        Error(f"{NAMED} {complaint.message}", hint=complaint.hint, id="django_nsfw.E002")
        for complaint in exposures(storage, public_storages())
    ]
    location = local_folder(storage)
    if location is not None:
        found += [
            Error(
                f"{NAMED} keeps held images in {location}, which is inside of or around {name} "
                f"({public}), a folder that visitors can read.",
                hint="Give it a location of its own that no web server serves.",
                id="django_nsfw.E002",
            )
            for name, public in _public_folders()
            if location.is_relative_to(public) or public.is_relative_to(location)
        ]
    if not found and not isinstance(storage, InMemoryStorage):  # each of these has its own memory
        found += [
            Error(
                f'{NAMED} is the same as STORAGES["{alias}"], which visitors can read.',
                hint="Give it a place of its own.",
                id="django_nsfw.E002",
            )
            for alias in PUBLIC
            if storages.backends.get(alias) == storages.backends[QUARANTINE_ALIAS]
        ]
    return found


def check_quarantine_works(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Writes small files into the quarantine, reads them as the site, as a visitor and as another
    account of the machine."""
    try:
        storage = quarantine_storage()
    except Exception:  # noqa: BLE001 - E001 says why
        return []
    fault = fault_of(storage)
    if fault is not None:
        return [Error(fault.message, hint=fault.hint, id="django_nsfw.E013")]
    found: list[CheckMessage] = []
    if link := public_link(storage):
        found.append(
            Error(
                f"Anybody can read the quarantine: a file of it was fetched, without a key, from "
                f"{link}.",
                hint="Take back the bucket policy, or the rule of the server, that allows it.",
                id="django_nsfw.E014",
            )
        )
    if folder := open_to_the_machine(storage):
        found.append(
            Warning(
                f"Every account of this machine can read the files in {folder}, the quarantine.",
                hint='Put "file_permissions_mode": 0o600 and "directory_permissions_mode": 0o700 '
                f"into its OPTIONS; for what is there already: chmod -R go= {folder}",
                id="django_nsfw.W004",
            )
        )
    return found


def check_moderated_storages_have_their_app(
    app_configs: AppConfigs, **kwargs: Any
) -> list[CheckMessage]:
    """What is saved there is recorded in a table of that app. Builds none of them."""
    found: list[CheckMessage] = []
    configured: Any = storages.backends
    for alias, spec in configured.items():
        try:
            needed = getattr(import_string(spec["BACKEND"]), "needs_app", "")
        except Exception:  # noqa: BLE001, S112 - whoever uses that storage will complain
            continue
        if needed and not apps.is_installed(needed):
            found.append(
                Error(
                    f"STORAGES[{alias!r}] is moderated by an app that is not installed: nothing "
                    "can be saved there.",
                    hint=f"Add {needed!r} to INSTALLED_APPS, and migrate.",
                    id="django_nsfw.E085",
                )
            )
    return found


def public_storages() -> Iterator[Public]:
    """Storages that visitors read, or that a site serves to some of them; each once."""
    seen: list[Storage] = []
    fields = [watched.field for watched in registry.watched.values()]
    subjects: list[str | FileField] = [*PUBLIC, *fields]
    for subject in subjects:
        found: tuple[Storage, ...]
        try:
            if isinstance(subject, str):
                name, found = f'STORAGES["{subject}"]', (plain(storages[subject]),)
            else:
                name, found = f"the storage of {subject}", storages_of(subject)
            new = [storage for storage in found if storage not in seen]
        except Exception:  # noqa: BLE001, S112 - whoever builds that storage will complain
            continue
        seen += new
        yield from ((name, storage) for storage in new)


def _public_folders() -> Iterator[tuple[str, Path]]:
    seen: set[Path] = set()
    roots = [(name, getattr(settings, name, None)) for name in ("MEDIA_ROOT", "STATIC_ROOT")]
    named = [(name, Path(value).resolve()) for name, value in roots if value]
    for name, folder in (*named, *((n, local_folder(s)) for n, s in public_storages())):
        if folder is not None and folder not in seen:
            seen.add(folder)
            yield name, folder
