"""Signal handlers, connected to the models that carry a watched field and to no others.

What they do is imported when they are first called: connecting them is part of every start.
"""

from dataclasses import replace
from typing import Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db import connections, models, router
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete, post_save

from . import gate
from .models import Scan
from .registry import registry

APP = "django_nsfw"


def connect() -> None:
    """Watch every field that is to be watched now. Idempotent: changed settings call it again."""
    registry.reset()
    for watched in registry.watched.values():
        gate.install(watched)
        for sender in watched.senders():
            uid = f"django_nsfw.{sender._meta.label}"
            post_save.connect(record_uploads, sender=sender, dispatch_uid=uid)
            post_delete.connect(forget_object, sender=sender, dispatch_uid=uid)
    setting_changed.connect(watch_changed_fields, dispatch_uid="django_nsfw.registry")


def record_uploads(
    sender: type[models.Model],
    instance: models.Model,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: Any,
) -> None:
    """The host's row is saved: write the scans of the files that this save stored."""
    if raw:
        return
    from .scanning import is_recorded, record
    from .stored import record_named

    outcomes = vars(instance).get(gate.OUTCOMES, {})
    for watched in registry.watched.values():
        name = watched.field.name
        if not isinstance(instance, watched.model):
            continue
        if update_fields is not None and name not in update_fields:
            continue  # FieldFile.save(save=False) came before; a later save names the field
        file = vars(instance).get(watched.field.attname)
        saved = getattr(file, "name", file)
        foreign = isinstance(file, FieldFile) and file.field != watched.field
        outcome = outcomes.get(name, {}).get(saved)
        if foreign:  # it was stored, or is, by the field of another model, where no gate stands
            vars(instance)[watched.field.attname] = saved
        if outcome is None:
            if created or foreign:
                record_named(instance, watched, using=using)
        elif not outcome.recorded:
            record(outcome, instance, watched, using=using, created=created)
            del outcomes[name]
            if connections[using].in_atomic_block:  # and may be rolled back
                outcomes[name] = {saved: replace(outcome, recorded=True)}
        elif created and is_recorded(outcome.token, router.db_for_write(Scan)):
            record_named(instance, watched, using=using)  # a copy, made of the same instance
        elif created:
            # What recorded it was rolled back, and the host tries again.
            record(outcome, instance, watched, using=using, created=created)


def forget_object(
    sender: type[models.Model], instance: models.Model, using: str, **kwargs: Any
) -> None:
    """The object is deleted, and what was held of it goes with it when that commits.

    Deleting a child with ``keep_parents`` leaves the row that names the file; deleting it with
    its parents sends a signal for each of them.
    """
    from .forgetting import forget

    for watched in registry.watched.values():
        if sender._meta.concrete_model is watched.model:
            forget(instance, watched, using=using)


def watch_changed_fields(*, setting: str, **kwargs: Any) -> None:
    """Apps come and go in tests alone; those may leave out this one, and then nothing is asked."""
    if setting in ("NSFW_FIELDS", "INSTALLED_APPS") and apps.is_installed(APP):
        connect()
