import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from tests.telling.receiver import SECRET, receiving


@pytest.fixture
def person():
    def made(name, *permissions, email=None, **fields):
        email = f"{name}@example.org" if email is None else email
        fields = {"is_staff": True, **fields}
        user = get_user_model().objects.create_user(name, email, **fields)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return user

    return made


@pytest.fixture
def receiver(settings):
    """The only endpoint, which is told of everything."""
    with receiving() as server:
        settings.NSFW_WEBHOOKS = [{"url": server.url, "secret": SECRET}]
        yield server
