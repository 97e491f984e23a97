"""Many at a time: items of the queue, and images and documents of Wagtail's own listings."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail import hooks
from wagtail.documents.models import Document
from wagtail.images.models import Image

from django_nsfw.contrib.wagtail import bulk
from django_nsfw.decisions import reject
from django_nsfw.models import Decision, Scan
from tests.conftest import picture, upload
from tests.folders import held, public

from .people import ALL, DOCUMENT, IMAGE, said

pytestmark = pytest.mark.django_db(transaction=True)


def address(model, action, objects, back="/cms/review-queue/"):
    url = reverse("wagtail_bulk_action", args=[*model._meta.label_lower.split("."), action])
    ids = "&".join(f"id={getattr(each, 'pk', each)}" for each in objects)
    return f"{url}?{ids}&next={back}"


def confirmed(client, model, action, objects, note="", seen=None):
    """Look at the page that asks, and say yes."""
    url = address(model, f"nsfw_{action}", objects)
    shown = client.get(url).context["form"]["seen"].value() or ""
    return client.post(url, {"note": note, "seen": shown if seen is None else seen}, follow=True)


def statuses():
    return list(Scan.objects.order_by("pk").values_list("status", flat=True))


def test_items_of_the_queue_are_decided_as_a_batch(client, person, waiting):
    scans = waiting(3)
    mo = person(*ALL)
    answer = confirmed(client, Scan, "approve", scans[:2], note="saucers")
    assert said(answer) == ["2 files were approved."]
    assert statuses() == ["approved", "approved", "held"]
    made = list(Decision.objects.all())
    assert {(one.moderator, one.note) for one in made} == {(mo, "saucers")}
    assert len({one.batch for one in made} - {None}) == 1
    assert len(held()) == 1


def test_the_page_that_asks_names_them_as_the_listing_does(client, person, waiting):
    first, second = waiting(2)
    person(*ALL)
    page = client.get(address(Scan, "nsfw_reject", [first, second]))
    assert [each["title"] for each in page.context["items"]] == [
        f"#{first.pk} cat 0",
        f"#{second.pk} cat 1",
    ]


@pytest.mark.parametrize(
    ("action", "message", "status"),
    [
        ("reject", "1 file was rejected.", "rejected"),
        ("escalate", "1 file was escalated.", "held"),
    ],
)
def test_the_other_verbs(client, person, waiting, action, message, status):
    scans = waiting()
    person(*ALL)
    assert said(confirmed(client, Scan, action, scans)) == [message]
    assert (statuses(), Decision.objects.get().action) == ([status], action)


def test_one_that_is_refused_does_not_keep_the_others(client, person, waiting, editor):
    first, second = waiting(2)
    person(*ALL)
    seen = f"{first.pk}:{first.version} {second.pk}:{second.version}"
    reject(first, moderator=editor)
    answer = confirmed(client, Scan, "approve", [first, second], seen=seen)
    assert said(answer) == [
        f"#{first.pk} image {first.object_pk}: It changed since you looked. editor rejected it. It "
        "is “rejected” now.",
        "1 file was approved.",
    ]
    assert statuses() == ["rejected", "approved"]


def test_everything_in_the_listing_is_what_waits(client, person, waiting, editor):
    first, *_ = waiting(3)
    reject(first, moderator=editor)
    person(*ALL)
    assert said(confirmed(client, Scan, "approve", ["all"])) == ["2 files were approved."]
    assert statuses() == ["rejected", "approved", "approved"]


def test_what_there_is_no_time_for_waits(client, person, waiting, monkeypatch):
    scans = waiting(3)
    person(*ALL)
    monkeypatch.setattr(bulk, "PATIENCE", 0)
    assert said(confirmed(client, Scan, "approve", scans)) == [
        "1 file was approved.",
        "2 are left, and wait unchanged: one request may take only so long. Do it again.",
    ]
    assert statuses() == ["approved", "held", "held"]


def test_images_of_the_listing_are_taken_out_of_reach(cms, constant):
    for seed in range(3):
        Image.objects.create(title=f"cat {seed}", file=upload(f"{seed}.jpg", seed=seed))
    first, second, _ = Image.objects.order_by("pk")
    answer = confirmed(cms, Image, "reject", [first, second])
    assert said(answer) == ["2 files were rejected."]
    assert statuses() == ["rejected", "rejected", "clear"]
    assert held() and sorted(held()) == sorted([picture(seed=0), picture(seed=1)])
    assert said(confirmed(cms, Image, "approve", [first])) == ["1 file was approved."]
    assert picture(seed=0) in public().values()


def test_an_image_that_was_never_scanned_is_scanned_first(cms, constant):
    image = Image.objects.create(title="old", file=upload(seed=1))
    Scan.objects.all().delete()
    assert said(confirmed(cms, Image, "reject", [image])) == ["1 file was rejected."]
    assert (held(), Decision.objects.get().from_status) == ([picture(seed=1)], "clear")


def test_an_image_whose_file_is_lost_is_named(cms, constant):
    image = Image.objects.create(title="lost", file=upload(seed=1))
    Scan.objects.all().delete()
    image.file.storage.delete(image.file.name)
    assert said(confirmed(cms, Image, "reject", [image])) == [
        "“lost” cannot be scanned: nothing was decided about it."
    ]


def test_documents_have_the_same_actions(cms, constant):
    document = Document.objects.create(title="cat", file=upload(seed=1))
    paper = Document.objects.create(title="cv", file=SimpleUploadedFile("cv.pdf", b"%PDF"))
    assert said(confirmed(cms, Document, "reject", [document, paper])) == ["2 files were rejected."]
    assert statuses() == ["rejected", "rejected"]
    assert b"%PDF" not in public().values()


def test_the_listing_of_images_offers_them(cms, constant):
    Image.objects.create(title="cat", file=upload())
    page = cms.get(reverse("wagtailimages:index")).content.decode()
    assert "nsfw_approve" in page
    assert "nsfw_reject" in page
    assert "nsfw_escalate" not in page


# Who may what.


def test_one_at_a_time_without_the_permission_for_many(client, person, waiting):
    scans = waiting(2)
    person("view_scan", "approve_scan")
    assert said(confirmed(client, Scan, "approve", scans)) == [
        "You may decide only one scan at a time. Nothing was decided."
    ]
    assert statuses() == ["held", "held"]
    assert said(confirmed(client, Scan, "approve", scans[:1])) == ["1 file was approved."]


def test_the_verb_asks_for_its_permission(client, person, waiting):
    scans = waiting()
    image = Image.objects.get()
    person("view_scan", "reject_scan", "bulk_scan")
    for model, objects in ((Scan, scans), (Image, [image])):
        page = client.get(address(model, "nsfw_approve", objects)).content.decode()
        assert "You may not decide about these:" in page
        client.post(address(model, "nsfw_approve", objects), {"note": "", "seen": ""})
    assert (statuses(), Decision.objects.count()) == (["held"], 0)


@pytest.mark.parametrize(
    ("may", "field"), [(("approve_scan", "bulk_scan"), None), (ALL, DOCUMENT)],
    ids=["sees no scans", "moderates other fields"],
)  # fmt: skip
def test_what_somebody_may_not_see_is_not_named(client, person, waiting, may, field):
    scans = waiting()
    person(*may, field=field)
    url = address(Scan, "nsfw_approve", scans)
    assert IMAGE not in client.get(url).content.decode()
    client.post(url, {"note": "", "seen": ""})
    assert (statuses(), Decision.objects.count()) == (["held"], 0)


def test_fields_of_others_are_left_alone(client, person, waiting):
    scans = waiting()
    person(*ALL, field=DOCUMENT)
    for ids in (scans, ["all"]):
        client.post(address(Scan, "nsfw_approve", ids), {"note": "", "seen": ""})
    client.post(address(Image, "nsfw_approve", [Image.objects.get()]), {"note": "", "seen": ""})
    assert (statuses(), Decision.objects.count()) == (["held"], 0)


@pytest.mark.parametrize("ids", [["x"], ["-1"], ["9" * 30], []])
def test_forged_ids_decide_nothing(client, person, waiting, ids):
    waiting()
    person(*ALL)
    assert client.get(address(Scan, "nsfw_approve", ids)).status_code == 200
    client.post(address(Scan, "nsfw_approve", ids), {"note": "", "seen": "1:x :: 2"})
    assert statuses() == ["held"]


def test_hooks_of_the_site_are_asked(client, person, waiting):
    scans = waiting()
    person(*ALL)
    called = []

    def hook(request, action_type, objects, action):
        called.append((action_type, [each.pk for each in objects]))

    with (
        hooks.register_temporarily("before_bulk_action", hook),
        hooks.register_temporarily("after_bulk_action", hook),
    ):
        confirmed(client, Scan, "approve", scans)
    assert called == [("nsfw_approve", [scans[0].pk])] * 2
