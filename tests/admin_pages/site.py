"""``python -m tests.admin_pages.site``: fills the site, says where it is, and serves it."""

import json
import os
import threading
from collections.abc import Callable

import django


def fill() -> dict[str, object]:
    """Something of everything that the pages show. Returns the keys of the rows by their names."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from django_nsfw import decisions
    from django_nsfw.models import KnownImage, Reveal, Run, Scan
    from tests.conftest import encode, mistaken, photograph, picture, upload
    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Asset, Photo

    def scan_of(instance) -> Scan:
        return Scan.objects.get(object_pk=str(instance.pk))

    def photo(name, body, answer) -> Scan:
        ConstantDetector.answer = answer
        return scan_of(Photo.objects.create(image=upload(name, body)))

    person = get_user_model().objects.create_superuser("mo", password="mo")
    client = Client()
    client.force_login(person)
    held = photo("cat.png", photograph(), 0.8)
    frames = [mistaken(seed=seed) for seed in (4, 5, 6)]
    animated = photo(
        "sand.gif", encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), 0.6
    )
    unreadable = scan_of(Asset.objects.create(file=upload("<b>broken</b>.jpg", b"no picture")))
    settled = photo("coffee.png", photograph("coffee.png"), 0.7)
    undone = photo("rocket.jpg", photograph("rocket.jpg"), 0.9)
    decision = decisions.approve(settled, moderator=person, note="a cup")
    rejected = decisions.reject(undone, moderator=person, note="by mistake")
    decisions.undo(rejected, moderator=person)
    decisions.escalate(held, moderator=person, note="what do you think?")
    for seed in range(12):
        photo(f"{seed}.jpg", picture(seed=seed), 0.5 + seed / 30)
    for seed in range(20, 32):  # for the quality sample, which takes all that is cleared
        photo(f"{seed}.jpg", picture(seed=seed), 0.1)
    run = Run.objects.create(
        targets=[["host.Photo.image", "default"]], rows=12, counts={"chosen": 7},
        finished_at=timezone.now(), status=Run.Status.FINISHED,
    )  # fmt: skip
    return {
        "session": client.cookies["sessionid"].value,
        "held": held.pk,
        "animated": animated.pk,
        "unreadable": unreadable.pk,
        "settled": settled.pk,
        "undone": undone.pk,
        "decision": decision.pk,
        "known": KnownImage.objects.get(decision=decision).pk,
        "reveal": Reveal.record(held, person).pk,
        "run": run.pk,
    }


def serve(fill: Callable[[], dict[str, object]]) -> None:
    """Until the process ends. ``fill`` returns what the tests are to know."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.admin_pages.site_settings"
    django.setup()
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer
    from django.core.wsgi import get_wsgi_application
    from django.test.testcases import QuietWSGIRequestHandler

    call_command("migrate", verbosity=0)
    rows = fill()
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    address = f"http://127.0.0.1:{server.server_port}"
    print(json.dumps({"address": address, "rows": rows}), flush=True)
    threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    serve(fill)
