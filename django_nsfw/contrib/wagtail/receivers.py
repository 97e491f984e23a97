"""What became of a file → what Wagtail derived from it. Connected when the apps are ready.

What they do is imported when they are first called: connecting them is part of every start.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ...findings import Mended
from ...models import Scan
from ...signals import file_replaced, image_held, image_rejected, sweeping

UID = "django_nsfw.contrib.wagtail"


def connect() -> None:
    file_replaced.connect(follow_file, sender=Scan, dispatch_uid=UID)
    image_held.connect(follow_upload, sender=Scan, dispatch_uid=UID)
    image_rejected.connect(follow_upload, sender=Scan, dispatch_uid=UID)
    sweeping.connect(mend, sender=Scan, dispatch_uid=UID)


def follow_file(
    sender: type[Scan],
    field: str,
    using: str,
    object_pks: Sequence[str],
    name: str,
    **kwargs: Any,
) -> None:
    """Comes again where this raises."""
    from .derived import catch_up

    for object_pk in object_pks:
        catch_up(field, object_pk, using=using, name=name)


def follow_upload(sender: type[Scan], scan: Scan, **kwargs: Any) -> None:
    """An upload that is held at once takes no file's place: nothing else says so."""
    from .derived import catch_up

    if scan.settled_at is None:
        catch_up(scan.field, scan.object_pk, using=scan.object_db, name=scan.name)


def mend(sender: type[Scan], dry_run: bool, **kwargs: Any) -> Iterator[Mended]:
    from .mending import mend

    return mend(dry_run=dry_run)
