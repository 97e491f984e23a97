"""``python -m tests.reports.site``: serves some weeks of a busy site."""

import random
from datetime import timedelta

from tests.admin_pages.site import serve


def fill() -> dict[str, object]:
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from django_nsfw.models import Scan, ShadowScore
    from tests.reports.conftest import ASSET, decide, scan, undo

    random.seed(8)
    users = get_user_model().objects
    root = users.create_superuser("root")
    people = [users.create_user(name) for name in ("mo", "ann", "zoe")]
    uploaders = [users.create_user(f"uploader{n}") for n in range(5)]
    now = timezone.now()
    for day in range(40):
        for _ in range(random.randint(4, 12)):
            at = now - timedelta(days=day, minutes=random.randint(1, 600))
            nsfw = random.betavariate(0.6, 1.6)
            uploader = random.choice(uploaders)
            if random.random() < 0.06:
                code = random.choice(["timeout", "unreadable_image", "queue_full"])
                scan(at, "held", nsfw=None, error_code=code, verdict="unknown", field=ASSET)
            elif nsfw < 0.5:
                scan(at, nsfw=nsfw, uploader=uploader)
            else:
                made = scan(at, "held", nsfw=nsfw, uploader=uploader)
                if random.random() < 0.85:
                    decided = at + timedelta(minutes=random.expovariate(1 / 40))
                    action = random.choice(["approve", "reject", "reject"])
                    decision = decide(made, action, min(decided, now), random.choice(people))
                    if random.random() < 0.08:
                        undo(decision, now, random.choice(people))
    for _ in range(9):
        scan(now, nsfw=0.3, detector="timm:hf_hub:Marqo/nsfw-image-detection-384@0c26ec22")
    ShadowScore.objects.bulk_create(
        ShadowScore(
            scan=one, field=one.field, sha256=one.sha256, next_at=None, scored_at=now,
            detector="shadow@1", nsfw=one.nsfw**2, label="nsfw", ms=80,
            deciding_detector=one.detector, deciding_nsfw=one.nsfw,
        )
        for one in Scan.objects.filter(nsfw__isnull=False)
    )  # fmt: skip
    client = Client()
    client.force_login(root)
    return {"session": client.cookies["sessionid"].value}


if __name__ == "__main__":
    serve(fill)
