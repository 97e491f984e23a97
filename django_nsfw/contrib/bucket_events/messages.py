"""What a bucket says → the objects that arrived in it. No settings, no database.

Forms of a message, each as its sender documents it: Amazon S3's ``Records``, which MinIO, Ceph and
RustFS send as well; the same in the envelope of Amazon SNS; Amazon EventBridge, one event or a
batch; and SeaweedFS's filer.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

BUCKETS = "/buckets/"
"""The folder of SeaweedFS's filer that has a folder for each bucket."""

PARTS = ".uploads/"
"""Where it keeps the parts of an object until all of them are there."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An object that was created, or written over."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """SNS asks whether it may send here: somebody has to open this address."""

    address: str


def read(body: bytes) -> list[Arrival | Invitation]:
    """The arrivals of a message; none where it speaks of something else, such as a deletion.

    Raises ``ValueError`` for what is no message of a bucket.
    """
    try:
        message = json.loads(body)
    except ValueError as error:
        raise ValueError(f"The message is no JSON: {error}.") from error
    try:
        return list(_read(message))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"The message of a bucket is incomplete: {type(error).__name__}: {error}."
        ) from error


def _read(message: Any) -> Iterator[Arrival | Invitation]:
    if isinstance(message, list):  # a batch of EventBridge
        for each in message:
            yield from _read(each)
    elif not isinstance(message, Mapping):
        raise ValueError(f"A message is a JSON object, not {message!r:.80}.")
    elif "Records" in message:
        for record in message["Records"]:
            yield from _of_s3(record)
    elif "detail-type" in message:
        if message["detail-type"] == "Object Created":
            detail = message["detail"]
            yield Arrival(
                bucket=_text(detail["bucket"]["name"]), key=_text(detail["object"]["key"])
            )
    elif message.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        yield Invitation(address=_text(message["SubscribeURL"]))
    elif message.get("Type") == "Notification":
        yield from read(message["Message"])
    elif "event_type" in message:
        yield from _of_seaweedfs(message)
    elif message.get("Event") != "s3:TestEvent":  # S3 sends it when it is told where to send
        raise ValueError(f"No message of a bucket has the keys {', '.join(message) or 'none'}.")


def _of_s3(record: Mapping[str, Any]) -> Iterator[Arrival]:
    # MinIO writes "s3:ObjectCreated:Put", Amazon "ObjectCreated:Put".
    if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        found = record["s3"]
        key = unquote_plus(_text(found["object"]["key"]))  # encoded as in a query
        yield Arrival(bucket=_text(found["bucket"]["name"]), key=key)


def _of_seaweedfs(message: Mapping[str, Any]) -> Iterator[Arrival]:
    found = message["message"]
    entry = found.get("new_entry")  # a deletion has none
    if entry is None or entry.get("is_directory"):
        return
    path = f"{_text(found['new_parent_path'])}/{_text(entry['name'])}"
    bucket, _, key = path.removeprefix(BUCKETS).partition("/")
    if path.startswith(BUCKETS) and key and not key.startswith(PARTS):
        yield Arrival(bucket=bucket, key=key)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a name is a text, not {value!r}")
    return value
