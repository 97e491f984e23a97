"""The ways that lead to each status."""

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import public
from tests.host.models import Photo

BODY = picture(seed=41)
Status = Scan.Status


def scan_of(photo):
    return Scan.objects.current().get(object_pk=str(photo.pk))


def shown(photo):
    """What a visitor of the object gets to see."""
    return public()[Photo.objects.get(pk=photo.pk).image.name]


def in_status(status, constant, moderator):
    """A photo whose scan stands at ``status``, by the way that leads there."""
    constant.answer = 0.0 if status in (Status.CLEAR,) else 0.8
    photo = Photo.objects.create(image=upload(body=BODY))
    scan = scan_of(photo)
    if status == Status.APPROVED:
        approve(scan, moderator=moderator)
    elif status == Status.REJECTED:
        reject(scan, moderator=moderator)
    elif status == Status.FLAGGED:
        approve(scan, moderator=moderator)
        Scan.objects.update(status=status)
    elif status in (Status.GONE, Status.SUPERSEDED, Status.PENDING):
        Scan.objects.update(status=status)
    return photo, Scan.objects.get()
