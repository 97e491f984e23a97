"""What Wagtail derives from a file follows it when it is held or released: renditions, their
cache entries, size, hash and dimensions. The focal point is the editors' and stays."""

import logging
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from django.apps import apps
from django.db import models
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage

from ...exceptions import DecisionRefused
from ...quarantine.rows import Row, file_field

logger = logging.getLogger(__name__)

LONGEST_NAME = 59
"""Characters of the name of a rendition: ``AbstractImage.generate_rendition_file`` cuts it."""


def is_ours(label: str) -> bool:
    """Whether the field is ``file`` of an image or a document, Wagtail's own or one of the site."""
    try:
        field = file_field(label)
    except DecisionRefused:  # it left the project
        return False
    return field.name == "file" and issubclass(field.model, AbstractImage | AbstractDocument)


def catch_up(label: str, object_pk: str, *, using: str, name: str) -> None:
    """Bring what is derived from the file ``name`` of an object up to date. Idempotent.

    Renditions first and the measures of the file last: where the latter are those of the file, all
    is done. Raises what the storages raise; then it is all to be done again.
    """
    if not is_ours(label):
        return
    row = Row(file_field(label), object_pk, using)
    instance: Any = row.rows.first()
    if instance is None or instance.file.name != name:
        return  # deleted, or replaced: whoever did that goes on from there
    if isinstance(instance, AbstractImage):
        purge(instance, renditions_of(instance))
    measure(instance, row)


def renditions_of(image: AbstractImage) -> "models.QuerySet[Any]":
    renditions = image.get_rendition_model()._base_manager.using(image._state.db)
    found: models.QuerySet[Any] = renditions.filter(image=image.pk)
    return found


def purge(image: AbstractImage, renditions: "Iterable[Any]") -> None:
    """Delete these of its renditions: their files, then their rows, and whatever is cached.

    The files first: where a storage fails, the rows are there to try again.
    """
    gone = []
    for rendition in renditions:
        rendition.image = image  # their keys in the cache have its hash as it was
        rendition.purge_from_cache()
        rendition.file.storage.delete(rendition.file.name)
        gone.append(rendition)
    if gone:
        renditions_of(image).filter(pk__in=[rendition.pk for rendition in gone]).delete()
        _purge_from_frontend(gone)


def is_of_another_file(rendition: Any, image: AbstractImage) -> bool:
    """Whether a rendition was made before its image was held or released, as far as names tell.

    Who had opened the file before may have made one since. Held and released files have names of
    their own, with which the names of their renditions begin, unless that is cut off.
    """
    root = PurePosixPath(image.file.name).stem
    made = PurePosixPath(rendition.file.name).name
    spec = f"{rendition.focal_point_key}.{rendition.filter_spec}".lstrip(".")
    room = LONGEST_NAME - len(f"{spec}.jpeg")
    return room >= len(root) and not made.startswith(f"{root}.")


def measure(instance: Any, row: Row) -> None:
    """Write down size, hash and dimensions of the file that is there; nothing if it is another
    one by then. The host's row is not saved."""
    if isinstance(instance, AbstractImage):
        instance._set_image_file_metadata()
        dimensions = _dimensions(instance)
    else:
        instance._set_document_file_metadata()
        dimensions = {}
    instance.file.close()
    row.rows.filter(**{row.field.attname: instance.file.name}).update(
        file_size=instance.file_size, file_hash=instance.file_hash, **dimensions
    )


def _dimensions(image: AbstractImage) -> dict[str, int]:
    """None where somebody approved what Wagtail's own decoder cannot read."""
    try:
        return {"width": image.file.width, "height": image.file.height}
    except Exception:
        logger.exception("The file of %s %s cannot be measured", image._meta.label, image.pk)
        return {}


def _purge_from_frontend(renditions: "Iterable[Any]") -> None:
    if not apps.is_installed("wagtail.contrib.frontend_cache"):
        return
    from wagtail.contrib.frontend_cache.utils import purge_urls_from_cache

    purge_urls_from_cache([rendition.full_url for rendition in renditions])
