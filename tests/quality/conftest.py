import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Asset, Photo

CHECKER = ("view_scan", "approve_scan")


@pytest.fixture
def person():
    def made(name, *permissions, **fields):
        user = get_user_model().objects.create_user(name, is_staff=True, **fields)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return user

    return made


@pytest.fixture
def sampled(constant, settings):
    """Uploads photos that their score clears, all of which are drawn; the scans of them."""
    settings.NSFW_REVIEW = {"quality_share": 1}

    def sampled(number=1, model=Photo):
        field = {Photo: "image", Asset: "file"}[model]
        made = [model.objects.create(**{field: upload(seed=100 + seed)}) for seed in range(number)]
        pks = [str(each.pk) for each in made]
        return list(Scan.objects.filter(field__startswith=model._meta.label, object_pk__in=pks))

    return sampled
