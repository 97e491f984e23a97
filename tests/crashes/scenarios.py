"""What is done, and when the process dies. Imported before the apps are ready."""

from dataclasses import dataclass
from typing import Any

from tests.crashes.storages import kill
from tests.drawn import noise

BODY = noise(1000, 600, seed=5)
"""A picture of 1.8 megabytes: larger than the database, so that a limit can fall between."""
SMALL = noise(60, 40, seed=5)
"""The same where size does not matter."""


def upload(using="default", score=0.8, pk=None, body=BODY):
    from django.core.files.base import ContentFile

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = score
    photo = Photo(pk=pk, image=ContentFile(body, name="cat.png"))
    photo.save(using=using)
    return photo


def decide(*verbs):
    from django_nsfw import decisions
    from django_nsfw.models import Scan

    for verb in verbs:
        getattr(decisions, verb)(Scan.objects.current().latest("pk"), moderator=None)


def undo():
    """The latest decision."""
    from django_nsfw import decisions
    from django_nsfw.models import Decision

    decisions.undo(Decision.objects.latest("pk"), moderator=None)


def in_transaction(deed, *, die):
    """``before`` the outer transaction commits, or right ``after``, ahead of our callbacks."""
    from django.db import transaction

    with transaction.atomic():
        if die == "after":
            transaction.on_commit(kill)
        deed()
        if die == "before":
            kill()


def nothing():
    pass


@dataclass(frozen=True, kw_only=True)
class Scenario:
    deed: Any
    moment: str = ""
    prepare: Any = nothing
    meanwhile: Any = nothing
    """What is done after the crash, before the sweep."""
    media: str = "Media"
    largest_file: int = 0


def clear():
    upload(score=0.0)


def name_a_stored_file():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = 0.8
    name = default_storage.save("photos/there.png", ContentFile(BODY))
    Photo.objects.create(image=name)


def reject_but_die_before_the_deletion():
    in_transaction(lambda: decide("reject"), die="after")


def second_then(deed):
    """A row of the second database commits first; the scan's own database never does."""
    from django.db import transaction

    with transaction.atomic(using="default"), transaction.atomic(using="second"):
        transaction.on_commit(kill, using="second")
        deed()


def decided_in_second(verb, score=0.8):
    upload(using="second", score=score)
    decide(verb)


def upload_to_second():
    from django.db import transaction

    with transaction.atomic(using="second"):
        transaction.on_commit(kill, using="second")
        upload(using="second")


def replace_in_second():
    from django.core.files.base import ContentFile
    from django.db import transaction

    from tests.host.models import Photo

    photo = Photo.objects.using("second").get()
    photo.image = ContentFile(BODY, name="dog.png")
    with transaction.atomic(using="second"):
        transaction.on_commit(kill, using="second")
        photo.save(using="second")


def approved():
    upload()
    decide("approve")


def delete():
    from tests.host.models import Photo

    Photo.objects.all().delete()


def delete_from_second():
    from tests.host.models import Photo

    Photo.objects.using("second").all().delete()


def delete_from_second_but_die_after_the_commit():
    from django.db import transaction

    with transaction.atomic(using="second"):
        transaction.on_commit(kill, using="second")
        delete_from_second()


def rejected():
    upload()
    decide("reject")


def prune():
    from django_nsfw.retention import prune

    list(prune({"rejected": 0}))


def erase():
    from django_nsfw.erasure import erase
    from django_nsfw.models import Scan

    list(erase(Scan.objects.all()))


def gone():
    from tests.host.models import Photo

    upload()
    Photo.objects.all()._raw_delete("default")


