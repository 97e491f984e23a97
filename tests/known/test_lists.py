"""Lists come in and go out; a line that is none is said, and stops nothing."""

import io
import json
import os
import subprocess
import sys
import tracemalloc

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_nsfw.known_lists import COLUMNS, Complaint, Record, read, store, write
from django_nsfw.models import KnownImage, KnownSlot

A, B, P = "a" * 64, "b" * 64, "0123456789abcdef" * 4


def run(tmp_path, text, *options):
    path = tmp_path / "list"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("nsfw_known", "import", str(path), *options, stdout=out, stderr=err)
        code = 0
    except SystemExit as end:
        code = end.code
    return out.getvalue().strip(), err.getvalue().splitlines(), code


def exported(*options):
    out = io.StringIO()
    call_command("nsfw_known", "export", *options, stdout=out)
    return out.getvalue()


def test_lists_whose_names_differ_in_case_or_accent_are_two(tmp_path, db):
    for source in ("theirs", "Theirs", "théirs"):
        done = run(tmp_path, f"sha256,outcome\n{A},reject\n", "--source", source)
        assert done == ("1 added, 0 changed, 0 unchanged, 0 left out.", [], 0)


def test_what_is_revoked_while_its_list_is_read_again_stays_revoked(db):
    store([Record(sha256=A, outcome="reject", source="one")])

    def revoke_first(execute, sql, params, many, context):
        if (
            sql.startswith("UPDATE")
            and "outcome" in sql
            and not KnownImage.objects.filter(revoked_at__isnull=False)
        ):
            KnownImage.objects.all().revoke()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(revoke_first):
        store([Record(sha256=A, outcome="approve", source="one")])
    known = KnownImage.objects.get()
    assert (known.outcome, known.revoked_at is not None) == ("approve", True)


def test_no_answer_of_the_database_is_as_long_as_the_list(db):
    store(Record(sha256=f"{n:064x}", outcome="reject", source="one") for n in range(2100))
    with CaptureQueriesContext(connection) as asked:
        assert exported().count("\n") == 2101
    assert len(asked) == 3
    assert all(query["sql"].endswith("LIMIT 2000") for query in asked)


@pytest.mark.parametrize("format", ["csv", "json"])
def test_a_list_goes_out_and_comes_in_again(format, tmp_path, db):
    records = [
        Record(sha256=A, pdq=P, quality=90, outcome="reject", source="one", note='say "no", twice'),
        Record(sha256=B, outcome="approve", source="two"),
        Record(pdq=P, quality=40, outcome="reject", source="one"),
    ]
    assert store(records).added == 3
    assert KnownSlot.objects.count() == 16
    text = exported("--format", format)
    KnownImage.objects.all().delete()
    assert run(tmp_path, text, "--format", format) == (
        "3 added, 0 changed, 0 unchanged, 0 left out.", [], 0,
    )  # fmt: skip
    assert exported("--format", format) == text
    assert run(tmp_path, text, "--format", format)[0] == (
        "0 added, 0 changed, 3 unchanged, 0 left out."
    )
    assert KnownSlot.objects.count() == 16


def test_csv_as_people_write_it(tmp_path, db):
    text = f"\ufeffPDQ,Outcome\r\n{P.upper()},REJECT\r\n\r\n{P[::-1]},\r\n"
    out, err, code = run(tmp_path, text, "--source", "their list", "--outcome", "approve")
    assert (out, err, code) == ("2 added, 0 changed, 0 unchanged, 0 left out.", [], 0)
    assert list(KnownImage.objects.order_by("pk").values_list("pdq", "outcome", "quality")) == [
        (P, "reject", 100),
        (P[::-1], "approve", 100),
    ]
    assert {*KnownImage.objects.values_list("source", flat=True)} == {"their list"}


def test_the_outcome_and_source_of_an_export(tmp_path, db):
    store([Record(sha256=A, outcome="reject", source="one")])
    KnownImage.objects.create(key=f"s:{B}", sha256=B, outcome="approve")
    assert exported("--own-only").splitlines() == [",".join(COLUMNS), f"{B},,0,approve,,"]
    assert exported("--outcome", "reject").splitlines()[1:] == [f"{A},,0,reject,one,"]
    KnownImage.objects.all().revoke()
    assert exported().splitlines() == [",".join(COLUMNS)]


def test_a_list_that_changed_its_mind(tmp_path, db):
    line = "sha256,outcome,source\n" + A + ",{},one\n"
    run(tmp_path, line.format("reject"))
    assert run(tmp_path, line.format("approve"))[0].startswith("0 added, 1 changed")
    assert KnownImage.objects.get().outcome == "approve"


