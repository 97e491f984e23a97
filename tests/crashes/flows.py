"""Everything that moves bytes, and how things may stand when a kill came in between."""

from dataclasses import dataclass, field
from dataclasses import replace as replace_in
from typing import Any

from tests.crashes.scenarios import decide, nothing, prune, undo
from tests.drawn import noise

ORIGINAL, OTHER = noise(60, 40, seed=5), noise(60, 40, seed=6)
"""Small: they are moved some hundred times."""
PART = 5 << 20
"""Bytes. The least that S3 takes as a part, but for the last."""
LARGE = ORIGINAL + bytes(PART)
"""The same picture, and what makes two parts of its file."""

BACKGROUND = {"NSFW_RUNNER": "tests.background.post.Post"}

GONE = {"shown": [], "media": [], "quarantine": [], "scans": [], "decisions": 0, "journal": 0}
KEPT = GONE | {"quarantine": ["original"], "scans": ["gone here"]}
LEFT, HALF = {"media": ["placeholder"]}, {"media": ["half"]}
"""The placeholder of an upload without an object stays, as far as it was written: the transaction
of the upload may still be open."""
HELD = KEPT | {"shown": ["placeholder"], "media": ["placeholder"], "scans": ["held here"]}
PUBLIC = GONE | {"shown": ["original"], "media": ["original"], "scans": ["clear"]}
APPROVED = PUBLIC | {"scans": ["approved"], "decisions": 1}
REJECTED = HELD | {"scans": ["rejected here"], "decisions": 1}
TWO = {"quarantine": ["original", "other"]}
UNAPPROVED = HELD | {"decisions": 2}
UNREJECTED = PUBLIC | {"decisions": 2}
HEIR_TOO = {
    name: APPROVED
    | {"shown": [shown] * 2, "media": [shown] * 2, "quarantine": kept * 2, "scans": [scan] * 2}
    for name, shown, kept, scan in (
        ("approved", "original", [], "approved"),
        ("rejected", "placeholder", ["original"], "rejected here"),
        ("held", "placeholder", ["original"], "held here"),
    )
}
"""The same where a second upload of the bytes inherits the decision."""
REPLACED = (
    HELD
    | TWO
    | {"media": ["placeholder", "placeholder"], "scans": ["superseded here", "held here"]}
)
PRUNED = REJECTED | {"quarantine": [], "scans": ["rejected"]}
DELETED = GONE | {"scans": ["gone"]}
PENDING = HELD | {"scans": ["pending here"]}
UNSCORED = PUBLIC | {"scans": ["unscored"]}
REPLACED_PUBLIC = HELD | {
    "quarantine": ["other"],
    "media": ["original", "placeholder"],
    "scans": ["superseded", "held here"],
}
"""Django leaves the files of replaced images where they are."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    deed: Any
    old: tuple[dict[str, Any], ...]
    """What the sweep may make of it where it never happened."""
    new: dict[str, Any]
    prepare: Any = nothing
    hides: str = ""
    """The picture that must not be public at any moment."""
    only: tuple[str, ...] = ()
    """Steps of other names are not counted: another flow has them already."""
    deletes: bool = False
    """Its very purpose is that the bytes are gone in the end."""
    settings: dict[str, Any] = field(default_factory=dict)


def upload(score=0.8, body=ORIGINAL):
    from django.core.files.base import ContentFile

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = score
    Photo.objects.create(image=ContentFile(body, name="cat.png"))


def clear():
    upload(score=0.0)


def upload_large():
    upload(body=LARGE)


def clear_large():
    upload(score=0.0, body=LARGE)


def replace():
    from django.core.files.base import ContentFile

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = 0.8
    photo = Photo.objects.get()
    photo.image = ContentFile(OTHER, name="dog.png")
    photo.save()


def work(score):
    """What the worker does with it."""
    from django_nsfw import pending
    from django_nsfw.models import Scan
    from tests.detectors_for_tests import ConstantDetector

    ConstantDetector.answer = score
    pending.score(Scan.objects.get().pk)


def delete():
    from tests.host.models import Photo

    Photo.objects.get().delete()


def store(score=0.8):
    """By a view or an editor, into a storage that moderates: there is no model."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    from tests.detectors_for_tests import ConstantDetector

    ConstantDetector.answer = score
    storages["editors"].save("cat.png", ContentFile(ORIGINAL))


def store_clear():
    store(score=0.0)


def store_and_approve():
    store()
    decide("approve")


def delete_stored():
    from django.core.files.storage import storages

    storages["editors"].delete("cat.png")


def rejected():
    upload()
    decide("reject")


def approved():
    upload()
    decide("approve")


def clear_then_rejected():
    clear()
    decide("reject")


def with_heir(verb):
    def prepare():
        from django_nsfw import assessment

        upload()
        decide(verb)
        assessment.memo.clear()
        upload()

    return prepare


