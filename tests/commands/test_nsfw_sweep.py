"""``manage.py nsfw_sweep``: what it prints and how it exits; the mending is tested by its room."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_nsfw.models import Scan
from django_nsfw.quarantine import journal
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db


def sweep(**options) -> str:
    out = io.StringIO()
    call_command("nsfw_sweep", stdout=out, **options)
    return out.getvalue()


def test_nothing_was_left_behind():
    assert sweep() == "Nothing was left behind.\n"


def test_what_began_lately_is_left_alone(constant):
    constant.answer = 0.9
    Photo.objects.create(image=upload())
    assert len(list(journal.entries())) == 1
    assert sweep() == "Nothing was left behind.\n"
    assert "settled: upload of host.Photo.image" in sweep(older_than=0)
    assert list(journal.entries()) == []


def test_a_dry_run_says_the_same_and_changes_nothing(constant):
    constant.answer = 0.9
    Photo.objects.bulk_create([Photo(image=upload())])
    dry = sweep(older_than=0, dry_run=True)
    assert Scan.objects.count() == 0
    real = sweep(older_than=0)
    assert dry.splitlines()[:-1] == real.splitlines()[:-1]
    assert dry.endswith("1 recorded. Nothing was changed (--dry-run).\n")
    assert real.endswith("1 recorded.\n")
    assert Scan.objects.get().status == Scan.Status.HELD


def test_what_needs_a_person_sets_the_exit_code(constant, storages):
    constant.answer = 0.9
    Photo.objects.create(image=upload())
    sweep(older_than=0)
    scan = Scan.objects.get()
    (storages / "quarantine" / scan.quarantine_name).unlink()
    assert sweep() == "Nothing was left behind.\n"
    with pytest.raises(SystemExit) as left:
        sweep(verify=True)
    assert left.value.code == 1


def test_json(constant):
    constant.answer = 0.9
    Photo.objects.create(image=upload())
    (line,) = sweep(older_than=0, format="json").splitlines()
    found = json.loads(line)
    assert (found["finding"], found["needs_person"]) == ("settled", False)
    assert found["detail"] == "its scan is recorded"


def test_no_quarantine_is_a_sentence(settings):
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "nsfw_quarantine"}
    with pytest.raises(CommandError, match="STORAGES has no 'nsfw_quarantine'"):
        sweep()


def test_a_negative_age_is_a_mistake():
    with pytest.raises(CommandError, match="--older-than must not be negative"):
        sweep(older_than=-1)
