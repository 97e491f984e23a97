"""Who is told what, when a file is held, released, rejected, or a decision undone."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import transaction

from django_nsfw import assessment, pending, signals
from django_nsfw.decisions import approve, escalate, reject, undo
from django_nsfw.findings import Finding, Mended
from django_nsfw.models import Decision, Scan
from django_nsfw.sweeping import sweep
from tests.conftest import upload
from tests.decisions.ways import BODY
from tests.host.models import Asset, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

NAMES = ["image_held", "image_released", "image_rejected", "decision_undone"]


@pytest.fixture
def told():
    """(signal, status that the scan had then, decision), in order."""
    heard = []

    def listener(name):
        def receive(sender, scan, decision, **kwargs):
            assert sender is Scan
            assert not transaction.get_connection().in_atomic_block
            assert Scan.objects.filter(pk=scan.pk).exists()
            heard.append((name, scan.status, decision))

        return receive

    receivers = {name: listener(name) for name in NAMES}
    for name, receiver in receivers.items():
        getattr(signals, name).connect(receiver)
    yield heard
    for name, receiver in receivers.items():
        getattr(signals, name).disconnect(receiver)


def photo(constant, answer=0.8):
    constant.answer = answer
    return Photo.objects.create(image=upload(body=BODY))


def test_an_upload_that_is_held(constant, told):
    photo(constant)
    assert told == [("image_held", "held", None)]


def test_an_upload_in_the_hosts_transaction(constant, told):
    with transaction.atomic():
        photo(constant)
        assert told == []
    assert told == [("image_held", "held", None)]


def test_one_that_passes_says_nothing(constant, told):
    photo(constant, 0.1)
    assert told == []


def test_nothing_is_said_of_what_is_rolled_back(constant, told):
    with pytest.raises(RuntimeError), transaction.atomic():
        photo(constant)
        raise RuntimeError
    assert told == []


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.8, ("image_held", "held", None)), (0.1, ("image_released", "clear", None))],
)
def test_a_score_in_the_background(score, expected, constant, told, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    photo(constant)
    assert told == []
    constant.answer = score
    pending.score(Scan.objects.get().pk)
    assert told == [expected]


def test_decisions_and_their_undoing(constant, told, django_user_model):
    photo(constant)
    told.clear()
    made = [verb(Scan.objects.get(), moderator=None) for verb in (escalate, approve, reject)]
    _, approved, rejected = made
    unrejected, unapproved, unescalated = [
        undo(decision, moderator=None) for decision in reversed(made)
    ]
    assert told == [
        ("image_released", "approved", approved),
        ("image_rejected", "rejected", rejected),
        ("image_released", "approved", unrejected),
        ("decision_undone", "approved", unrejected),
        ("image_held", "held", unapproved),
        ("decision_undone", "held", unapproved),
        ("decision_undone", "held", unescalated),
    ]
    assert unrejected.undoes == rejected


def test_each_scan_as_it_stood_though_the_commit_comes_later(constant, told):
    photo(constant)
    told.clear()
    with transaction.atomic():
        scan = Scan.objects.get()
        approve(scan, moderator=None)
        reject(scan, moderator=None)
        assert told == []
    assert [(name, status) for name, status, _ in told] == [
        ("image_released", "approved"),
        ("image_rejected", "rejected"),
    ]


def test_a_receiver_that_raises_disturbs_nobody(constant, told, caplog):
    def broken(**kwargs):
        raise RuntimeError("deaf")

    signals.image_held.connect(broken)
    try:
        photo(constant)
    finally:
        signals.image_held.disconnect(broken)
    assert told == [("image_held", "held", None)]
    assert "deaf" in caplog.text


def test_what_follows_is_told_of_as_well(constant, told, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"known": {"exact": "apply"}}}
    constant.answer = 0.8
    for _ in range(2):
        Asset.objects.create(file=upload(body=BODY))
        first = Scan.objects.earliest("pk")
        if first.status == "held":
            made = reject(first, moderator=None)
    assert [name for name, *_ in told] == ["image_held", "image_rejected", "image_rejected"]
    told.clear()
    back = undo(made, moderator=None)
    followed = Decision.objects.get(inherited_from=back)
    assert told == [
        ("image_held", "held", back),
        ("decision_undone", "held", back),
        ("image_held", "held", followed),
        ("decision_undone", "held", followed),
    ]


def test_copies_are_told_of_one_by_one(constant, told):
    clone = photo(constant)
    clone.pk, clone._state.adding = None, True
    clone.save()
    assert [name for name, *_ in told] == ["image_held"] * 2
    told.clear()
    approve(Scan.objects.earliest("pk"), moderator=None)
    assert [(name, decision.scan_id) for name, _, decision in told] == [
        ("image_released", scan.pk) for scan in Scan.objects.order_by("pk")
    ]


def test_an_upload_that_only_the_sweep_records(constant, told):
    constant.answer = 0.8
    Asset.objects.bulk_create([Asset(file=upload(body=BODY))])
    assert told == []
    list(sweep(older_than=timedelta(0)))
    assert told == [("image_held", "held", None)]


@pytest.fixture
def replaced():
    """What is said of files that take another's place."""
    heard = []

    def receive(sender, signal, storage, **kwargs):
        assert sender is Scan
        assert not storage.exists(kwargs["was"])
        assert storage.exists(kwargs["name"])
        heard.append(kwargs)

    signals.file_replaced.connect(receive)
    yield heard
    signals.file_replaced.disconnect(receive)


