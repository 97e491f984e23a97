"""Held bytes are deleted when they are old enough, and only where somebody wrote that down."""

import io
import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connection

from django_nsfw import assessment, conf
from django_nsfw.conf import nsfw_settings
from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.listings import exclude_held, with_nsfw_status
from django_nsfw.models import Decision, Scan
from django_nsfw.quarantine import discard
from django_nsfw.retention import prune
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import held, public
from tests.host.models import Photo
from tests.retention.state import everything

pytestmark = pytest.mark.django_db(transaction=True)

RULE = {"rejected": 90, "gone": 30, "superseded": 30}


def run(**options):
    out = io.StringIO()
    call_command("nsfw_prune", stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("status", RULE)
def test_what_is_old_enough_is_deleted_and_what_is_not_stays(status, aged, settings):
    settings.NSFW_RETENTION = RULE
    old, young = aged(status, RULE[status] + 1, seed=1), aged(status, RULE[status] - 1, seed=2)
    before = len(held())
    assert run() == (
        f"{status}: host.Photo.image of {old.object_pk} (scan {old.pk}): {old.size:,} bytes\n"
        f"1 file, {old.size:,} bytes.\n"
    )
    assert len(held()) == before - 1
    old.refresh_from_db()
    assert (old.status, old.quarantine_name, old.discard_at) == (status, "", None)
    assert old.pruned_at is not None
    assert (len(old.sha256), old.nsfw) == (64, 0.8)
    young.refresh_from_db()
    assert (young.pruned_at, bool(young.quarantine_name)) == (None, True)
    assert run() == "Nothing is old enough.\n"


def test_nothing_is_deleted_unless_somebody_wrote_it_down(aged):
    aged("rejected", 36_499)
    with pytest.raises(CommandError) as error:
        run()
    assert str(error.value) == (
        "NSFW_RETENTION sets no days, so nothing is ever deleted. Set it, for example to "
        '{"rejected": 90}, or give --status and --older-than.'
    )
    assert list(prune({})) == []
    assert len(held()) == 1


def test_a_status_without_days_is_kept(aged, settings):
    settings.NSFW_RETENTION = {"rejected": None, "gone": 30}
    aged("rejected", 5000, seed=1)
    aged("gone", 5000, seed=2)
    assert run().startswith("gone: ")
    with pytest.raises(CommandError, match=r"^NSFW_RETENTION sets no days for rejected, so"):
        run(status=["rejected"])
    assert len(held()) == 1


def test_what_waits_for_a_moderator_has_no_age(hold):
    hold()
    Scan.objects.update(created_at="2001-01-01T00:00Z")
    with pytest.raises(CommandError, match=r"^Files that are held wait for a moderator"):
        run(status=["held"], older_than=1)
    for status in RULE:
        assert run(status=[status], older_than=0) == "Nothing is old enough.\n"
    assert len(held()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"status": ["approved"], "older_than": 3},
            "Nothing is held for the status 'approved'. "
            "Valid statuses: rejected, gone, superseded.",
        ),
        (
            {"older_than": 3},
            "--older-than needs --status: say what to delete. "
            "Valid statuses: rejected, gone, superseded.",
        ),
        ({"older_than": -1}, "--older-than must be from 0 to 36500, not -1."),
    ],
    ids=["status", "age alone", "negative"],
)
def test_a_mistake_is_a_sentence(options, message):
    with pytest.raises(CommandError) as error:
        run(**options)
    assert str(error.value) == message


def test_an_age_by_hand(aged):
    aged("rejected", 10, seed=1)
    aged("gone", 10, seed=2)
    assert run(status=["rejected"], older_than=11) == "Nothing is old enough.\n"
    assert run(status=["rejected"], older_than=9).startswith("rejected: ")
    assert len(held()) == 1


def test_a_scan_without_the_time_it_was_settled_counts_from_its_scan(aged):
    aged("gone", 40)
    Scan.objects.update(settled_at=None)
    assert [pruned.status for pruned in prune({"gone": 30})] == ["gone"]


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_dry_run_says_the_same_and_changes_nothing(format, aged, settings, monkeypatch):
    monkeypatch.setattr(discard, "BATCH", 2)
    settings.NSFW_RETENTION = RULE
    for seed, status in enumerate([*RULE, *RULE, "rejected"]):
        aged(status, 100, seed=seed)
    copied = Scan.objects.filter(status="rejected").latest("pk")
    twin = Photo.objects.create(image=copied.name)
    assert Scan.objects.filter(quarantine_name=copied.quarantine_name).count() == 2
    before = everything()
    dry = run(dry_run=True, format=format)
    assert everything() == before
    real = run(format=format)
    if format == "text":
        assert dry.splitlines()[:-1] == real.splitlines()[:-1]
        assert dry == real[:-1] + " Nothing was changed (--dry-run).\n"
        assert real.splitlines()[-1].startswith("7 files, ")
    else:
        assert dry == real
    assert len(real.splitlines()) == 8 + (format == "text")
    assert len(held()) == 2  # those that replaced the superseded ones wait
    assert twin.image.name in public()


def test_json(aged):
    scan = aged("rejected", 2)
    [line] = run(status=["rejected"], older_than=1, format="json").splitlines()
    assert json.loads(line) == {
        "scan": scan.pk,
        "status": "rejected",
        "field": "host.Photo.image",
        "object": scan.object_pk,
        "size": scan.size,
        "error": "",
    }


