"""That what a detector is made of is there, and that none is made of itself. Builds nothing."""

from collections.abc import Iterable, Iterator

from django.core.exceptions import ImproperlyConfigured

from .handler import MEMBERS, detectors


def problem_of(alias: str) -> str:
    """Why ``alias`` is made of what is not there, or of itself; empty where all is well."""
    try:
        for option, member in _members_of(alias):
            require_member(option, member, (alias,))
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def require_member(option: str, alias: str, path: tuple[str, ...] = ()) -> None:
    """``ImproperlyConfigured`` where ``alias``, a member that ``option`` names, cannot be one.

    A detector that is made of itself would wait for its own lock when it is loaded. ``path``: the
    aliases that led here.
    """
    if alias in path:
        circle = " → ".join((*path[path.index(alias) :], alias))
        raise ImproperlyConfigured(f"{option!r} goes in a circle: {circle}.")
    if alias not in detectors:
        raise ImproperlyConfigured(
            f"{option!r} names {alias!r}, which is not configured. Configured: "
            f"{', '.join(detectors)}."
        )
    for inner, member in _members_of(alias):
        require_member(inner, member, (*path, alias))


def _members_of(alias: str) -> Iterator[tuple[str, str]]:
    """Option and alias, where the settings have the right shape: others complain of the rest."""
    try:
        backend, options = detectors.spec(alias)
    except ImproperlyConfigured:
        return
    for option in MEMBERS.get(backend, ()):
        named = options.get(option)
        members = [named] if isinstance(named, str) else named
        for member in members if isinstance(members, Iterable) else ():
            if isinstance(member, str):
                yield option, member
