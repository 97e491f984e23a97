"""System checks of settings, fields and detectors. An id never changes its meaning."""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Field
from django.utils.module_loading import import_string

from . import perceptual
from .conf import nsfw_settings
from .detectors.handler import EXTRAS, REQUIRED_PACKAGES, detectors
from .exceptions import DetectorUnavailable
from .models.scan import NAME_LENGTH
from .policy import Policy
from .registry import WatchedField, explain_missing, registry

TAG = "nsfw"
AppConfigs = Sequence[AppConfig] | None


@register(TAG)
def check_limits(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        nsfw_settings.limits  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_LIMITS.", id="django_nsfw.E003")]
    return []


@register(TAG)
def check_retention(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        nsfw_settings.retention  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_RETENTION.", id="django_nsfw.E012")]
    return []


@register(TAG)
def check_detectors(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """The shape of ``NSFW_DETECTORS`` and the packages behind it; imports no framework."""
    try:
        configured = nsfw_settings.detectors
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_DETECTORS.", id="django_nsfw.E004")]
    found: list[CheckMessage] = []
    for alias in configured:
        try:
            backend, _ = detectors.spec(alias)
        except ImproperlyConfigured as error:
            found.append(Error(str(error), hint="Correct NSFW_DETECTORS.", id="django_nsfw.E004"))
            continue
        missing = [name for name in REQUIRED_PACKAGES.get(backend, ()) if find_spec(name) is None]
        if missing:
            found.append(
                Warning(
                    f"The detector {alias!r} needs {', '.join(missing)}, which is not installed: "
                    "every image will be held unscored.",
                    hint=f'pip install "django-nsfw[{EXTRAS[backend]}]"',
                    id="django_nsfw.W001",
                )
            )
    return found


@register(TAG)
def check_project_policy(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        policy = Policy.of(nsfw_settings.policy)
    except (ImproperlyConfigured, ValueError) as error:
        return [Error(f"NSFW_POLICY: {error}", hint="Correct NSFW_POLICY.", id="django_nsfw.E005")]
    return _check_names("NSFW_POLICY", policy, nsfw_settings.policy.keys() | {"detector"})


@register(TAG)
def check_fields(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Every entry of ``NSFW_FIELDS`` names a file field, and every watched field has a policy."""
    try:
        configured = nsfw_settings.fields
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_FIELDS.", id="django_nsfw.E006")]
    found: list[CheckMessage] = [
        Error(
            f"NSFW_FIELDS: {explain_missing(label)}",
            hint="Name each field as app_label.Model.field.",
            id="django_nsfw.E006",
        )
        for label in configured
        if label not in registry.watched
    ]
    for watched in registry.watched.values():
        found += _check_watched(watched)
    return found


def _check_watched(watched: WatchedField) -> list[CheckMessage]:
    try:
        project: Mapping[str, Any] = nsfw_settings.policy
        Policy.of(project)
    except (ImproperlyConfigured, ValueError):
        project = {}  # E005 reports it, once
    try:
        policy = Policy.of(project, watched.options)
    except ValueError as error:
        return [
            Error(
                f"{watched.label}: {error}",
                hint="Correct its NSFWValidator or its entry in NSFW_FIELDS.",
                obj=watched.field,
                id="django_nsfw.E007",
            )
        ]
    found = _check_names(watched.label, policy, watched.options)
    if policy.uploader and not _leads_somewhere(watched, policy.uploader):
        found.append(
            Error(
                f"{watched.label}: 'uploader' is {policy.uploader!r}, which is no path of fields "
                f"from {watched.model._meta.label}.",
                hint="Write the names of foreign keys joined by '__', such as 'album__owner'.",
                obj=watched.field,
                id="django_nsfw.E010",
            )
        )
    if watched.field.max_length and watched.field.max_length > NAME_LENGTH:
        found.append(
            Warning(
                f"{watched.label} has max_length={watched.field.max_length}; scans keep "
                f"{NAME_LENGTH} characters of a file name.",
                hint="Listings will not recognise held files with longer names.",
                obj=watched.field,
                id="django_nsfw.W002",
            )
        )
    return found


def _check_names(subject: str, policy: Policy, keys: Container[str]) -> list[CheckMessage]:
    """Names in a policy that point at something else; ``keys`` are those that stand here."""
    found: list[CheckMessage] = []
    configured = _configured()
    if "detector" in keys and configured is not None and policy.detector not in configured:
        found.append(
            Error(
                f"{subject}: there is no detector {policy.detector!r}. "
                f"Configured: {', '.join(configured) or 'none'}.",
                hint="Add it to NSFW_DETECTORS or name another.",
                id="django_nsfw.E008",
            )
        )
    if "for_object" in keys and policy.for_object:
        try:
            import_string(policy.for_object)
        except ImportError as error:
            found.append(
                Error(
                    f"{subject}: 'for_object' cannot be imported: {error}",
                    hint="Give the dotted path of a callable (instance, field_name).",
                    id="django_nsfw.E009",
                )
            )
    return found


@register(TAG)
def check_known_images(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Who asks for similar pictures in so many words needs the package that sees them."""
    if perceptual.available():
        return []
    layers: list[tuple[str, Mapping[str, Any]]] = []
    with suppress(ImproperlyConfigured):  # E005 reports it
        layers.append(("NSFW_POLICY", nsfw_settings.policy))
    layers += [(watched.label, watched.options) for watched in registry.watched.values()]
    return [
        Warning(
            f"{subject}: 'known' asks for similar pictures, which takes pdqhash, and that is not "
            "installed: only the same bytes are recognised.",
            hint='pip install "django-nsfw[pdq]", or say "similar": "ignore".',
            id="django_nsfw.W030",
        )
        for subject, options in layers
        if _asks_for_likeness(options)
    ]


def _asks_for_likeness(options: Mapping[str, Any]) -> bool:
    known = options.get("known")
    return isinstance(known, Mapping) and known.get("similar", "ignore") != "ignore"


def _configured() -> list[str] | None:
    """The aliases, or None where E004 complains about the setting already."""
    try:
        return list(nsfw_settings.detectors)
    except ImproperlyConfigured:
        return None


def _leads_somewhere(watched: WatchedField, path: str) -> bool:
    model: Any = watched.model
    for hop in path.split("__"):
        try:
            field = model._meta.get_field(hop)
        except (AttributeError, FieldDoesNotExist):
            return False
        if not isinstance(field, Field) or not field.is_relation:
            return False
        model = field.related_model
    return True


@register(TAG, deploy=True)
def check_detectors_are_ready(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """What each detector says of its files. Imports frameworks, loads no weights."""
    found: list[CheckMessage] = []
    for alias in _configured() or ():
        try:
            found += detectors.build(alias).check()
        except (DetectorUnavailable, ImproperlyConfigured) as error:
            found.append(
                Error(
                    str(error),
                    hint="Until it is mended, every image is held unscored.",
                    id="django_nsfw.E011",
                )
            )
    return found