def test_a_rejected_file_keeps_its_placeholder_its_decision_and_its_standing(aged):
    scan = aged("rejected", 10)
    list(prune({"rejected": 5}))
    photo = Photo.objects.get()
    assert photo.image.name in public()
    assert not exclude_held(Photo.objects.all()).exists()
    assert with_nsfw_status(Photo.objects.all()).get().nsfw_image == "rejected"
    assert Decision.objects.get().sha256 == scan.sha256
    assert list(sweep(verify=True)) == []


def test_approving_what_is_deleted_is_refused(aged):
    stale = aged("rejected", 10)
    list(prune({"rejected": 5}))
    for scan in (Scan.objects.get(), stale):
        with pytest.raises(DecisionRefused) as refused:
            approve(scan, moderator=None)
        assert refused.value.code == "pruned"
        assert str(refused.value) == (
            "What was held is deleted for good: there is nothing left to put back."
        )
    assert Decision.objects.count() == 1
    assert Scan.objects.get().status == "rejected"


def test_a_file_that_another_object_waits_with_stays(aged):
    scan = aged("rejected", 100)
    Photo.objects.create(image=scan.name)
    Scan.objects.exclude(pk=scan.pk).update(settled_at=scan.settled_at, status="held")
    assert list(prune({"rejected": 90})) == []
    Scan.objects.exclude(pk=scan.pk).update(status="rejected")
    assert [pruned.size for pruned in prune({"rejected": 90})] == [scan.size, 0]
    assert held() == []


def test_a_replaced_file_takes_its_placeholder_along(aged):
    scan = aged("superseded", 100)
    assert scan.name in public()
    list(prune({"superseded": 90}))
    assert scan.name not in public()
    assert Photo.objects.get().image.name in public()


def test_what_is_rejected_anew_while_it_is_looked_up_is_not_old(aged):
    scan = aged("rejected", 100)
    settled = []

    def settle_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "discard_at" in sql and not settled:
            settled.append(approve(Scan.objects.get(), moderator=None))
            reject(Scan.objects.get(), moderator=None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(settle_first):
        assert list(prune({"rejected": 90})) == []
    scan.refresh_from_db()
    assert (len(settled), scan.status, scan.bytes_discarded) == (1, "rejected", False)
    assert len(held()) == 1
    approve(scan, moderator=None)


def test_a_storage_that_fails_is_said_and_tried_again(aged, monkeypatch):
    aged("rejected", 100, seed=1)
    scan = aged("rejected", 100, seed=2)
    Scan.objects.filter(pk=scan.pk).update(quarantine_name="held/00/stuck")
    delete = FileSystemStorage.delete

    def fail(storage, name):
        if "stuck" in name:
            raise PermissionError("no")
        delete(storage, name)

    out = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", fail)
        with pytest.raises(SystemExit) as left:
            call_command("nsfw_prune", status=["rejected"], older_than=1, stdout=out)
    assert left.value.code == 1
    assert out.getvalue().splitlines()[0] == (
        f"failed: host.Photo.image of {scan.object_pk} (scan {scan.pk}): "
        "The quarantine cannot delete the file: no"
    )
    assert out.getvalue().endswith("1 failed; nsfw_sweep or the next run tries again.\n")
    assert Scan.objects.filter(pruned_at=None).get() == scan
    assert run(status=["rejected"], older_than=1).startswith("rejected: ")
    assert Scan.objects.filter(pruned_at=None, discard_at=None).count() == 0


def test_what_was_pruned_before_costs_nothing(aged, django_assert_num_queries):
    aged("rejected", 100)
    list(prune({"rejected": 1}))
    with django_assert_num_queries(1) as queries:
        list(prune({"rejected": 1}))
    sql = queries.captured_queries[0]["sql"]
    if connection.vendor != "sqlite":
        return  # servers read so few rows as they are
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "nsfw_scan_quarantine" in plan


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "NSFW_RETENTION must be a dictionary, not []."),
        (
            {"held": 3},
            "NSFW_RETENTION must not name 'held': those files wait for a moderator, and what "
            "nobody has seen is not deleted by its age. "
            "Valid statuses: rejected, gone, superseded.",
        ),
        (
            {"clear": 3},
            "NSFW_RETENTION holds nothing for 'clear'. Valid statuses: rejected, gone, superseded.",
        ),
        *(
            (
                {"gone": days},
                "NSFW_RETENTION 'gone' must be a whole number of days from 1 to 36500, or None "
                f"for ever, not {days!r}.",
            )
            for days in (0, -1, 1.5, "30", True, 36_501)
        ),
    ],
    ids=str,
)
def test_a_mistake_in_the_setting_names_the_value(value, message, settings):
    settings.NSFW_RETENTION = value
    with pytest.raises(ImproperlyConfigured) as error:
        _ = nsfw_settings.retention
    assert str(error.value) == message
    with pytest.raises(CommandError) as error:
        run()
    assert str(error.value) == message


def test_only_statuses_that_nobody_waits_for_can_have_an_age():
    assert set(conf.RETAINED) == {Scan.Status.REJECTED, *Scan.PAST}


def test_upload_is_still_recognised(aged, constant):
    """The scores of deleted bytes are not asked for again."""
    aged("rejected", 10)
    list(prune({"rejected": 5}))
    assessment.memo.clear()
    inferences = constant.inferences
    Photo.objects.create(image=upload(body=picture(seed=1)))
    assert constant.inferences == inferences
