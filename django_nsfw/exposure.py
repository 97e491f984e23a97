"""Whether visitors could read what a storage keeps: by its options, and by trying.

Object stores are known by their attributes, as django-storages names them. Nothing here imports
it, and only ``fault_of`` and ``public_link`` talk to a server.
"""

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from .exceptions import QuarantineError
from .quarantine.faults import quarantine_cannot

READABLE_ACL = ("public", "authenticated")
"""Beginnings of the access lists that let in more than the owner."""

VISITOR_TIMEOUT = 5
"""Seconds that a visitor waits for an answer."""

HINTS = {
    "NoSuchBucket": "Create the bucket, or correct bucket_name.",
    "InvalidAccessKeyId": "Correct access_key and secret_key.",
    "SignatureDoesNotMatch": "Correct access_key and secret_key.",
    "AccessDenied": "Allow its user to put, get, list and delete objects there.",
    "403": "Correct access_key and secret_key, or what its user may do there.",
}
HINT = "Until it works, every upload that would be held fails."

Public = tuple[str, Storage]
"""What people call a storage that visitors read, and the storage."""


@dataclass(frozen=True)
class Complaint:
    message: str
    hint: str


def exposures(quarantine: Storage, public: Iterable[Public]) -> Iterator[Complaint]:
    """What in the options of ``quarantine`` would let visitors read it. No network."""
    bucket = getattr(quarantine, "bucket_name", None)
    if isinstance(bucket, str):
        yield from _shared(quarantine, bucket, public)
        yield from _open_to_all(quarantine)


def local_folder(storage: Storage) -> Path | None:
    """Where a storage on this machine's disk keeps its files; None for any other."""
    if not isinstance(storage, FileSystemStorage) or not storage.base_location:
        return None
    return Path(storage.location).resolve()


def fault_of(quarantine: Storage) -> Complaint | None:
    """Write, list, read and delete one small file. None where all of it worked."""
    body = secrets.token_bytes(32)
    wanted = _fresh()
    try:
        try:
            with quarantine_cannot("be written"):
                name = quarantine.save(wanted, ContentFile(body))
        except Exception:
            with suppress(Exception):  # a full disk keeps an empty file
                quarantine.delete(wanted)
            raise
        try:
            with quarantine_cannot("be read"), quarantine.open(name) as file:
                found = file.read()
            with quarantine_cannot("be listed"):
                quarantine.listdir("probe")
        finally:
            with quarantine_cannot("delete a file"):
                quarantine.delete(name)
    except FileNotFoundError as error:
        return Complaint(f"The quarantine cannot keep a file: {error}", HINT)
    except QuarantineError as error:
        return Complaint(str(error), _hint(error.__cause__))
    if found != body:
        return Complaint("The quarantine gives back other bytes than it was given.", HINT)
    return None


def public_link(quarantine: Storage) -> str | None:
    """A link under which anybody could read a file of ``quarantine``; None where nobody can.

    Asked as a visitor would, without the signature that the storage puts into its links.
    """
    body = secrets.token_bytes(32)
    name = quarantine.save(_fresh(), ContentFile(body))
    try:
        link = quarantine.url(name).partition("?")[0]
        return link if link.startswith(("http://", "https://")) and _reads(link) == body else None
    except Exception:  # noqa: BLE001 - no link, no answer: nothing that a visitor could read
        return None
    finally:
        quarantine.delete(name)


def open_to_the_machine(quarantine: Storage) -> Path | None:
    """The folder of ``quarantine`` where every account of this machine can read its files; None
    where they cannot, and for what is on no disk of a POSIX system."""
    folder = local_folder(quarantine)
    if folder is None or os.name != "posix":
        return None
    name = quarantine.save(_fresh(), ContentFile(b""))
    try:
        path = Path(quarantine.path(name)).resolve()
        readable = path.stat().st_mode & stat.S_IROTH
        reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
        return folder if readable and reachable else None
    finally:
        quarantine.delete(name)


def _shared(quarantine: Storage, bucket: str, public: Iterable[Public]) -> Iterator[Complaint]:
    own = prefix_of(quarantine)
    for name, other in public:
        if _bucket(other) != _bucket(quarantine):
            continue
        theirs = prefix_of(other)
        if own.startswith(theirs) or theirs.startswith(own):
            yield Complaint(
                f"keeps held images in the bucket {bucket!r} below {own or '/'!r}, which is "
                f"inside of or around that of {name}, {theirs or '/'!r}.",
                "Give it a bucket of its own, or a location beside the other.",
            )


def _open_to_all(quarantine: Storage) -> Iterator[Complaint]:
    domain = getattr(quarantine, "custom_domain", None)
    if domain and not getattr(quarantine, "cloudfront_signer", None):
        yield Complaint(
            f"gives out links to {domain} that anybody can follow.",
            'Put "custom_domain": None into its OPTIONS: a setting for all storages is also its.',
        )
    if getattr(quarantine, "querystring_auth", True) is False:
        yield Complaint(
            "gives out links without a signature, as for a public bucket.",
            'Put "querystring_auth": True into its OPTIONS.',
        )
    parameters = getattr(quarantine, "object_parameters", None) or {}
    acls = (getattr(quarantine, "default_acl", None), parameters.get("ACL"))
    for acl in dict.fromkeys(acls):
        if isinstance(acl, str) and acl.lower().startswith(READABLE_ACL):
            yield Complaint(
                f"stores held images with the ACL {acl!r}: others could read them.",
                'Put "default_acl": None into its OPTIONS, and no "ACL" into object_parameters.',
            )


def _bucket(storage: Storage) -> tuple[Any, Any]:
    return getattr(storage, "bucket_name", None), getattr(storage, "endpoint_url", None)


def prefix_of(storage: Storage) -> str:
    location = str(getattr(storage, "location", "") or "").strip("/")
    return f"{location}/" if location else ""


def _fresh() -> str:
    return f"probe/{secrets.token_hex(16)}"


def _reads(link: str) -> bytes:
    from urllib.request import urlopen  # slow to import, for a check that runs seldom

    with urlopen(link, timeout=VISITOR_TIMEOUT) as answer:  # noqa: S310 - http and https only
        read: bytes = answer.read()
        return read


def _hint(cause: BaseException | None) -> str:
    """What to do, by the code in the answer of an object store."""
    response = getattr(cause, "response", None) or {}
    return HINTS.get(str(response.get("Error", {}).get("Code")), HINT)