HEADER = "sha256,pdq,quality,outcome,source,note\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("xyz,,,reject,,", "sha256 must be 64 hexadecimal digits, not 'xyz'"),
        (f"{A},12,,reject,,", "pdq must be 64 hexadecimal digits, not '12'"),
        (f"{A},,,maybe,,", "outcome must be one of approve, reject, not 'maybe'"),
        (f"{A},,,,,", "no outcome; give one with --outcome (approve, reject)"),
        (",,,reject,,", "neither sha256 nor pdq"),
        (f"{A},{P},101,reject,,", "quality must be a whole number from 0 to 100, not '101'"),
        (f"{A},{P},-1,reject,,", "quality must be a whole number from 0 to 100, not '-1'"),
        (f"{A},{P}", "2 cells under 6 columns"),
        (f'{A},,,reject,,"open', "unexpected end of data"),
        (f"{A},,,reject,,\x00", "note has characters that cannot be printed"),
        (f"{A},,,reject,{'s' * 101},", "source is longer than 100 characters"),
        (f"{A},,,reject,,{'n' * 1001}", "note is longer than 1000 characters"),
        (f"{A},,,reject,,{'n' * 70_000}", "longer than 65536 bytes"),
        (f"{A},,,reject,,{'n' * 10_000_000}", "longer than 65536 bytes"),
        (f"{A},,,reject,,\udcff", "not UTF-8"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) and len(value) < 60 else "",
)
def test_a_line_that_is_no_record_is_left_out_and_the_rest_is_taken(line, message, tmp_path, db):
    text = (HEADER + line + f"\n{B},,,reject,,\n").encode("utf-8", "surrogateescape")
    out, err, code = run(tmp_path, text)
    assert err == [f"line 2: {message}."]
    assert (out, code) == ("1 added, 0 changed, 0 unchanged, 1 left out.", 1)
    assert KnownImage.objects.get().sha256 == B


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "no JSON: Expecting property name enclosed in double quotes"),
        ("[1]", "no JSON object"),
        ("[" * 60_000, ""),
        ('{"sha": 1}', "unknown key 'sha'. Valid keys: " + ", ".join(COLUMNS)),
        ('{"sha256": 7, "outcome": "reject"}', "sha256 must be a string, not 7"),
        (
            json.dumps({"pdq": P, "quality": True, "outcome": "reject"}),
            "quality must be a whole number from 0 to 100, not 'True'",
        ),
        (
            json.dumps({"pdq": P, "quality": 1e999, "outcome": "reject"}),
            "quality must be a whole number from 0 to 100, not 'inf'",
        ),
        ('{"sha256": "' + A + '", "outcome": "reject", "note": "\\ud800"}', "note has characters"),
        ("1" * 5000, ""),
    ],
    ids=["cut off", "a list", "deep", "key", "number", "boolean", "infinity", "half", "digits"],
)
def test_a_line_that_is_no_json_record(line, message, tmp_path, db):
    text = line + "\n" + json.dumps({"sha256": B, "outcome": "reject"}) + "\n"
    out, err, code = run(tmp_path, text, "--format", "json")
    assert len(err) == 1
    assert err[0].startswith(f"line 1: {message}")
    assert (out, code) == ("1 added, 0 changed, 0 unchanged, 1 left out.", 1)


def test_a_list_without_a_header_is_said_once(tmp_path, db):
    _out, err, code = run(tmp_path, f"{A},,,reject,,\n" * 5)
    assert len(err) == 1
    assert err[0].startswith("line 1: the first line must name columns out of sha256,pdq,")
    assert code == 1


def test_a_flood_of_complaints_is_cut_short(tmp_path, db):
    out, err, _code = run(tmp_path, HEADER + "x,,,reject,,\n" * 200)
    assert (len(err), out.split()[-3]) == (51, "200")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import"], "Name the list to import, or - for standard input."),
        (["import", "no/such/file"], "no/such/file: No such file or directory"),
        (["import", "x", "--own-only"], "--own-only is for export."),
        (["import", "x", "--source", "s" * 101], "--source must be 100 printable characters"),
        (["export", "x"], "export writes to standard output and takes no file or --source."),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_mistakes_on_the_command_line(arguments, message, db):
    with pytest.raises(CommandError, match=message[:40]):
        call_command("nsfw_known", *arguments)


def test_a_list_of_fifty_thousand_is_read_in_constant_memory():
    class Endless(io.RawIOBase):
        left = 50_001

        def readline(self, size=-1):
            self.left -= 1
            if self.left == 50_000:
                return HEADER.encode()
            return b"%064x,%064x,80,reject,x,\n" % (self.left, self.left) * (self.left >= 0)

    tracemalloc.start()
    try:
        count = sum(1 for record in read(Endless(), format="csv") if isinstance(record, Record))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 500_000


def test_a_long_list_is_stored_in_constant_memory(db):
    def records(count):
        for number in range(count):
            yield Record(sha256=f"{number:064x}", outcome="reject", source="x")

    store(records(600))
    tracemalloc.start()
    try:
        counts = store(records(12_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (counts.added, counts.unchanged) == (11_400, 600)
    assert peak < 20_000_000
    assert sum(1 for _ in write([], format="csv")) == 1


def test_reading_from_a_pipe(tmp_path):
    complaints = list(read(io.BytesIO(b"pdq\nzz\n"), format="csv", outcome="reject"))
    assert complaints == [Complaint(line=2, message="pdq must be 64 hexadecimal digits, not 'zz'")]


WITHOUT = """
import os, sys
sys.modules["pdqhash"] = None
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["DATABASE_URL"] = ""  # in its own memory
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "pdqhash" else find(name, *a)
import django
django.setup()
from django.core import checks
from django.core.management import call_command
from django.test.utils import override_settings
found = [m.id for m in checks.run_checks(tags=["nsfw"])]
detectors = {"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}}
call_command("migrate", verbosity=0, run_syncdb=True)
from tests.host.models import Asset
from tests.conftest import upload, photograph
from django_nsfw.models import Scan, KnownImage
from django_nsfw.decisions import reject
with override_settings(NSFW_DETECTORS=detectors):
    for _ in range(2):
        Asset.objects.create(file=upload("a.png", photograph()))
        if _ == 0:
            reject(Scan.objects.get(), moderator=None)
    with override_settings(NSFW_POLICY={"known": {"similar": "apply"}}):
        loud = [m.id for m in checks.run_checks(tags=["nsfw"])]
print(found, [s.status for s in Scan.objects.order_by("pk")], KnownImage.objects.get().pdq == "",
      loud)
"""


def test_without_the_extra_bytes_are_recognised_and_likeness_is_not():
    environment = {**os.environ, "DATABASE_URL": ""}  # SQLite, whatever server the suite uses
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[] ['rejected', 'rejected'] True ['django_nsfw.W030']"
