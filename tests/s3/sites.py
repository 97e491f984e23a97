"""A site by where its media and its quarantine lie, looked at from inside."""

from contextlib import closing
from urllib.parse import quote

from django.core.files.storage import storages as configured

from tests.folders import tree
from tests.s3.server import MEDIA, QUARANTINE, SHARED

BUCKETS = {"s3": (MEDIA, QUARANTINE), "shared": (SHARED, SHARED)}


class Site:
    """``media`` and ``quarantine`` are "disk", "s3" (a bucket of its own) or "shared" (one bucket
    for both, two locations). Options of the storages are prefixed with ``media_`` and
    ``quarantine_``."""

    def __init__(self, server, folder, settings, *, media, quarantine, **options):
        self.server = server
        self.folder = folder
        self.places = {"media": media, "quarantine": quarantine}
        self.options = {
            role: {
                k.removeprefix(f"{role}_"): v
                for k, v in options.items()
                if k.startswith(f"{role}_")
            }
            for role in self.places
        }
        for role, options_of_role in self.options.items():
            if options_of_role.pop("domain", False):
                options_of_role |= {
                    "custom_domain": f"{server.address}/{self.bucket(role)}",
                    "url_protocol": "http:",
                }
        settings.STORAGES = {
            **settings.STORAGES,
            "default": self._spec("media"),
            "nsfw_quarantine": self._spec("quarantine"),
        }

    def bucket(self, role):
        return BUCKETS[self.places[role]][role == "quarantine"]

    def _spec(self, role):
        if self.places[role] == "disk":
            return {
                "BACKEND": "tests.s3.storages.ToldDisk",
                "OPTIONS": {"location": self.folder / role},
            }
        if self.places[role] == "shared":
            self.options[role].setdefault("location", role)
        return {
            "BACKEND": "tests.s3.storages.ToldS3",
            "OPTIONS": self.server.options(self.bucket(role), **self.options[role]),
        }

    @property
    def media(self):
        return configured["default"]

    @property
    def quarantine(self):
        return configured["nsfw_quarantine"]

    def files(self, role):
        """Name → bytes, by the server's own listing or the disk's."""
        if self.places[role] == "disk":
            return tree(self.folder / role)
        return self.server.files(self.bucket(role), self._prefix(role))

    def links(self, role):
        """Where a visitor would look for the files of a storage, had they all the names."""
        if self.places[role] == "s3" or self.places[role] == "shared":
            bucket = self.bucket(role)
            keys = self.server.keys(bucket, self._prefix(role))
            return [f"{self.server.endpoint}/{bucket}/{quote(key)}" for key in keys]
        if self.places["media"] != "disk":
            return []  # no web server serves a folder of this site
        base = self.media.url("")
        names = [quote(name) for name in self.files(role)]
        return [f"{base}{up}{name}" for name in names for up in ("", "../quarantine/")]

    def _prefix(self, role):
        location = self.options[role].get("location", "").strip("/")
        return f"{location}/" if location else ""

    def close(self):
        for storage in (self.media, self.quarantine):
            if hasattr(storage, "connection"):
                with closing(storage.connection.meta.client):
                    pass