def test_a_file_that_takes_anothers_place(constant, replaced):
    names = [photo(constant).image.name]
    assert replaced == []  # nothing stood there before
    for verb in (approve, reject):
        verb(Scan.objects.get(), moderator=None)
        names.append(Scan.objects.get().name)
    common = {"field": "host.Photo.image", "using": "default"}
    common["object_pks"] = [Scan.objects.get().object_pk]
    assert replaced == [{"was": was, "name": name, **common} for was, name in pairwise(names)]


def test_a_receiver_that_fails_is_told_again_by_the_sweep(constant, replaced, caplog):
    photo(constant)
    failures = [OSError("the cache is down"), None]

    def fail_once(**kwargs):
        if failure := failures.pop(0):
            raise failure

    signals.file_replaced.connect(fail_once)
    try:
        approve(Scan.objects.get(), moderator=None)
        assert len(replaced) == 1
        assert "nsfw_sweep will" in caplog.text
        assert [mended.finding for mended in sweep(older_than=timedelta(0))] == ["finished"]
    finally:
        signals.file_replaced.disconnect(fail_once)
    assert replaced[0] == replaced[1]
    assert list(sweep(older_than=timedelta(0))) == []


def test_all_who_name_the_file_are_named(constant, replaced):
    clone = photo(constant)
    clone.pk, clone._state.adding = None, True
    clone.save()
    approve(Scan.objects.earliest("pk"), moderator=None)
    assert [each["object_pks"] for each in replaced] == [
        [scan.object_pk for scan in Scan.objects.order_by("pk")]
    ]


def test_a_rescan(constant, told):
    photo(constant, 0.1)
    Scan.objects.all().delete()
    assessment.memo.clear()
    constant.answer = 0.8
    call_command("nsfw_rescan", "host.Photo", unscanned=True, verbosity=0)
    assert told == [("image_held", "held", None)]


@pytest.fixture
def mending():
    """Connect receivers of ``sweeping`` for the time of a test."""
    connected = []

    def connect(receiver):
        signals.sweeping.connect(receiver, sender=Scan)
        connected.append(receiver)

    yield connect
    for receiver in connected:
        signals.sweeping.disconnect(receiver, sender=Scan)


def test_a_sweep_reports_what_other_apps_mend(mending):
    asked = []

    def thumbnails(sender, dry_run, **kwargs):
        asked.append(dry_run)
        yield Mended(finding=Finding.CAUGHT_UP, subject="a.jpg", detail="made of another file")

    def nothing(**kwargs):
        return None

    mending(thumbnails)
    mending(nothing)
    assert [(m.finding, m.needs_person) for m in sweep(dry_run=True)] == [("caught up", False)]
    assert asked == [True]


def test_one_that_raises_is_a_failure_and_the_others_are_asked(mending, caplog):
    def at_once(**kwargs):
        raise OSError("disk full.")

    def on_its_way(**kwargs):
        yield Mended(finding=Finding.CAUGHT_UP, subject="a.jpg", detail="made of another file")
        raise LookupError("b.jpg")

    mending(at_once)
    mending(on_its_way)
    failed, done, failed_too = sweep()
    assert (failed.finding, failed.needs_person, failed.detail) == (
        "failed",
        True,
        "OSError: disk full. Sweep again.",
    )
    assert failed.subject.endswith(
        "test_signals.test_one_that_raises_is_a_failure_and_the_others_are_asked.<locals>.at_once"
    )
    assert (done.finding, failed_too.detail) == ("caught up", "LookupError: b.jpg. Sweep again.")
    assert "on_its_way does not mend" in caplog.text
