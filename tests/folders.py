"""What lies in the folders of a test: what visitors could fetch, and what nobody can."""

import json

from django.conf import settings

from django_nsfw.quarantine import journal


def public():
    """Name → bytes of everything under ``MEDIA_ROOT``."""
    return _files(settings.MEDIA_ROOT)


def held():
    """The bodies in quarantine, in the order of their names."""
    root = settings.MEDIA_ROOT.parent / "quarantine"
    return [body for name, body in sorted(_files(root).items()) if name.startswith("held/")]


def journalled():
    """The facts of every movement that has not ended."""
    return [entry.facts for entry in journal.entries()]


def tree(root):
    """Name → bytes of every file below ``root``; equal trees hold the same files."""
    return _files(root)


def _files(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def dumped(facts):
    """An entry of the journal as it lies on disk."""
    return json.dumps(facts).encode()
