"""What one upload through a ModelForm costs: decodes, inferences, queries beyond the host's."""

import io
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, override_settings, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases(aliases={"default"})
    try:
        with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=Path(folder)):
            _measure()
    finally:
        runner.teardown_databases(databases)


def _measure() -> None:
    from django.test.utils import override_settings

    from tests.conftest import picture

    with override_settings(NSFW_FIELDS={}):
        own = _upload(picture(seed=1))["queries"]
        own_replacing = _upload(picture(seed=1), replacing=True)["queries"]
    with override_settings(NSFW_FIELDS={"host.Asset.file": {}}):
        _upload(picture(seed=2))  # a process's first upload sets savepoints
        found = {
            "first upload": (_upload(picture(seed=3)), own),
            "the same bytes again": (_upload(picture(seed=3)), own),
            "another file": (_upload(picture(seed=4), replacing=True), own_replacing),
        }
    with override_settings(NSFW_FIELDS={"host.Asset.file": {"review": 0.0}}):
        found["held"] = _upload(picture(seed=5)), own
        found["another file, held"] = _upload(picture(seed=6), replacing=True), own_replacing
    for name, (cost, host) in found.items():
        print(
            f"{name:22} {cost['decodes']} decodes, {cost['inferences']} inferences, "
            f"{cost['queries'] - host} queries beyond the host's {host}"
        )
    print(f"eight threads on a cold process load {_loads_by_eight_threads()} detector")


def _upload(body: bytes, *, replacing: bool = False) -> dict[str, int]:
    from django import forms
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from django_nsfw import assessment
    from tests.conftest import picture
    from tests.host.models import Asset

    form_class = forms.modelform_factory(Asset, fields=["file"])
    old = None
    if replacing:
        old = Asset.objects.create(file=SimpleUploadedFile("old.jpg", picture(seed=7)))
        assessment.memo.clear()
    with CaptureQueriesContext(connection) as queries, _counted() as counts:
        form = form_class({}, {"file": SimpleUploadedFile("a.jpg", body)}, instance=old)
        if not form.is_valid():
            raise RuntimeError(form.errors.as_text())
        form.save()
    assessment.memo.clear()  # another process would have to ask the database
    return {**counts, "queries": len(queries)}


@contextmanager
def _counted() -> Iterator[dict[str, int]]:
    from django_nsfw.detectors import detectors
    from django_nsfw.images import Picture

    counts = {"decodes": 0, "inferences": 0}
    detector: Any = detectors["default"]
    crops, predict = Picture.crops, detector.predict

    def counted_crops(self: Any, **options: Any) -> Any:
        counts["decodes"] += 1
        return crops(self, **options)

    def counted_predict(images: Any) -> Any:
        counts["inferences"] += len(images)
        return predict(images)

    with (
        mock.patch.object(Picture, "crops", counted_crops),
        mock.patch.object(detector, "predict", counted_predict),
    ):
        yield counts


def _loads_by_eight_threads() -> int:
    from django_nsfw.assessment import assess
    from django_nsfw.detectors import detectors
    from django_nsfw.detectors.onnx import OpenNSFWDetector
    from tests.conftest import picture

    detectors.reset()
    loads = []
    load = OpenNSFWDetector.load

    def counted(self: Any) -> None:
        loads.append(1)
        load(self)

    with mock.patch.object(OpenNSFWDetector, "load", counted):
        threads = [
            threading.Thread(target=assess, args=(io.BytesIO(picture(seed=100 + n)),))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return len(loads)
