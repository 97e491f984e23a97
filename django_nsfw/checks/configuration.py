"""System checks of settings, fields and detectors. An id never changes its meaning."""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db.models import Field
from django.utils.module_loading import import_string

from .. import perceptual, runners
from ..conf import SETTINGS, nsfw_settings
from ..detectors import membership
from ..detectors.handler import BACKENDS, EXTRAS, REQUIRED_PACKAGES, detectors
from ..exceptions import DetectorUnavailable
from ..models.scan import NAME_LENGTH
from ..policy import Policy
from ..registry import WatchedField, explain_missing, registry

AppConfigs = Sequence[AppConfig] | None


def check_names(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Nobody reads a misspelt setting. Names of the project's own, less alike, are left alone."""
    found: list[CheckMessage] = []
    for name in dir(settings):
        if name.startswith("NSFW") and name not in SETTINGS:
            found += [
                Warning(
                    f"{name} is no setting of django_nsfw and nobody reads it.",
                    hint=f"Did you mean {meant}?",
                    id="django_nsfw.W003",
                )
                for meant in get_close_matches(name, SETTINGS, n=1, cutoff=0.85)
            ]
    return found


def check_limits(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        nsfw_settings.limits  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_LIMITS.", id="django_nsfw.E003")]
    return []


def check_retention(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        nsfw_settings.retention  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_RETENTION.", id="django_nsfw.E012")]
    return []


def check_review(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        nsfw_settings.review  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_REVIEW.", id="django_nsfw.E050")]
    return []


def check_runner(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """The runner can be had, its engine is set up, and its workers are given enough time."""
    found: list[CheckMessage] = []
    try:
        found += runners.current().check()
    except ImproperlyConfigured as error:
        hint = "Correct NSFW_RUNNER, or the settings of its engine."
        found.append(Error(str(error), hint=hint, id="django_nsfw.E015"))
    try:
        nsfw_settings.background  # noqa: B018 - reading validates
    except ImproperlyConfigured as error:
        if "NSFW_BACKGROUND" in str(error):  # E003 reports the limits
            hint = "Correct NSFW_BACKGROUND."
            found.append(Error(str(error), hint=hint, id="django_nsfw.E016"))
    return found


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
        if _misspelt(backend):
            found.append(
                Error(
                    f"NSFW_DETECTORS[{alias!r}] BACKEND {backend!r} does not exist. Backends of "
                    f"this package: {', '.join(BACKENDS)}.",
                    hint="Until it is mended, every image is held unscored.",
                    id="django_nsfw.E011",
                )
            )
        missing = [name for name in REQUIRED_PACKAGES.get(backend, ()) if find_spec(name) is None]
        if missing:
            found.append(
                Warning(
                    f"The detector {alias!r} needs what is not installed: {', '.join(missing)}. "
                    "Every image will be held unscored.",
                    hint=f'pip install "django-nsfw[{EXTRAS[backend]}]"',
                    id="django_nsfw.W001",
                )
            )
    return found


def check_project_policy(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        policy = Policy.of(nsfw_settings.policy)
    except (ImproperlyConfigured, ValueError) as error:
        text = str(error).removeprefix("NSFW_POLICY ")  # as conf begins, and Policy does not
        return [Error(f"NSFW_POLICY: {text}", hint="Correct NSFW_POLICY.", id="django_nsfw.E005")]
    return _check_names("NSFW_POLICY", policy, nsfw_settings.policy.keys() | {"detector"})


def check_fields(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Every entry of ``NSFW_FIELDS`` names a file field, and every watched field has a policy."""
    try:
        configured = nsfw_settings.fields
    except ImproperlyConfigured as error:
        hint = (
            "Correct NSFW_FIELDS. Until then, whatever is uploaded to a field whose entry cannot "
            "be read waits for a person."
        )
        return [Error(str(error), hint=hint, id="django_nsfw.E006")]
    found: list[CheckMessage] = [
        Error(
            f"NSFW_FIELDS: {explain_missing(label)}",
            hint="Name each field as app_label.Model.field.",
            id="django_nsfw.E006",
        )
        for label in configured
        if label not in registry.watched and label not in registry.exempt
    ]
    found += [
        Error(
            f"NSFW_FIELDS: {label!r} is None, and the field has an NSFWValidator. It is watched.",
            hint="Take the validator off the field, or the entry out of NSFW_FIELDS.",
            id="django_nsfw.E041",
        )
        for label, options in configured.items()
        if options is None and label in registry.watched
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


def _misspelt(backend: str) -> bool:
    """Told from the names alone, where this package would have it."""
    return backend.startswith("django_nsfw.") and backend not in BACKENDS


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


def check_detectors_are_ready(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """What each detector says of its files. Imports frameworks, loads no weights."""
    found: list[CheckMessage] = []
    for alias in _configured() or ():
        with suppress(ImproperlyConfigured):  # E004, E011 and E027 report it
            if _misspelt(detectors.spec(alias)[0]) or membership.problem_of(alias):
                continue
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
