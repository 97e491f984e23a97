"""Rescans: how near they come to a bare loop, what their bookkeeping costs, and a long table.

``DATABASE_URL`` chooses the database, as for the tests; a scratch database is made on that server,
and dropped. Without it SQLite is measured, in a file.

    python -m benchmarks.rescan [throughput] [bookkeeping] [uptodate] [celery]
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PICTURES = 80
SIDE = (1600, 1200)
ROUNDS = 5
ROWS = 3_000
SHORT, LONG = 100_000, 1_000_000
CELERY_PICTURES = 300
PACE = 0.05
"""Seconds that the detector of the Celery section takes for an image, without computing."""


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    if arguments[:1] == ["child"]:
        _child(arguments[1:])
        return
    import django

    django.setup()
    wanted = arguments or ["throughput", "bookkeeping", "uptodate", "celery"]
    with tempfile.TemporaryDirectory() as folder, _scratch(Path(folder)):
        if "bookkeeping" in wanted:
            _bookkeeping(Path(folder))
        if "throughput" in wanted:
            _throughput(Path(folder))
        if "uptodate" in wanted:
            _up_to_date()
        if "celery" in wanted:
            _celery(Path(folder))


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    from django.conf import settings
    from django.db import connection

    settings.MEDIA_ROOT = folder / "media"
    settings.MEDIA_ROOT.mkdir()
    settings.STORAGES["nsfw_quarantine"]["OPTIONS"]["location"] = folder / "quarantine"
    name = connection.settings_dict["NAME"]
    on_disk = str(folder / "rescan.sqlite3")
    sqlite = connection.vendor == "sqlite"
    connection.settings_dict["TEST"]["NAME"] = on_disk if sqlite else f"{name}_bench_rescan"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _throughput(folder: Path) -> None:
    """The architecture of the default detector, on files as sites have them, all of which pass."""
    from django.conf import settings

    from benchmarks.architecture import exported, local_dir
    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = {
        "default": {
            "BACKEND": "django_nsfw.detectors.onnx.OnnxDetector",
            "OPTIONS": {"path": str(exported(local_dir(folder)))},
        },
    }
    detectors.reset()  # its weights are drawn at random: no threshold, or it would hold anything
    paths = _pictures(settings.MEDIA_ROOT)
    detector = detectors["default"]
    seconds: dict[str, list[float]] = {"bare": [], "rescan": [], "rescan with PDQ hashes": []}
    _bare(detector, paths[:16])
    for _ in range(ROUNDS):  # in turn, so that a slow moment hits all
        seconds["bare"].append(_timed(lambda: _bare(detector, paths)))
        for name, similar in (("rescan", "ignore"), ("rescan with PDQ hashes", "review")):
            settings.NSFW_POLICY = {"review": None, "known": {"similar": similar}}
            _rows([path.name for path in paths])
            seconds[name].append(_timed(_rescan))
    bare = seconds.pop("bare")
    print(
        f"throughput, {len(paths)} files of {SIDE[0]} × {SIDE[1]}: a bare loop that decodes and "
        f"infers {len(paths) / statistics.median(bare):.1f} images/s"
    )
    for name, found in seconds.items():
        share = statistics.median(b / r for b, r in zip(bare, found, strict=True))
        rate = len(paths) / statistics.median(found)
        print(f"throughput, {name}: {rate:.1f} images/s, {share:.2f} of the bare loop", flush=True)


def _pictures(folder: Path) -> list[Path]:
    """One file a picture, each of other bytes."""
    from PIL import Image

    from benchmarks.pictures import camera_jpegs

    paths = []
    sources = [Image.open(path).convert("RGB").resize(SIDE) for path in camera_jpegs((8,))]
    for number in range(PICTURES):
        path = folder / f"{number}.jpg"
        image = sources[number % len(sources)].rotate(number / 10)
        image.save(path, "JPEG", quality=88)
        paths.append(path)
    return paths


def _bare(detector: Any, paths: Sequence[Path]) -> None:
    """Decodes and infers, in batches, and nothing besides."""
    from django_nsfw.images import open_picture
    from django_nsfw.limits import Limits

    limits, batch = Limits(), []
    for path in paths:
        picture = open_picture(io.BytesIO(path.read_bytes()), limits)
        for crop in picture.crops(input_side=detector.input_side):
            batch.append(crop.image)
            if len(batch) == detector.max_batch:
                detector.predict(batch)
                batch = []
    if batch:
        detector.predict(batch)


def _bookkeeping(folder: Path) -> None:
    """A detector that takes no time, and pictures that take none to decode."""
    import numpy as np
    from django.conf import settings
    from django.db import connection
    from PIL import Image

    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    detectors.reset()
    detectors["default"]
    rng = np.random.default_rng(1)
    small = settings.MEDIA_ROOT / "small"
    small.mkdir()
    for number in range(ROWS):
        pixels = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(small / f"{number}.jpg", quality=60)
    names = [f"small/{number}.jpg" for number in range(ROWS)]
    _rows(names)
    new = _Queries()
    with connection.execute_wrapper(new):
        first = _timed(_rescan)
    from django_nsfw.models import Scan

    Scan.objects.update(detector="another")
    rescored = _Queries()
    with connection.execute_wrapper(rescored):
        again = _timed(lambda: _rescan(outdated=True))
    print(
        f"bookkeeping on {connection.display_name}: {ROWS / first:,.0f} new rows/s with "
        f"{new.made / ROWS:.3f} queries an image, {ROWS / again:,.0f} rescored rows/s with "
        f"{rescored.made / ROWS:.3f}",
        flush=True,
    )


def _up_to_date() -> None:
    """Fresh processes, for their peak memory."""
    from django.db import connection

    from django_nsfw.models import Scan
    from tests.host.models import Avatar

    Scan.objects.all().delete()
    Avatar.objects.all().delete()
    for size in (SHORT, LONG):
        _fill(size)
        name = str(connection.settings_dict["NAME"])
        for deed, words in (("rescan", "up to date"), ("coverage", "nsfw_coverage")):
            call = [sys.executable, "-m", "benchmarks.rescan", "child", name, deed]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{words} on {connection.display_name}, {size:>9,} rows: {found['seconds']:.1f} s, "
                f"{size / found['seconds']:,.0f} rows/s, {found['queries'] / size:.4f} queries a "
                f"row, peak {found['peak_mb']:.0f} MB",
                flush=True,
            )


def _fill(size: int) -> None:
    """Rows and their scans, straight through the cursor: the ORM would take minutes."""
    import uuid

    from django.db import connection, transaction
    from django.utils import timezone

    from django_nsfw.detectors import detectors
    from django_nsfw.models import Scan
    from tests.host.models import Avatar

    settings_for_constant()
    scan = Scan(
        field="host.Avatar.image", object_pk="", name="", original_name="", sha256="", size=1,
        detector=detectors["default"].identity, nsfw=0.1, verdict="allow", status="clear",
        scored_at=timezone.now(),
    )  # fmt: skip
    fields = [field for field in Scan._meta.concrete_fields if not field.primary_key]
    values = [
        field.get_db_prep_save(getattr(scan, field.attname), connection=connection)
        for field in fields
    ]
    at = {field.name: index for index, field in enumerate(fields)}

    def scans(numbers: range) -> Iterator[list[Any]]:
        token = next(field for field in fields if field.name == "token")
        for number in numbers:
            values[at["token"]] = token.get_db_prep_save(uuid.uuid4(), connection=connection)
            values[at["object_pk"]] = str(number)
            values[at["name"]] = values[at["original_name"]] = f"{number}.jpg"
            values[at["sha256"]] = f"{number:064x}"
            yield list(values)

    start = Avatar.objects.count() + 1
    with transaction.atomic(), connection.cursor() as cursor:
        for begin in range(start, size + 1, 50_000):
            numbers = range(begin, min(begin + 50_000, size + 1))
            cursor.executemany(
                _insert(Avatar, ["id", "nick", "image"]),
                [(number, "ann", f"{number}.jpg") for number in numbers],
            )
            cursor.executemany(_insert(Scan, [field.column for field in fields]), scans(numbers))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _insert(model: Any, columns: Sequence[str]) -> str:
    marks = ", ".join("%s" for _ in columns)
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


def settings_for_constant() -> None:
    from django.conf import settings

    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    detectors.reset()


def _child(arguments: Sequence[str]) -> None:
    import django

    django.setup()
    import resource

    from django.db import connection

    connection.settings_dict["NAME"] = arguments[0]
    settings_for_constant()
    queries = _Queries()
    with connection.execute_wrapper(queries):
        if arguments[1] == "coverage":
            seconds = _timed(_cover)
        else:
            seconds = _timed(lambda: _rescan(expected="up_to_date", outdated=True, unscanned=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "queries": queries.made}))


def _cover() -> None:
    from django_nsfw.coverage import coverage

    [line] = [c for c in coverage(labels={"host.Avatar.image"}) if c.kind == "watched" and c.files]
    if line.missing:
        raise RuntimeError(f"not every file has its scan: {line}")


def _celery(folder: Path) -> None:
    """One worker against four, on a detector that waits for somebody else: another machine, or a
    GPU. Four models that compute would share the processors of this one."""
    from django.conf import settings

    from django_nsfw.models import Run, Scan
    from tests.conftest import picture
    from tests.rescans.site import Site

    broker = os.environ.get("BROKER", "redis://127.0.0.1:6379/9")
    names = [f"celery{number}.png" for number in range(CELERY_PICTURES)]
    for number, name in enumerate(names):
        body = picture(24, 24, seed=number, format="PNG")
        (settings.MEDIA_ROOT / name).write_bytes(body)
    rates = []
    for workers in (1, 4):
        site = Site(folder)
        site.pace(PACE)
        (folder / "seen").unlink(missing_ok=True)
        _rows(names)
        with site.celery(workers, broker):
            asked = ["host.Avatar", "--enqueue", "--workers", str(workers), "--batch-size", "10"]
            code, _, error = site.run(*asked)
            if code:
                raise RuntimeError(error)
            site.wait_until(lambda: Run.objects.latest("pk").status == "finished")
        run = Run.objects.latest("pk")
        began = Scan.objects.earliest("scored_at").scored_at
        ended = Scan.objects.latest("scored_at").scored_at
        if began is None or ended is None or Scan.objects.count() != len(names):
            raise RuntimeError(f"not every file has a score: {run.counts}")
        rates.append(len(names) / (ended - began).total_seconds())
        twice = sum(times > 1 for times in site.seen().values())
        print(
            f"Celery, {workers} workers: {rates[-1]:.1f} images/s of {PACE * 1000:.0f} ms each, "
            f"{twice} scored twice",
            flush=True,
        )
    print(f"Celery, four workers against one: {rates[1] / rates[0]:.1f} times")


def _rows(names: Sequence[str]) -> None:
    from django_nsfw.models import Scan
    from tests.host.models import Avatar

    Scan.objects.all().delete()
    Avatar.objects.all().delete()
    Avatar.objects.bulk_create([Avatar(image=name) for name in names], batch_size=1000)


def _rescan(*, expected: str = "clear", **options: Any) -> None:
    from django_nsfw import assessment
    from django_nsfw.rescans import runs, workers
    from django_nsfw.rescans.selection import Selection
    from django_nsfw.rescans.targets import find_targets

    assessment.memo.clear()
    targets = find_targets(["host.Avatar"])
    run = runs.start(targets, Selection(**options))
    workers.work(run, worker="bench", stop=lambda: False)
    counts = runs.progress(run)
    if counts.get(expected, 0) + counts.get("held", 0) != counts["rows"]:
        raise RuntimeError(f"not all rows are {expected}: {counts}")


class _Queries:
    """How many were made, as ``connection.execute_wrapper`` sees them."""

    made = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.made += 1
        return execute(*args)


def _timed(deed: Callable[[], Any]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1:])
