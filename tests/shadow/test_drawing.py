"""Which uploads are drawn, when that is written down, and what it costs."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext

from django_nsfw import assessment
from django_nsfw.models import Scan, ShadowScore
from django_nsfw.models.quality import drawn as drawn_for_quality
from django_nsfw.quarantine.rows import Row
from django_nsfw.shadow import drawing
from django_nsfw.stored import scan_stored
from tests.background.post import Post
from tests.conftest import picture, upload
from tests.host.models import Asset, Photo
from tests.test_models import scan

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

AssetForm = modelform_factory(Asset, fields=["file"])


def tokens(number=4000):
    return [uuid.UUID(int=n << 64 | n * 2654435761) for n in range(number)]


def test_the_share_is_kept_and_a_larger_one_has_the_smaller_one_in_it(candidate, settings):
    scans = [scan(token=token, status=Scan.Status.CLEAR, nsfw=0.1) for token in tokens()]

    def chosen(share):
        settings.NSFW_SHADOW = {"detector": "candidate", "share": share}
        return {each.token for each in scans if drawing.drawn(each, "default")}

    few, many = chosen(0.05), chosen(0.5)
    assert (len(chosen(0)), len(few), len(many), len(chosen(1))) == (0, 219, 1972, 4000)
    assert few < many
    assert chosen(0.05) == few


def test_it_is_another_draw_than_that_of_the_quality_sample(candidate, settings):
    settings.NSFW_SHADOW = {"detector": "candidate", "share": 0.5}
    settings.NSFW_REVIEW = {"quality_share": 0.5}
    scans = [scan(token=token, status=Scan.Status.CLEAR, nsfw=0.1) for token in tokens()]
    shadow = {each.token for each in scans if drawing.drawn(each, "default")}
    quality = {each.token for each in scans if drawn_for_quality(each, Scan.Status.CLEAR)}
    assert len(shadow & quality) == 1011  # a quarter


@pytest.mark.parametrize("answer", [0.0, 0.8], ids=["clear", "held"])
def test_the_row_is_there_with_the_scan_and_nothing_was_scored(
    uploaded, constant, candidate, answer
):
    constant.answer = answer
    [made] = uploaded()
    row = ShadowScore.objects.get()
    assert (row.pk, row.field, row.sha256) == (made.pk, "host.Photo.image", made.sha256)
    assert (row.nsfw, row.scored_at, row.attempts) == (None, None, 0)
    assert list(ShadowScore.objects.due()) == [row]
    assert candidate.inferences == 0


def test_a_rollback_takes_the_row_along(candidate):
    with transaction.atomic():
        Photo.objects.create(image=upload())
        assert ShadowScore.objects.count() == 1
        transaction.set_rollback(True)
    assert (Scan.objects.count(), ShadowScore.objects.count()) == (0, 0)


def test_what_has_no_score_is_not_drawn(candidate):
    Photo.objects.create(image=upload(body=b"no picture"))
    assert Scan.objects.get().error_code == "unsupported_format"
    assert ShadowScore.objects.count() == 0


def test_what_the_shadow_itself_decides_on_is_not_drawn(candidate, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"detector": "candidate"}}
    Asset.objects.create(file=upload())
    assert Scan.objects.get().nsfw == 0.25
    assert ShadowScore.objects.count() == 0


@pytest.mark.parametrize("wrong", [{"share": 0.5}, {"detector": "candidate", "share": 2}, ["x"]])
def test_a_wrong_setting_costs_no_upload(candidate, settings, wrong):
    settings.NSFW_SHADOW = wrong
    Photo.objects.create(image=upload())
    assert (Scan.objects.get().status, ShadowScore.objects.count()) == ("clear", 0)


def test_a_file_that_was_stored_by_other_means_is_drawn(candidate, settings):
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "there.jpg").write_bytes(picture())
    [photo] = Photo.objects.bulk_create([Photo(image="there.jpg", width=96, height=64)])
    found = scan_stored(Row(Photo._meta.get_field("image"), str(photo.pk), "default"))
    assert ShadowScore.objects.get().pk == found.pk


@pytest.mark.parametrize("answer", [0.0, 0.8], ids=["allowed", "held"])
@pytest.mark.parametrize(
    ("shadow", "more"),
    [
        ({}, 0),
        ({"detector": "candidate", "share": 0}, 0),
        ({"detector": "candidate", "share": 1}, 1),
    ],
    ids=["no shadow", "not drawn", "drawn"],
)
def test_what_it_costs_an_upload(candidate, constant, settings, answer, shadow, more):
    def submit(setting, seed):
        settings.NSFW_SHADOW = setting
        constant.answer, constant.inferences = answer, 0
        assessment.memo.clear()
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            form = AssetForm({}, {"file": upload(seed=seed)})
            assert form.is_valid()
            form.save()
        assert (constant.inferences, candidate.inferences) == (1, 0)
        return [query["sql"] for query in queries]

    submit({"detector": "candidate", "share": 1}, 1)  # whatever a process does once
    before, after = submit({}, 2), submit(shadow, 3)
    assert len(after) - len(before) == more, after
    assert sum("django_nsfw_shadowscore" in sql for sql in after) == more


def test_without_a_transaction_of_the_host_both_rows_are_one(candidate, monkeypatch):
    def dies(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        Photo.objects.create(image=upload())
    assert (Scan.objects.count(), ShadowScore.objects.count()) == (0, 0)


def test_a_table_that_is_missing_costs_no_upload(candidate, monkeypatch):
    """Before ``migrate``, and where the row cannot be written for another reason."""
    monkeypatch.setattr(drawing, "_writing", type(drawing._writing)())
    monkeypatch.setattr(ShadowScore._meta, "db_table", "django_nsfw_not_there")
    with transaction.atomic():
        Photo.objects.create(image=upload())
    monkeypatch.undo()
    assert (Scan.objects.get().status, ShadowScore.objects.count()) == ("clear", 0)


def test_a_scan_is_drawn_once(uploaded):
    [made] = uploaded()
    drawing.write(ShadowScore(field=made.field, sha256=made.sha256), made, "default")
    assert ShadowScore.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        ShadowScore.objects.create(scan=made, field=made.field, sha256=made.sha256)


class Engine(Post):
    """Counts who was asked to score for the shadow."""

    asked = 0

    def shadow(self):
        type(self).asked += 1


class InlineEngine(Engine):
    background = False


class DeadEngine(Engine):
    background = False

    def shadow(self):
        raise ConnectionError("the broker is down")


@pytest.fixture
def engine(settings):
    def use(name):
        settings.NSFW_RUNNER = f"tests.shadow.test_drawing.{name}"
        Engine.asked = InlineEngine.asked = 0
        Engine.messages = []

    return use


def test_a_worker_is_asked_once_the_upload_is_committed(candidate, engine):
    engine("InlineEngine")
    with transaction.atomic():
        Photo.objects.create(image=upload())
        assert InlineEngine.asked == 0
    assert InlineEngine.asked == 1


def test_an_engine_that_is_down_costs_no_upload(candidate, engine):
    engine("DeadEngine")
    Photo.objects.create(image=upload())
    assert ShadowScore.objects.due().count() == 1


def test_what_waits_for_its_own_score_waits_for_the_shadow_too(candidate, engine):
    from django_nsfw import pending

    engine("Engine")
    Photo.objects.create(image=upload())
    assert (Engine.asked, ShadowScore.objects.count()) == (0, 1)
    assert ShadowScore.objects.due().count() == 0
    [(waiting, _)] = Engine.messages
    pending.score(waiting)
    assert (Engine.asked, ShadowScore.objects.due().count()) == (1, 1)
    pending.score(waiting)
    assert Engine.asked == 1
