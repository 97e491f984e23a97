from datetime import timedelta

import pytest
from django.utils import timezone

from django_nsfw.decisions import reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.host.models import Album, Photo


@pytest.fixture
def ann(django_user_model):
    return django_user_model.objects.create_user("ann")


@pytest.fixture
def hold(constant):
    """Makes a photo that is held, another picture for every seed."""

    def make(seed=1, *, owner=None, **options):
        constant.answer = 0.8
        album = Album.objects.create(owner=owner) if owner else None
        return Photo.objects.create(
            image=upload("ann.jpg", body=picture(seed=seed)), album=album, **options
        )

    return make


@pytest.fixture
def aged(hold):
    """Makes a scan that has stood at a status for so many days."""

    def make(status, days, seed=1):
        photo = hold(seed)
        scan = Scan.objects.latest("pk")
        if status == "rejected":
            reject(scan, moderator=None)
        elif status == "superseded":
            photo.image = upload("new.jpg", body=picture(seed=900 + seed))
            photo.save()
        elif status == "gone":
            Photo.objects.filter(pk=photo.pk)._raw_delete("default")
            Scan.objects.filter(pk=scan.pk).update(status="gone", settled_at=timezone.now())
        when = timezone.now() - timedelta(days=days)
        Scan.objects.filter(pk=scan.pk).update(settled_at=when, created_at=when)
        return Scan.objects.get(pk=scan.pk)

    return make
