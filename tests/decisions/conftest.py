import pytest

from tests.conftest import upload
from tests.decisions.ways import BODY
from tests.host.models import Photo


@pytest.fixture
def moderator(django_user_model):
    return django_user_model.objects.create_user("mo")


@pytest.fixture
def photo(constant):
    """A photo that is held, and in the queue."""
    constant.answer = 0.8
    return Photo.objects.create(image=upload(body=BODY))


@pytest.fixture
def clear(constant):
    return Photo.objects.create(image=upload(body=BODY))
