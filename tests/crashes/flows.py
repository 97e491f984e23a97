"""Everything that moves bytes, and how things may stand when a kill came in between."""

from dataclasses import dataclass
from typing import Any

from tests.crashes.scenarios import decide, nothing, prune
from tests.drawn import noise

ORIGINAL, OTHER = noise(60, 40, seed=5), noise(60, 40, seed=6)
"""Small: they are moved some hundred times."""

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
REPLACED = (
    HELD
    | TWO
    | {"media": ["placeholder", "placeholder"], "scans": ["superseded here", "held here"]}
)
PRUNED = REJECTED | {"quarantine": [], "scans": ["rejected"]}
DELETED = GONE | {"scans": ["gone"]}
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
    deletes: bool = False
    """Its very purpose is that the bytes are gone in the end."""


def upload(score=0.8):
    from django.core.files.base import ContentFile

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = score
    Photo.objects.create(image=ContentFile(ORIGINAL, name="cat.png"))


def clear():
    upload(score=0.0)


def replace():
    from django.core.files.base import ContentFile

    from tests.detectors_for_tests import ConstantDetector
    from tests.host.models import Photo

    ConstantDetector.answer = 0.8
    photo = Photo.objects.get()
    photo.image = ContentFile(OTHER, name="dog.png")
    photo.save()


def delete():
    from tests.host.models import Photo

    Photo.objects.get().delete()


def rejected():
    upload()
    decide("reject")


def approved():
    upload()
    decide("approve")


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
    "prune": Flow(
        prepare=rejected, deed=prune, old=(REJECTED,), new=PRUNED, hides="original", deletes=True
    ),
    "delete the object": Flow(
        prepare=upload, deed=delete, old=(HELD,), new=DELETED, hides="original", deletes=True
    ),
}
