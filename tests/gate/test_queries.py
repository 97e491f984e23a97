"""What one upload through a ModelForm costs: queries, decodes, inferences, in every case.

Counted is every statement beyond those of the same form on a field that is not watched, on commit
too: savepoints and transactions of ours, had we any, would be among them. The form is saved within
a transaction and without one. Left out is what a process does once: each query of ours is made in a
savepoint until it succeeded, which shields the host's transaction before ``migrate``.
"""

import hashlib
from contextlib import nullcontext

import pytest
from django.db import connection, transaction
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext

from django_nsfw import assessment
from django_nsfw.decisions import approve, reject
from django_nsfw.images import Picture
from django_nsfw.models import KnownImage, Scan
from tests.conftest import upload
from tests.host.models import Asset
from tests.known.pictures import COPIES, ORIGINAL, OTHER

pytest.importorskip("pdqhash")
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

AssetForm = modelform_factory(Asset, fields=["file"])
COPY = COPIES["encoded again"]

KNOWN = {
    "known by default": {},
    "turned ones too": {"similar": "apply", "rotations": True},
    "bytes for review": {"exact": "review"},
    "bytes alone": {"similar": "ignore"},
    "nothing known": {"exact": "ignore", "similar": "ignore"},
}
READS = {"bytes alone": 1, "nothing known": 1}
"""For the bytes, and for the likeness where the policy asks for it."""


@pytest.fixture
def submit(constant, settings, monkeypatch):
    """Sends a form and returns what it cost: statements, decodes, inferences."""
    decodes = []
    crops = Picture.crops
    monkeypatch.setattr(Picture, "crops", lambda *a, **k: decodes.append(1) or crops(*a, **k))

    def submit(body, *, rules=None, answer=0.0, replacing=False, atomic=True):
        settings.NSFW_FIELDS = {} if rules is None else {"host.Asset.file": {"known": rules}}
        constant.answer, constant.inferences = answer, 0
        old = Asset.objects.create(file=upload(body=OTHER)) if replacing else None
        assessment.memo.clear()  # as in a process that has seen nothing yet
        decodes.clear()
        constant.inferences = 0
        block = transaction.atomic() if atomic else nullcontext()
        with CaptureQueriesContext(connection) as queries, block:
            form = AssetForm({}, {"file": upload(body=body)}, instance=old)
            assert form.is_valid()
            form.save()
        return [q["sql"] for q in queries], len(decodes), constant.inferences

    for replacing in (False, True):  # whatever a process does once
        submit(OTHER, rules={}, answer=0.8, replacing=replacing)
    return submit


def settled(submit, outcome):
    """The original is decided upon, and has nothing to do with the uploads that follow."""
    submit(ORIGINAL, rules={}, answer=0.8)
    {"approve": approve, "reject": reject}[outcome](Scan.objects.latest("pk"), moderator=None)


@pytest.mark.parametrize("replacing", [False, True], ids=["a new object", "another file"])
@pytest.mark.parametrize("answer", [0.0, 0.8], ids=["allowed", "held"])
@pytest.mark.parametrize(
    ("rules", "atomic"),
    [*((rules, True) for rules in KNOWN), ("known by default", False)],
    ids=[*KNOWN, "known by default, in autocommit"],
)
@pytest.mark.parametrize(
    ("before", "body", "inferences"),
    [
        ("nothing", ORIGINAL, 1),
        ("the same bytes", ORIGINAL, 0),
        ("approve", ORIGINAL, 0),
        ("reject", ORIGINAL, 0),
        ("approve", COPY, 1),
        ("reject", COPY, 1),
    ],
    ids=[
        "new bytes", "bytes seen before", "bytes approved before", "bytes rejected before",
        "a copy of what was approved", "a copy of what was rejected",
    ],
)  # fmt: skip
def test_what_an_upload_costs(before, body, inferences, rules, answer, replacing, atomic, submit):
    if before == "the same bytes":
        submit(ORIGINAL, rules=KNOWN[rules], answer=answer)
    elif before != "nothing":
        settled(submit, before)
    host, _, _ = submit(body, replacing=replacing, atomic=atomic)
    found = submit(body, rules=KNOWN[rules], answer=answer, replacing=replacing, atomic=atomic)
    statements, decodes, inferred = found
    scan = Scan.objects.latest("pk")
    exact = scan.known_id is not None and scan.known_distance is None
    reads = READS.get(rules, 2) - (exact and rules not in READS)
    writes = 2 if scan.quarantine_name or replacing else 1
    assert len(statements) - len(host) == reads + writes, statements
    assert reads + writes <= 4
    assert inferred == inferences
    assert decodes <= 1


def test_bytes_that_only_a_list_knows_are_neither_scored_nor_asked_for_twice(submit):
    host, _, _ = submit(ORIGINAL, replacing=True)
    sha256 = hashlib.sha256(ORIGINAL).hexdigest()
    KnownImage.objects.create(key=f"s:{sha256}", sha256=sha256, outcome="reject", source="theirs")
    statements, decodes, inferences = submit(ORIGINAL, rules={}, replacing=True)
    assert Scan.objects.latest("pk").status == "rejected"
    assert (len(statements) - len(host), decodes, inferences) == (3, 0, 0)
