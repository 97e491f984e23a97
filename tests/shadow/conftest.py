import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.utils import timezone

from django_nsfw.detectors import detectors
from django_nsfw.models import FieldAccess, Scan, ShadowScore
from tests.conftest import upload
from tests.detectors_for_tests import CandidateDetector
from tests.host.models import Photo
from tests.test_models import scan

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"
DECIDES, SHADOW = "decides@1", "shadow@1"


@pytest.fixture(autouse=True)
def no_thresholds_from_another_test():
    cache.clear()


@pytest.fixture
def candidate(constant, settings):
    """A second detector that is shown everything: ``candidate.answer = 0.7``."""
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "candidate": {"BACKEND": "tests.detectors_for_tests.CandidateDetector"},
    }
    settings.NSFW_SHADOW = {"detector": "candidate", "share": 1}
    CandidateDetector.answer, CandidateDetector.inferences = 0.25, 0
    yield CandidateDetector
    detectors.reset()


@pytest.fixture
def uploaded(candidate):
    """Uploads photos, each with bytes of its own; their scans."""

    def uploaded(number=1, **options):
        made = []
        for _ in range(number):
            photo = Photo.objects.create(image=upload(seed=Photo.objects.count() + 1, **options))
            made.append(Scan.objects.get(object_pk=str(photo.pk)))
        return made

    return uploaded


@pytest.fixture
def pair(db):
    """A scan without a file, and its two scores."""

    def pair(decided, nsfw, *, ms=10.0, deciding=DECIDES, shadow=SHADOW, **columns):
        number = Scan.objects.count()
        facts = {
            "object_pk": str(number),
            "name": f"photos/{number}.jpg",
            "sha256": f"{number:064x}",
            "field": PHOTO,
            "nsfw": decided,
            "detector": deciding,
            "status": Scan.Status.HELD if decided >= 0.5 else Scan.Status.CLEAR,
            "quarantine_name": f"held/{number}" if decided >= 0.5 else "",
        } | columns
        made = scan(**facts)
        made.save()
        return ShadowScore.objects.create(
            scan=made, field=made.field, sha256=made.sha256, next_at=None, attempts=1,
            scored_at=timezone.now(), detector=shadow, nsfw=nsfw, label="nsfw", ms=ms,
            deciding_detector=deciding, deciding_nsfw=decided,
        )  # fmt: skip

    return pair


@pytest.fixture
def person(db):
    def made(*permissions, name="mo", only=()):
        user = get_user_model().objects.create_user(name, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        if only:
            group = Group.objects.create(name=f"of {name}")
            FieldAccess.objects.bulk_create(FieldAccess(group=group, field=f) for f in only)
            user.groups.add(group)
        return user

    return made
