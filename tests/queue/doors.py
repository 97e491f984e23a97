"""What there is in the admin, who may be let in, and how it is asked."""

import uuid

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from django_nsfw.decisions import reject
from django_nsfw.models import Delivery, FieldAccess, KnownImage, Reveal, Run, Scan
from tests.conftest import upload
from tests.host.models import Asset, Photo

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"

EVERYTHING = (
    "view_scan", "reveal_scan", "approve_scan", "reject_scan", "bulk_scan", "view_decision",
    "undo_decision", "view_knownimage", "manage_known", "view_reveal", "see_reports", "view_run",
    "view_delivery",
)  # fmt: skip
"""All permissions that the documentation names."""

ALONE = {
    "changelist", "add", "looking", "queue", "state", "quality", "report", "reports", "export",
}  # fmt: skip
"""Views that are about no row."""

POSTED = {"scan_reveal", "queue_explain"}


def both_fields(constant, somebody) -> dict[str, list]:
    """Kind → what there is of it in photos, and in assets."""
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload("a.jpg", seed=1))
    asset = Asset.objects.create(file=upload("b.jpg", seed=2))
    scans = [Scan.objects.get(field=PHOTO), Scan.objects.get(field=ASSET)]
    assert [scan.object_pk for scan in scans] == [str(photo.pk), str(asset.pk)]
    settled = [
        Photo.objects.create(image=upload("c.jpg", seed=3)),
        Asset.objects.create(file=upload("d.jpg", seed=4)),
    ]
    batch = uuid.uuid4()
    decisions = [
        reject(Scan.objects.get(field=field, object_pk=one.pk), moderator=somebody, batch=batch)
        for field, one in zip([PHOTO, ASSET], settled, strict=True)
    ]
    constant.answer = 0.1
    cleared = [
        Photo.objects.create(image=upload("e.jpg", seed=5)),
        Asset.objects.create(file=upload("f.jpg", seed=6)),
    ]
    Scan.objects.filter(status="clear").update(sampled_at=timezone.now())
    return {
        "scan": scans,
        "queue": scans,
        "decision": decisions,
        "knownimage": [KnownImage.objects.get(decision=decision) for decision in decisions],
        "reveal": [Reveal.record(scan, somebody) for scan in scans],
        "sample": [
            Scan.objects.get(field=field, object_pk=one.pk)
            for field, one in zip([PHOTO, ASSET], cleared, strict=True)
        ],
        "run": [
            Run.objects.create(targets=[[PHOTO, "default"], [PHOTO, "second"]]),
            Run.objects.create(targets=[[PHOTO, "default"], [ASSET, "default"]]),
        ],
        "delivery": [
            Delivery.objects.create(message="m", url="https://a.example/", event="e", body="{}")
        ],
        "fieldaccess": [
            FieldAccess.objects.create(group=Group.objects.create(name="some"), field=PHOTO)
        ],
    }


def ask(client, view, one=None):
    """The answer of a view, about one row unless it is alone; as the page asks for it."""
    verb = view.rpartition("_")[2]
    url = reverse(f"admin:django_nsfw_{view}", args=[] if verb in ALONE else [one.pk])
    return client.post(url) if view in POSTED else client.get(url)


def act(client, model, action, *objects) -> list[str]:
    """What an action on a list says that it did."""
    answer = client.post(
        reverse(f"admin:django_nsfw_{model}_changelist"),
        {"action": action, "_selected_action": [one.pk for one in objects]},
        follow=True,
    )
    return [str(message) for message in answer.context["messages"]]
