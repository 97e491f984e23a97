"""People who decide at the same moment, each in a process of their own: all have read what they
need before any of them begins."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.crashes import databases
from tests.crashes.scenarios import SMALL, upload

ROUNDS = 4
"""How often each is run: who is first is for the machine to say."""


@dataclass(frozen=True, kw_only=True)
class Race:
    prepare: Any
    deeds: tuple[Any, ...]
    """Each reads and returns what it then does; that returns what came of it."""


def decides(verb, number):
    """A decision on the scan of that number, counted from 0."""

    def read():
        from django_nsfw import decisions
        from django_nsfw.models import Scan

        scan = Scan.objects.order_by("pk")[number]

        def act():
            getattr(decisions, verb)(scan, moderator=None)
            return verb

        return act

    return read


def undoes():
    """Undoes the first decision that was made."""
    from django_nsfw import decisions
    from django_nsfw.models import Decision

    decision = Decision.objects.earliest("pk")

    def act():
        decisions.undo(decision, moderator=None)
        return "undo"

    return act


def revokes():
    from django_nsfw.models import KnownImage

    known = KnownImage.objects.all()
    return lambda: "revoke" if known.revoke() else "nothing to revoke"


def three(verb=None):
    """Uploads of the same bytes, all held; the first is decided, and then comes an heir."""

    def prepare():
        from django_nsfw import decisions
        from django_nsfw.models import Scan

        for _ in range(3):
            upload(body=SMALL)
        if verb:
            getattr(decisions, verb)(Scan.objects.earliest("pk"), moderator=None)
            upload(body=SMALL)

    return prepare


def one_scan(*verbs):
    return Race(prepare=lambda: upload(body=SMALL), deeds=tuple(decides(verb, 0) for verb in verbs))


ONE_SCAN = {
    " against ".join(verbs): one_scan(*verbs)
    for verbs in (("approve", "approve"), ("approve", "reject"), ("reject", "reject"))
}
SAME_BYTES = {
    "new bytes": Race(prepare=three(), deeds=(decides("approve", 0), decides("reject", 1))),
    "approved bytes": Race(
        prepare=three("approve"), deeds=(decides("approve", 1), decides("reject", 2))
    ),
    "rejected bytes": Race(
        prepare=three("reject"), deeds=(decides("approve", 1), decides("reject", 2))
    ),
    "an approval undone": Race(
        prepare=three("approve"), deeds=(decides("reject", 0), decides("approve", 1))
    ),
    "a rejection undone": Race(
        prepare=three("reject"), deeds=(decides("approve", 0), decides("reject", 1))
    ),
}
"""Two decisions on different scans: none is in the way of the other."""
HEIR = {
    "an approval undone": Race(
        prepare=three("approve"), deeds=(decides("reject", 0), decides("reject", 3))
    ),
    "a rejection undone": Race(
        prepare=three("reject"), deeds=(decides("approve", 0), decides("approve", 3))
    ),
}
"""A decision is undone while somebody decides on what inherited it: the same way."""
REVOKED = {
    "approved bytes": Race(prepare=three("approve"), deeds=(revokes, decides("reject", 1))),
    "rejected bytes": Race(prepare=three("reject"), deeds=(revokes, decides("approve", 1))),
    "approved bytes, undone": Race(prepare=three("approve"), deeds=(revokes, decides("reject", 0))),
}
"""What is known is revoked while somebody decides."""

UNDOING = {
    f"undo of {verb}: {name}": Race(prepare=three(verb), deeds=(undoes, deed))
    for verb, opposite in (("approve", "reject"), ("reject", "approve"))
    for name, deed in (
        ("again", undoes),
        ("the opposite", decides(opposite, 0)),
        ("the same bytes", decides(opposite, 1)),
        ("an heir", decides(opposite, 3)),
    )
}
"""A decision is undone while somebody does the same, or decides."""

RACES = {
    f"{kind}: {name}": race
    for kind, races in {
        "one scan": ONE_SCAN,
        "same bytes": SAME_BYTES,
        "heir": HEIR,
        "revoked": REVOKED,
    }.items()
    for name, race in races.items()
}


def run(race, state):
    """What came of each, and how everything stands, before and after the sweep."""
    from django.db import connections

    from django_nsfw import assessment
    from django_nsfw.sweeping import sweep

    assessment.memo.clear()
    race.prepare()
    connections.close_all()
    start_reader, start = os.pipe()
    said = []
    children = []
    for deed in race.deeds:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            act = deed()
            os.write(writer, b"ready\n")
            os.read(start_reader, 1)
            try:
                os.write(writer, act().encode())
            except Exception as error:  # noqa: BLE001 - reported to the parent
                os.write(writer, str(getattr(error, "code", repr(error))).encode())
            os._exit(0)
        os.close(writer)
        children.append(child)
        said.append(os.fdopen(reader))
    for pipe in said:
        assert pipe.readline() == "ready\n"
    os.write(start, b"go")
    outcomes = [pipe.read() for pipe in said]
    for child in children:
        os.waitpid(child, 0)
    for pipe in said:
        pipe.close()
    os.close(start_reader)
    os.close(start)
    databases.wait_for_the_dead()
    result = {"outcomes": outcomes, "before": state(), **on_record()}
    result["findings"] = [mended.finding.value for mended in sweep(older_than=timedelta(0))]
    result["again"] = [m.finding.value for m in sweep(older_than=timedelta(0), verify=True)]
    return result | {"after": state()}


def on_record():
    """Who decided what, in order, and what is known of it."""
    from django_nsfw.models import Decision, KnownImage, Scan

    numbers = {
        pk: number
        for number, pk in enumerate(Scan.objects.order_by("pk").values_list("pk", flat=True))
    }
    made = list(Decision.objects.order_by("pk"))
    known = KnownImage.objects.select_related("decision").first()
    return {
        "made": [
            [numbers[d.scan_id], d.action, "inherited" if d.inherited_from_id else "own"]
            for d in made
        ],
        "known": known
        and [
            known.outcome,
            "revoked" if known.revoked_at else "in force",
            [d.pk for d in made].index(known.decision_id),
        ],
    }
