"""What arrives under the key of an upload after that was taken away from there.

Somebody who has a signed link can use it again as long as it is good. When the first object was
held, or its row got another file, no row names the key any more and no page shows what is there;
whoever has the address of a public bucket would see it.
"""

import logging

from django.core.files.storage import Storage
from django.db import models, router
from django.db.models import QuerySet

from ...gatekeeping import hold
from ...models import Scan
from ...models.exact import begins
from ...models.keys import field_label
from ...models.planning import Unsought
from ...policy import Action
from ...quarantine.names import kept_by_fresh_names
from ...quarantine.rows import Row
from ...registry import WatchedField
from ...scanning import examine

logger = logging.getLogger(__name__)


def keep_back(watched: WatchedField, storage: Storage, name: str) -> bool:
    """Scan the file, by the policy of the object whose upload was there before, and take it into
    quarantine unless that lets it pass. False where there was no such upload, or no file is there.

    It is scored at once, for there is no scan by which a worker could find it. The sweep records
    what is held, as it does with uploads whose object was never saved.
    """
    earlier = scans_of_upload(watched.field, name).order_by("-pk").first()
    if earlier is None:
        return False
    instance = Row.of(earlier).rows.first() if earlier.object_pk else None
    try:
        file = storage.open(name)
    except FileNotFoundError:
        return False
    with file:
        found = examine(
            file,
            name=name,
            options=watched.options,
            instance=instance,
            field_name=watched.field.name,
        )
        if found.action is Action.PASS:
            return True
        logger.warning("%r came again after scan %s, and is held", name, earlier.pk)
        hold(
            file,
            name=name,
            storage=storage,
            max_length=watched.field.max_length,
            watched=watched,
            instance=instance,
            examination=found,
        )
    storage.delete(name)
    return True


def scans_of_upload(field: models.FileField, name: str) -> QuerySet[Scan]:
    """Scans of what came under this name, wherever it is now. The beginning is for the index."""
    kept = kept_by_fresh_names(name, max_length=field.max_length)
    scans = Scan.objects.using(router.db_for_write(Scan)).alias(of_field=Unsought("field"))
    return scans.filter(begins("name", kept), of_field=field_label(field), original_name=name)