SCENARIOS = {
    # Upload
    "upload, journal half written": Scenario(deed=upload, moment="quarantine half journal/*"),
    "upload, journal written": Scenario(deed=upload, moment="quarantine saved journal/*"),
    "upload, bytes half in quarantine": Scenario(deed=upload, moment="quarantine half held/*"),
    "upload, bytes in quarantine": Scenario(deed=upload, moment="quarantine saved held/*"),
    "upload, placeholder half written": Scenario(deed=upload, moment="media half photos/*"),
    "upload, placeholder written": Scenario(deed=upload, moment="media saved photos/*"),
    "upload, before commit": Scenario(deed=lambda: in_transaction(upload, die="before")),
    "upload, after commit": Scenario(deed=lambda: in_transaction(upload, die="after")),
    "upload, journal removed": Scenario(deed=upload, moment="quarantine deleted journal/*"),
    "upload to the second database, after its commit": Scenario(deed=upload_to_second),
    "replaced in the second database, after its commit": Scenario(
        prepare=lambda: upload(using="second"), deed=replace_in_second
    ),
    "clear upload, before commit": Scenario(deed=lambda: in_transaction(clear, die="before")),
    # Release
    "release, journal written": Scenario(
        prepare=upload, deed=lambda: decide("approve"), moment="quarantine saved journal/*"
    ),
    "release, copy half written": Scenario(
        prepare=upload, deed=lambda: decide("approve"), moment="media half photos/*"
    ),
    "release, copy written": Scenario(
        prepare=upload, deed=lambda: decide("approve"), moment="media saved photos/*"
    ),
    "release, before commit": Scenario(
        prepare=upload, deed=lambda: in_transaction(lambda: decide("approve"), die="before")
    ),
    "release, after commit": Scenario(
        prepare=upload, deed=lambda: in_transaction(lambda: decide("approve"), die="after")
    ),
    "release, placeholder deleted": Scenario(
        prepare=upload, deed=lambda: decide("approve"), moment="media deleted photos/*"
    ),
    "release, quarantine emptied": Scenario(
        prepare=upload, deed=lambda: decide("approve"), moment="quarantine deleted held/*"
    ),
    "release, between two databases": Scenario(
        prepare=lambda: upload(using="second"), deed=lambda: second_then(lambda: decide("approve"))
    ),
    "undo of a release, between two databases": Scenario(
        prepare=lambda: decided_in_second("approve"), deed=lambda: second_then(undo)
    ),
    "undo of a take-down, between two databases": Scenario(
        prepare=lambda: decided_in_second("reject", score=0.0), deed=lambda: second_then(undo)
    ),
    # Take-down
    "take-down, bytes half in quarantine": Scenario(
        prepare=clear, deed=lambda: decide("reject"), moment="quarantine half held/*"
    ),
    "take-down, bytes in quarantine": Scenario(
        prepare=clear, deed=lambda: decide("reject"), moment="quarantine saved held/*"
    ),
    "take-down, placeholder written": Scenario(
        prepare=clear, deed=lambda: decide("reject"), moment="media saved photos/*"
    ),
    "take-down, before commit": Scenario(
        prepare=clear, deed=lambda: in_transaction(lambda: decide("reject"), die="before")
    ),
    "take-down, after commit": Scenario(prepare=approved, deed=reject_but_die_before_the_deletion),
    "take-down, file deleted": Scenario(
        prepare=clear, deed=lambda: decide("reject"), moment="media deleted photos/*"
    ),
    "take-down, between two databases": Scenario(
        prepare=lambda: upload(using="second", score=0.0),
        deed=lambda: second_then(lambda: decide("reject")),
    ),
    "take-down, after commit, then decided twice": Scenario(
        prepare=approved,
        deed=reject_but_die_before_the_deletion,
        meanwhile=lambda: decide("approve", "reject"),
    ),
    "take-down, after commit, then approved": Scenario(
        prepare=approved,
        deed=reject_but_die_before_the_deletion,
        meanwhile=lambda: decide("approve"),
    ),
    "release, after commit, then rejected": Scenario(
        prepare=upload,
        deed=lambda: in_transaction(lambda: decide("approve"), die="after"),
        meanwhile=lambda: decide("reject"),
    ),
    "stored by other means, bytes half in quarantine": Scenario(
        deed=name_a_stored_file, moment="quarantine half held/*"
    ),
    "stored by other means, file deleted": Scenario(
        deed=name_a_stored_file, moment="media deleted photos/*"
    ),
    # Deletion, retention, erasure
    "delete, before commit": Scenario(
        prepare=upload, deed=lambda: in_transaction(delete, die="before")
    ),
    "delete, after commit": Scenario(
        prepare=upload, deed=lambda: in_transaction(delete, die="after")
    ),
    "delete, bytes deleted": Scenario(
        prepare=upload, deed=delete, moment="quarantine deleted held/*"
    ),
    "delete, placeholder deleted": Scenario(
        prepare=upload, deed=delete, moment="media deleted photos/*"
    ),
    "delete from the second database, bytes deleted": Scenario(
        prepare=lambda: upload(using="second"),
        deed=delete_from_second,
        moment="quarantine deleted held/*",
    ),
    "delete from the second database, after its commit": Scenario(
        prepare=lambda: upload(using="second"), deed=delete_from_second_but_die_after_the_commit
    ),
    "prune, bytes deleted": Scenario(
        prepare=rejected, deed=prune, moment="quarantine deleted held/*"
    ),
    "erase, bytes deleted": Scenario(
        prepare=rejected, deed=erase, moment="quarantine deleted held/*"
    ),
    "erase what is gone, bytes deleted": Scenario(
        prepare=gone, deed=erase, moment="quarantine deleted held/*"
    ),
    "erase what is gone, placeholder deleted": Scenario(
        prepare=gone, deed=erase, moment="media deleted photos/*"
    ),
    # A storage that chooses other names
    "upload, journal half written again": Scenario(
        deed=upload, moment="quarantine half journal/*.again.json", media="RenamingMedia"
    ),
    "release, journal written again": Scenario(
        prepare=upload,
        deed=lambda: decide("approve"),
        moment="quarantine saved journal/*.again.json",
        media="RenamingMedia",
    ),
    # Disks
    "upload, quarantine full": Scenario(deed=upload, largest_file=1_200_000),
    "release, media full": Scenario(
        prepare=upload, deed=lambda: decide("approve"), largest_file=1_200_000
    ),
    "take-down, quarantine full": Scenario(
        prepare=clear, deed=lambda: decide("reject"), largest_file=1_200_000
    ),
}
