"""The apps that pictures can enter by, besides the gallery itself: ``NSFW_HOSTS=name,name``."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


@dataclass(frozen=True, kw_only=True)
class Host:
    """What one of them needs of the settings. ``HOST`` in a module of this package."""

    install: str
    """What to type where its packages are missing."""
    apps: Sequence[str]
    needs: Sequence[str] = ()
    """Modules of packages that are no apps."""
    middleware: Sequence[str] = ()
    context_processors: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of ``NSFW_FIELDS``."""
    storages: Mapping[str, Any] = field(default_factory=dict)
    """Of ``STORAGES``."""
    urls: Sequence[tuple[str, str]] = ()
    """Prefix and URLconf; they go before those of the gallery."""


def chosen(names: str) -> list[Host]:
    """Raises ``ImproperlyConfigured`` for a name that is none, and where packages are missing."""
    hosts = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in NAMES:
            raise ImproperlyConfigured(
                f"NSFW_HOSTS names of {', '.join(NAMES) or 'nothing yet'}, not {name!r}."
            )
        host: Host = import_module(f"{__name__}.{name}").HOST
        for module in (*host.apps, *host.needs):
            try:
                import_module(module.partition(".apps.")[0])
            except ModuleNotFoundError as error:
                raise ImproperlyConfigured(
                    f"NSFW_HOSTS has {name}: {error}. Install it with: {host.install}"
                ) from error
        hosts.append(host)
    return hosts


HOSTS = chosen(os.environ.get("NSFW_HOSTS", ""))
