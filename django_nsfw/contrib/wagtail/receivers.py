"""What became of a scan → what Wagtail derived from its file. Connected when the apps are ready."""

from collections.abc import Iterator
from typing import Any

from ...findings import Mended
from ...models import Scan
from ...signals import image_held, image_rejected, image_released, sweeping


def connect() -> None:
    for signal in (image_held, image_rejected, image_released):
        signal.connect(follow, sender=Scan, dispatch_uid="django_nsfw.contrib.wagtail")
    sweeping.connect(mend, sender=Scan, dispatch_uid="django_nsfw.contrib.wagtail")


def follow(sender: type[Scan], scan: Scan, **kwargs: Any) -> None:
    from .derived import catch_up

    catch_up(scan)


def mend(sender: type[Scan], dry_run: bool, **kwargs: Any) -> Iterator[Mended]:
    from .mending import mend

    return mend(dry_run=dry_run)
