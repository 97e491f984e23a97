"""``nsfw_simulate``: what it prints, and what it refuses."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_nsfw.models import QualityCheck
from tests.reports.conftest import PHOTO, ago, decide, scan

pytestmark = pytest.mark.django_db


def said(*arguments, **options):
    out = io.StringIO()
    call_command("nsfw_simulate", *arguments, stdout=out, **options)
    return out.getvalue()


def test_one_field_in_words(django_user_model):
    mo = django_user_model.objects.create_user("mo")
    moment = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for nsfw, action in [(0.55, "reject"), (0.7, "reject"), (0.98, "approve")]:
        decide(scan(moment, "held", nsfw=nsfw), action, timezone.now(), mo)
    scan(moment, "held", nsfw=None, error_code="timeout")
    QualityCheck.record(scan(moment, nsfw=0.1), mo, QualityCheck.Answer.YES)
    found = said("--review=0.62", "--reject=0.97", "--days=2", f"--field={PHOTO}", "--snippet")
    assert (
        found
        == """\
The last 2 days with review at 0.62 and reject at 0.97:

host.Photo.image: 5 scans, scored by open_nsfw@1
  held: 2 (today's thresholds: 3), 1.0 a day, 0 to 2 on nine days of ten
  of 2 rejected by people, 1 would have passed (95 %: 9.5 to 90.5 %)
  of 1 approved by people, 0 would have passed (95 %: 0.0 to 79.3 %)
  of 1 approved by people, 1 would have been rejected (95 %: 20.7 to 100.0 %)
  of 1 of the quality sample that pass now and then, 0 would not have been let through by people \
(95 %: 0.0 to 79.3 %)
  not counted: 1 have no score, and other rules hold them or let them through

NSFW_FIELDS = {'host.Asset.file': {'review': 0.4},
               'host.Asset.thumbnail': None,
               'host.Photo.image': {'review': 0.62, 'reject': 0.97}}
"""
    )


def test_for_programs():
    scan(ago(minutes=1), "held", nsfw=0.7)
    found = json.loads(said("--review=0.62", "--reject=none", "--format=json"))
    assert found["days"] == 30
    assert found["total"]["then"] == {"review": 1, "reject": 0}
    assert sum(found["total"]["daily"]) == 1
    photo = next(one for one in found["fields"] if one["label"] == PHOTO)
    assert photo["missed_between"] is None
    assert "'review': 0.62, 'reject': None" in found["settings"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--review=0.9", "--reject=0.5"], "'reject' (0.5) must not be below 'review' (0.9)"),
        (["--review=2", "--reject=none"], "'review' must be from 0 to 1, not 2.0."),
        (["--review=high", "--reject=1"], "'high' is neither a number nor none"),
        (["--review=0.5"], "the following arguments are required: --reject"),
        (["--review=0.5", "--reject=1", "--days=0"], "--days must be from 1 to 366, not 0."),
        (
            ["--review=0.5", "--reject=1", "--field=host.Photo.title"],
            "'host.Photo.title' is not watched. Watched fields: host.Asset.file, ",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, complaint):
    with pytest.raises(CommandError) as caught:
        said(*arguments)
    assert complaint in str(caught.value)
