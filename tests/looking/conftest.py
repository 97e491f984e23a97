import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from django_nsfw.models import Scan
from tests.conftest import photograph, upload
from tests.host.models import Asset, Photo

BODY = photograph()
PUBLIC = photograph("coffee.png")


@pytest.fixture
def held(constant):
    """The scan of a photograph that is held."""
    constant.answer = 0.8
    return scan_of(Photo.objects.create(image=upload("cat.png", BODY)))


@pytest.fixture
def clear(constant):
    """The scan of another one that everybody sees."""
    constant.answer = 0.1
    return scan_of(Photo.objects.create(image=upload("cup.png", PUBLIC)))


def scan_of(instance) -> Scan:
    return Scan.objects.get(object_pk=str(instance.pk))


def held_file(name, body) -> Scan:
    """Any file in a field that takes any; what has no score is held."""
    return scan_of(Asset.objects.create(file=upload(name, body)))


@pytest.fixture
def person():
    def made(*permissions, name="mo"):
        user = get_user_model().objects.create_user(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return user

    return made
