"""Which file fields are watched, and by what policy.

A field is watched because ``NSFWValidator`` stands among its validators, or because
``NSFW_FIELDS`` names it with policy keys; named with None it is left out on purpose. The answer is
built from the app registry once and again whenever that setting changes.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

from .conf import nsfw_settings
from .policy import Policy
from .validators import NSFWValidator

logger = logging.getLogger(__name__)

UNREADABLE: Mapping[str, Any] = {
    "review": 0,
    "reject": None,
    "on_error": "hold",
    "on_review": "hold",
    "other_files": "fault",
    "publish": "after_scan",
    "known": {"exact": "review", "similar": "review"},
    "for_object": "",
}
"""Where nobody can tell what the policy of a field was to be: whatever comes waits for a person."""


class WatchedField:
    """A file field whose uploads are scanned. ``label`` is ``"app_label.Model.field"``."""

    def __init__(self, *, label: str, field: models.FileField, options: Mapping[str, Any]) -> None:
        self.label = label
        self.field = field
        self.options = options

    @property
    def model(self) -> type[models.Model]:
        """The model whose table holds the column."""
        model = self.field.model._meta.concrete_model
        assert model is not None  # noqa: S101 - abstract models are never registered
        return model

    def policy(self, instance: models.Model | None = None) -> Policy:
        """The policy for one object. ``ValueError`` or what the site's callable raises."""
        return policy_for(self.options, instance, self.field.name)

    def senders(self) -> Iterator[type[models.Model]]:
        """Every model whose instances carry the column: itself, proxies and children."""
        for model in apps.get_models():
            if issubclass(model, self.model):
                yield model


def policy_for(
    options: Mapping[str, Any], instance: models.Model | None, field_name: str
) -> Policy:
    """Project, then field, then object: the layers of a policy."""
    layers = [nsfw_settings.policy, options]
    policy = Policy.of(*layers)
    if policy.for_object:
        policy = Policy.of(*layers, import_string(policy.for_object)(instance, field_name) or {})
    return policy


class Registry:
    """The watched fields by label. ``watched`` is read far more often than it changes."""

    def __init__(self) -> None:
        self._watched: dict[str, WatchedField] | None = None

    @property
    def watched(self) -> Mapping[str, WatchedField]:
        if self._watched is None:
            self._watched = {watched.label: watched for watched in self._find()}
        return self._watched

    @property
    def exempt(self) -> frozenset[str]:
        """Labels of the fields that ``NSFW_FIELDS`` says nobody needs to watch."""
        named = {label for label, options in _configured().items() if options is None}
        return frozenset(
            label for label, _ in file_fields() if label in named and label not in self.watched
        )

    def get(self, model_field: "models.Field[Any, Any]") -> WatchedField | None:
        from .models.keys import field_label

        return self.watched.get(field_label(model_field))

    def behind(self, validator: NSFWValidator) -> WatchedField | None:
        """The watched field that has this very validator, so that its uploads can be held.

        Serializers take the validator objects of the model field over, forms have their own.
        """
        for watched in self.watched.values():
            if any(own is validator for own in watched.field.validators):
                return watched
        return None

    def reset(self) -> None:
        self._watched = None

    def _find(self) -> Iterator[WatchedField]:
        settings = _configured()
        for label, model_field in file_fields():
            validators = [v for v in model_field.validators if isinstance(v, NSFWValidator)]
            from_settings = settings.pop(label, None)
            if validators or from_settings is not None:
                options: dict[str, Any] = {}
                for validator in validators:
                    options |= validator.options
                yield WatchedField(
                    label=label, field=model_field, options=options | dict(from_settings or {})
                )
        for label in settings:
            # A system check explains it; at run time the other fields stay watched.
            logger.error("NSFW_FIELDS: %s", explain_missing(label))


def _configured() -> dict[str, Mapping[str, Any] | None]:
    """``NSFW_FIELDS``; what cannot be read of it is held to :data:`UNREADABLE`, and where none of
    it can be read, every file field is. A system check explains it."""
    try:
        return dict(nsfw_settings.fields)
    except ImproperlyConfigured as error:
        logger.error("%s Until then, what is uploaded there waits for a person.", error)
    given: Any = django_settings.NSFW_FIELDS
    if not isinstance(given, Mapping):
        return {label: UNREADABLE for label, _ in file_fields()}
    return {
        label: options if options is None or isinstance(options, Mapping) else UNREADABLE
        for label, options in given.items()
        if isinstance(label, str)
    }


def file_fields() -> Iterator[tuple[str, models.FileField]]:
    """Label and field of every file field of the project, each by the model that defines it."""
    for model in apps.get_models():
        for model_field in model._meta.local_fields:
            if isinstance(model_field, models.FileField):
                yield f"{model._meta.label}.{model_field.name}", model_field


def explain_missing(label: str) -> str:
    """Why an entry of ``NSFW_FIELDS`` names no file field, in a sentence with the valid names."""
    try:
        app_label, model_name, field_name = label.split(".")
    except ValueError:
        return f"{label!r} must have the form 'app_label.Model.field'."
    try:
        model = apps.get_model(app_label, model_name)
    except (LookupError, ImproperlyConfigured) as error:
        return f"{label!r}: {error}"
    files = [f.name for f in model._meta.get_fields() if isinstance(f, models.FileField)]
    known = f" Its file fields: {', '.join(files)}." if files else " It has no file field."
    try:
        model_field = model._meta.get_field(field_name)
    except FieldDoesNotExist:
        return f"{label!r}: {model._meta.label} has no field {field_name!r}.{known}"
    if not isinstance(model_field, models.FileField):
        return f"{label!r}: {field_name!r} is no file field.{known}"
    if model_field.model is not model:
        owner = f"{model_field.model._meta.label}.{field_name}"
        return f"{label!r}: the field belongs to {model_field.model._meta.label}; name {owner!r}."
    return f"{label!r}: write it as '{model._meta.label}.{field_name}'."


registry = Registry()
