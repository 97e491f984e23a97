"""``manage.py nsfw_erase``: remove held bytes and personal data of one object or uploader."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections, models, router
from django.db.models import Q

from django_nsfw.erasure import Erased, erase
from django_nsfw.exceptions import QuarantineError
from django_nsfw.models import Scan
from django_nsfw.models.keys import object_pk, pk_as_text, pk_from_text
from django_nsfw.models.scan import ScanQuerySet
from django_nsfw.registry import registry

SITES_OWN = (
    "Pictures that are public, and the objects themselves, belong to the site and were not "
    "touched. Digests, scores and decisions with their notes stay."
)


class Command(BaseCommand):
    help = (
        "Delete the held bytes of one object, or of all that one uploader sent, and blank file "
        "names, uploader and messages of their scans. Digests, scores and decisions stay. The "
        "exit code is 1 where a file could not be deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("object", nargs="*", metavar="OBJECT", help="app_label.Model KEY")
        parser.add_argument("--uploader", metavar="KEY", help="primary key of a user")
        parser.add_argument(
            "--database", default="default", metavar="ALIAS", help="where the object is or was"
        )
        parser.add_argument("--dry-run", action="store_true", help="say it, change nothing")
        parser.add_argument(
            "--no-input",
            "--noinput",
            action="store_false",
            dest="interactive",
            help="do not ask whether you are sure",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._erase(options)
        except QuarantineError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error

    def _erase(self, options: dict[str, Any]) -> None:
        scans, whose = _chosen(options["object"], options["uploader"], options["database"])
        as_json, dry_run = options["format"] == "json", options["dry_run"]
        if options["interactive"] and not dry_run:
            self._confirm(whose)
        results: list[Erased] = []
        for erased in erase(scans, dry_run=dry_run):
            results.append(erased)
            self.stdout.write(json.dumps(asdict(erased)) if as_json else _line(erased))
        if not as_json:
            self.stdout.write(_summary(results, whose, dry_run))
        if any(erased.error for erased in results):
            sys.exit(1)

    def _confirm(self, whose: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("This cannot be undone. Confirm it with --no-input.")
        question = f"Erase what is recorded of {whose}? This cannot be undone. Type yes: "
        if input(question) != "yes":
            raise CommandError("Nothing was erased.")


def _chosen(words: list[str], uploader: str | None, db: str) -> tuple[ScanQuerySet, str]:
    scans = Scan.objects.using(router.db_for_write(Scan))
    if (uploader is None) == (not words) or (words and len(words) != 2):
        raise CommandError("Name one object as app_label.Model KEY, or give --uploader KEY.")
    if uploader is not None:
        user = get_user_model()
        return scans.filter(uploader_id=_key(user, uploader)), f"the uploader {uploader}"
    if db not in connections:
        raise CommandError(f"There is no database {db!r}. Configured: {', '.join(connections)}.")
    label, text = words
    model = _model(label)
    key = _key(model, text)
    instance = model._base_manager.using(db).filter(pk=key).first()
    chosen = Q(pk__in=[])
    for watched in registry.watched.values():
        if issubclass(model, watched.model):
            pk = object_pk(instance, watched.field) if instance else pk_as_text(key)
            chosen |= Q(field=watched.label, object_pk=pk)
    return scans.filter(chosen, object_db=db), f"{model._meta.label} {text}"


def _model(label: str) -> type[models.Model]:
    watched = sorted({w.model._meta.label for w in registry.watched.values()})
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        model = None
    if model is None or not any(issubclass(model, w.model) for w in registry.watched.values()):
        raise CommandError(f"No file of {label!r} is watched. Watched: {', '.join(watched)}.")
    return model


def _key(model: type[models.Model], text: str) -> Any:
    """As the database has it: 7 and not 07, a UUID with its dashes."""
    try:
        if len(model._meta.pk_fields) > 1:
            parts = pk_from_text(model, text)
            fields = model._meta.pk_fields
            return tuple(f.to_python(part) for f, part in zip(fields, parts, strict=True))
        return model._meta.pk.to_python(text)
    except (ValidationError, ValueError, TypeError) as error:
        raise CommandError(f"{text!r} is no primary key of {model._meta.label}.") from error


def _line(erased: Erased) -> str:
    what = f"{erased.field} of {erased.object or 'no object'} (scan {erased.scan})"
    if erased.error:
        return f"failed: {what}: {erased.error}"
    if erased.kept:
        bytes_of_it = f"{erased.kept}, so the bytes stay"
    elif erased.public:
        bytes_of_it = "public"
    else:
        bytes_of_it = f"{erased.size:,} bytes"
    return f"{erased.status}: {what}: {bytes_of_it}"


def _summary(results: list[Erased], whose: str, dry_run: bool) -> str:
    if not results:
        return f"Nothing is recorded of {whose} that could be erased."
    files = sum(erased.size > 0 for erased in results)
    size = sum(erased.size for erased in results)
    scans = "1 scan" if len(results) == 1 else f"{len(results)} scans"
    held = "1 held file" if files == 1 else f"{files} held files"
    failed = sum(bool(erased.error) for erased in results)
    parts = f"{scans} erased, {held} deleted ({size:,} bytes). {SITES_OWN}"
    if failed:
        parts += f" {failed} failed; nsfw_sweep tries again."
    return f"{parts} Nothing was changed (--dry-run)." if dry_run else parts