FLOWS = {
    "hold": Flow(
        deed=upload, old=(GONE, KEPT, KEPT | LEFT, KEPT | HALF), new=HELD, hides="original"
    ),
    "release": Flow(prepare=upload, deed=lambda: decide("approve"), old=(HELD,), new=APPROVED),
    "reject": Flow(
        prepare=upload, deed=lambda: decide("reject"), old=(HELD,), new=REJECTED, hides="original"
    ),
    "take down": Flow(prepare=clear, deed=lambda: decide("reject"), old=(PUBLIC,), new=REJECTED),
    "take down again": Flow(
        prepare=approved,
        deed=lambda: decide("reject"),
        old=(APPROVED,),
        new=REJECTED | {"decisions": 2},
    ),
    "undo an approval": Flow(prepare=approved, deed=undo, old=(APPROVED,), new=UNAPPROVED),
    "undo a rejection": Flow(
        prepare=clear_then_rejected, deed=undo, old=(REJECTED,), new=UNREJECTED
    ),
    "undo an approval that was inherited": Flow(
        prepare=with_heir("approve"),
        deed=undo,
        old=(HEIR_TOO["approved"],),
        new=HEIR_TOO["held"] | {"decisions": 3},
    ),
    "undo a rejection that was inherited": Flow(
        prepare=with_heir("reject"),
        deed=undo,
        old=(HEIR_TOO["rejected"],),
        new=HEIR_TOO["held"] | {"decisions": 3},
        hides="original",
    ),
    "replace": Flow(
        prepare=upload,
        deed=replace,
        old=(
            HELD,
            HELD | TWO | {"scans": ["held here", "gone here"]},
            HELD | TWO | {"scans": ["held here", "gone here"], "media": ["placeholder"] * 2},
            HELD | TWO | {"scans": ["held here", "gone here"], "media": ["half", "placeholder"]},
        ),
        new=REPLACED,
        hides="other",
    ),
    "replace a public one": Flow(
        prepare=clear,
        deed=replace,
        old=(
            PUBLIC,
            PUBLIC | {"quarantine": ["other"], "scans": ["clear", "gone here"]},
            PUBLIC
            | {"quarantine": ["other"], "scans": ["clear", "gone here"]}
            | {"media": ["original", "placeholder"]},
            PUBLIC
            | {"quarantine": ["other"], "scans": ["clear", "gone here"]}
            | {"media": ["half", "original"]},
        ),
        new=REPLACED_PUBLIC,
        hides="other",
    ),
    "hold until it is scored": Flow(
        deed=upload,
        old=(GONE, KEPT, KEPT | LEFT, KEPT | HALF),
        new=PENDING,
        hides="original",
        settings=BACKGROUND,
    ),
    "score, and release": Flow(
        prepare=upload,
        deed=lambda: work(0.1),
        old=(PENDING,),
        new=PUBLIC,
        settings=BACKGROUND,
    ),
    "score, and hold": Flow(
        prepare=upload,
        deed=lambda: work(0.8),
        old=(PENDING,),
        new=HELD,
        hides="original",
        settings=BACKGROUND,
    ),
    "score, and take down": Flow(
        prepare=upload,
        deed=lambda: work(0.8),
        old=(UNSCORED,),
        new=HELD,
        settings=BACKGROUND | {"NSFW_POLICY": {"publish": "immediately"}},
    ),
    "prune": Flow(
        prepare=rejected, deed=prune, old=(REJECTED,), new=PRUNED, hides="original", deletes=True
    ),
    "delete the object": Flow(
        prepare=upload, deed=delete, old=(HELD,), new=DELETED, hides="original", deletes=True
    ),
    "hold without a model": Flow(
        deed=store, old=(GONE, KEPT, KEPT | LEFT, KEPT | HALF), new=HELD, hides="original"
    ),
    "store without a model": Flow(
        # As by any storage: what was stored stays, and nobody was given its name.
        deed=store_clear,
        old=(GONE, GONE | HALF, GONE | {"media": ["original"]}),
        new=PUBLIC,
    ),
    "release without a model": Flow(
        prepare=store, deed=lambda: decide("approve"), old=(HELD,), new=APPROVED
    ),
    "take down without a model": Flow(
        prepare=store_clear, deed=lambda: decide("reject"), old=(PUBLIC,), new=REJECTED
    ),
    "delete what is held without a model": Flow(
        prepare=store, deed=delete_stored, old=(HELD,), new=DELETED, hides="original", deletes=True
    ),
    "delete without a model": Flow(
        prepare=store_clear, deed=delete_stored, old=(PUBLIC,), new=DELETED, deletes=True
    ),
    "delete what was released without a model": Flow(
        prepare=store_and_approve,
        deed=delete_stored,
        old=(APPROVED,),
        new=DELETED | {"decisions": 1},
        deletes=True,
    ),
}
PARTS = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
IN_PARTS = {
    "hold in parts": replace_in(FLOWS["hold"], deed=upload_large, only=PARTS),
    "release in parts": replace_in(FLOWS["release"], prepare=upload_large, only=PARTS),
    "take down in parts": replace_in(FLOWS["take down"], prepare=clear_large, only=PARTS),
}
"""On S3, where a large file is sent in several requests."""
