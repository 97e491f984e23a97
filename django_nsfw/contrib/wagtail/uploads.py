"""What the uploader of many files keeps until its form is filled in lies where nobody sees it.

Where a model has a required field besides ``file``, Wagtail stores each upload as it came, makes a
row of ``wagtailcore.UploadedFile`` for it, and the picture only when the form is complete. There
is no object yet whose policy could judge it, and a placeholder in place of the bytes would become
the picture. So the bytes go to the quarantine storage, whatever they are, and from there through
the gate of the field that they are meant for.
"""

from typing import Any

from django.core.files import File
from django.db.models.fields.files import FieldFile
from wagtail.models import UploadedFile

from ...quarantine.journal import quarantine_storage

FOLDER = "private"
"""Below the folder of Wagtail's own; what lies there is in quarantine, anything else was stored
before this app came."""


def install() -> None:
    UploadedFile._meta.get_field("file").attr_class = PrivateFieldFile


class PrivateFieldFile(FieldFile):
    """Kept in the quarantine storage. What was stored before stays where it is."""

    def __init__(self, instance: Any, field: Any, name: str | None) -> None:
        super().__init__(instance, field, name)
        if name and f"/{FOLDER}/" in name:
            self.storage = quarantine_storage()

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        self.storage = quarantine_storage()
        super().save(f"{FOLDER}/{name}", content, save=save)

    save.alters_data = True  # type: ignore[attr-defined]
