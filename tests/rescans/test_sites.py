"""Rescans on the models, databases and policies that sites have."""

import uuid
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_nsfw import assessment, decisions
from django_nsfw.detectors import detectors
from django_nsfw.models import KnownImage, Scan
from django_nsfw.rescans import lookups
from tests.conftest import picture, upload
from tests.detectors_for_tests import ConstantDetector
from tests.folders import held, public
from tests.host.models import Asset, Avatar, FramedPhoto, Photo, Slide
from tests.rescans.conftest import rescan, stored

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def on_disk(name, **options):
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(**options))
    return name


def test_keys_of_every_kind(constant):
    constant.answer = 0.8
    for n in range(5):
        Asset.objects.bulk_create([Asset(file=on_disk(f"asset{n}.jpg", seed=n))])
        tray = uuid.UUID(int=n % 2)
        Slide.objects.bulk_create(
            [Slide(tray=tray, position=n, image=on_disk(f"slide{n}.jpg", seed=10 + n))]
        )
    run = rescan("host.Asset", "host.Slide", unscanned=True, batch_size=2)
    assert run.counts["held"] == 10
    assert len(held()) == 10
    named = {*Asset.objects.values_list("file", flat=True)}
    named |= {*Slide.objects.values_list("image", flat=True)}
    assert named == set(public()) == set(Scan.objects.values_list("name", flat=True))


def test_children_are_rescanned_with_their_parent(constant):
    FramedPhoto.objects.create(image=upload())
    Scan.objects.all().delete()
    assert rescan("host.Photo").counts["clear"] == 1


def test_rows_without_a_file_are_counted_and_left(constant):
    Asset.objects.bulk_create([Asset(), Asset(file=on_disk("a.jpg"))])
    assert rescan("host.Asset").counts == {
        "rows": 2, "no_file": 1, "chosen": 1, "scored": 1, "clear": 1,
    }  # fmt: skip


def test_objects_of_another_database(constant):
    constant.answer = 0.8
    on_disk("a.jpg")
    Photo.objects.using("second").bulk_create([Photo(image="a.jpg", width=1, height=1)])
    run = rescan("host.Photo", database="second")
    assert run.counts["held"] == 1
    scan = Scan.objects.using("default").get()
    assert (scan.object_db, scan.status) == ("second", "held")
    assert Photo.objects.using("second").get().image.name == scan.name
    assert rescan("host.Photo", unscanned=True, database="second").counts == {
        "rows": 1, "up_to_date": 1,
    }  # fmt: skip


def test_another_detector_by_name(constant, settings):
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "other": {"BACKEND": "tests.rescans.test_sites.OtherDetector"},
    }
    stored("a.jpg")
    rescan("host.Photo")
    run = rescan("host.Photo", outdated=True, detector="other")
    assert run.counts["scored"] == 1
    assert Scan.objects.get().detector == "other"
    assert rescan("host.Photo", outdated=True, detector="other").counts["up_to_date"] == 1


class OtherDetector(ConstantDetector):
    def load(self):
        self.identity = "other"


def by_title(instance, field_name):
    if instance is None:
        raise AssertionError("a rescan knows its objects")
    if instance.title == "broken":
        raise RuntimeError("no policy for that")
    return {"review": 0.9} if instance.title == "trusted" else {}


def test_a_policy_for_each_object(constant, settings):
    settings.NSFW_POLICY = {"for_object": "tests.rescans.test_sites.by_title"}
    constant.answer = 0.8
    for n, title in enumerate(("trusted", "", "broken")):
        stored(f"{n}.jpg", seed=n, title=title)
    run = rescan("host.Photo", unscanned=True)
    found = dict(Scan.objects.values_list("original_name", "status"))
    assert found == {"0.jpg": "clear", "1.jpg": "held", "2.jpg": "held"}
    assert run.counts["failed"] == 1
    assert Scan.objects.get(original_name="2.jpg").error_code == "policy_error"
    assert rescan("host.Photo", outdated=True).counts["up_to_date"] == 2


def test_known_bytes_are_settled_unscored(constant):
    constant.answer = 0.8
    body = picture(seed=5)
    Photo.objects.create(image=upload(body=body))
    decisions.reject(Scan.objects.get(), moderator=None)
    before = ConstantDetector.inferences
    stored("again.jpg", body)
    run = rescan("host.Photo", unscanned=True)
    scan = Scan.objects.latest("pk")
    assert (scan.status, scan.known) == ("rejected", KnownImage.objects.get())
    assert run.counts == {
        "rows": 2, "up_to_date": 1, "chosen": 1, "known": 1, "rejected": 1, "taken_down": 1,
    }  # fmt: skip
    assert ConstantDetector.inferences == before
    assert body not in public().values()


def test_a_rule_that_only_asks_for_review_has_it_scored(constant, settings):
    settings.NSFW_POLICY = {"known": {"exact": "review"}}
    constant.answer = 0.8
    body = picture(seed=5)
    Photo.objects.create(image=upload(body=body))
    decisions.reject(Scan.objects.get(), moderator=None)
    constant.answer = 0.0
    Scan.objects.update(detector="another")
    assessment.memo.clear()
    stored("again.jpg", body)
    rescan("host.Photo", unscanned=True)
    scan = Scan.objects.latest("pk")
    assert (scan.status, scan.nsfw, scan.verdict) == ("held", 0.0, "review")


def test_own_decisions_come_before_the_lists_of_others(constant):
    entries = [("approve", "list"), ("reject", "list"), ("approve", "")]
    for number, (outcome, source) in enumerate(entries):
        KnownImage.objects.create(
            key=f"s:{number}", sha256="a" * 64, outcome=outcome, source=source
        )
        match = lookups.known_bytes(["a" * 64])["a" * 64]
        assert match.rejected is (number == 1)


def test_what_resembles_a_rejected_picture_is_held(constant):
    pytest.importorskip("pdqhash")
    from tests.conftest import photograph

    constant.answer = 0.8
    Photo.objects.create(image=upload("cat.png", photograph()))
    decisions.reject(Scan.objects.get(), moderator=None)
    constant.answer = 0.0
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.open(BytesIO(photograph())).resize((400, 266)).save(out, "JPEG")
    stored("alike.jpg", out.getvalue())
    rescan("host.Photo", unscanned=True)
    scan = Scan.objects.latest("pk")
    assert (scan.status, scan.verdict, scan.nsfw) == ("held", "review", 0.0)
    assert scan.known_distance is not None


def test_a_fifth_of_a_query_a_file_is_enough(constant):
    detectors["default"]
    names = [on_disk(f"{n}.jpg", seed=n) for n in range(500)]
    Avatar.objects.bulk_create([Avatar(image=name) for name in names])
    with CaptureQueriesContext(connection) as queries:
        rescan("host.Avatar", unscanned=True)
    assert Scan.objects.count() == 500
    assert len(queries) <= 0.2 * 500 + 20, "and what it costs to begin and to end"
    with CaptureQueriesContext(connection) as queries:
        rescan("host.Avatar", unscanned=True)
    assert len(queries) <= 40
