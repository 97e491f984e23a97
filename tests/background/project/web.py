"""The web process of a site: does what it is asked, one JSON line each, and answers in one."""

import io
import json
import sys
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import django
from django.test import override_settings


class RolledBack(Exception):
    pass


def main():
    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        with override_settings(**asked.pop("settings", {})):
            answer = DEEDS[asked.pop("do")](**asked)
        print(json.dumps(answer), flush=True)


def upload(path, *, through="model"):
    """The primary key of the object that has it now."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import transaction
    from django.forms import modelform_factory

    from tests.host.models import Asset, Photo

    file = SimpleUploadedFile(Path(path).name, Path(path).read_bytes())
    if through == "form":
        form = modelform_factory(Photo, fields=["image"])(files={"image": file})
        return form.save().pk if form.is_valid() else form.errors.as_json()
    if through == "other app":
        return str(Asset.objects.create(file=file).pk)
    try:
        with transaction.atomic():
            photo = Photo.objects.create(image=file)
            if through == "failing view":
                raise RolledBack
    except RolledBack:
        return None
    return photo.pk


def store(paths):
    """Files and rows that no upload brought: no gate, no signal, no scan."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from tests.host.models import Photo

    names = [default_storage.save(Path(p).name, ContentFile(Path(p).read_bytes())) for p in paths]
    photos = Photo.objects.bulk_create(Photo(image=name, width=96, height=64) for name in names)
    return [photo.pk for photo in photos]


def runs():
    """How rescans stand."""
    from django_nsfw.models import Run

    return list(Run.objects.order_by("pk").values("pk", "status", "counts"))


def look(pk):
    """How an object and its scan stand."""
    from django.utils import timezone

    from django_nsfw.models import Scan
    from tests.host.models import Asset, Photo

    model, field = (Photo, "image") if isinstance(pk, int) else (Asset, "file")
    scan = Scan.objects.get(object_pk=str(pk))  # first: what a worker does next is seen whole
    file = getattr(model.objects.get(pk=pk), field)
    try:
        with file.open() as shown:
            original = sha256(shown.read()).hexdigest() == scan.sha256
    except FileNotFoundError:
        if getattr(model.objects.get(pk=pk), field).name == file.name:
            raise
        return look(pk)  # released or taken down since the row was read
    return {
        "status": scan.status,
        "score": scan.nsfw,
        "attempts": scan.attempts,
        "leased": scan.lease_until is not None and scan.lease_until > timezone.now(),
        "reason": scan.error_code,
        "words": scan.error_message,
        "name": file.name,
        "original is public": original,
        "in quarantine": bool(scan.quarantine_name),
    }


def age(pk, seconds):
    """Have it uploaded so long ago."""
    from django.utils import timezone

    from django_nsfw.models import Scan

    created_at = timezone.now() - timedelta(seconds=seconds)
    return Scan.objects.filter(object_pk=str(pk)).update(created_at=created_at)


def shadows():
    """How what was drawn for the shadow stands."""
    from django_nsfw.models import ShadowScore

    rows = ShadowScore.objects.order_by("pk").values_list("nsfw", "attempts", "next_at")
    return [[nsfw, attempts, next_at is None] for nsfw, attempts, next_at in rows]


def end_leases():
    """Of what the shadow scores."""
    from django.utils import timezone

    from django_nsfw.models import ShadowScore

    ShadowScore.objects.waiting().update(next_at=timezone.now())


def empty():
    """What another site left in the same database."""
    from django.apps import apps

    from django_nsfw.models import Delivery, Run, Scan
    from tests.host.models import Asset, Photo

    for model in (Delivery, Run, Scan, Photo, Asset):
        model.objects.all().delete()
    if apps.is_installed("django_tasks_db"):
        from django_tasks_db.models import DBTaskResult

        DBTaskResult.objects.all().delete()


def sweep():
    """What ``nsfw_sweep`` finds."""
    from django.core.management import call_command

    out = io.StringIO()
    with suppress(SystemExit):
        call_command("nsfw_sweep", format="json", stdout=out)
    return [json.loads(line)["finding"] for line in out.getvalue().splitlines()]


def check():
    from django.core import checks

    return [[message.id, message.msg] for message in checks.run_checks(tags=["nsfw"])]


def loaded():
    """What only a process that scores has in memory."""
    return sorted({"onnxruntime", "tests.background.project.detectors"} & set(sys.modules))


def waiting():
    """Tasks that no worker of django-tasks-db has taken on."""
    from django_tasks_db.models import DBTaskResult

    return list(DBTaskResult.objects.ready().values_list("queue_name", flat=True))


ASKED = (
    empty, upload, store, runs, look, age, shadows, end_leases, sweep, check, loaded, waiting,
)  # fmt: skip
DEEDS = {deed.__name__: deed for deed in ASKED}

if __name__ == "__main__":
    main()
