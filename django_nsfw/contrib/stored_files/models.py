"""A row for each file that was saved into a storage, so that it has all that an object's file has:
a scan, a place in the queue, rescans, erasure."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ...models.exact import ExactCharField
from ...models.scan import NAME_LENGTH
from .fields import StoredFileField


class StoredFile(models.Model):
    """``name`` is what whoever saved it was given, and keeps in its texts for ever. ``file`` names
    what stands there now: the file itself, or a placeholder while it is held.

    Names are unique in the table and not only in a storage: a scan knows a file by field and name,
    and takes equal ones for copies of one file.
    """

    storage = ExactCharField(_("storage"), max_length=64, help_text=_("its key in STORAGES"))
    name = ExactCharField(_("name"), max_length=NAME_LENGTH)
    file = StoredFileField(_("file"), max_length=NAME_LENGTH, blank=True)
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("saved"), default=timezone.now, editable=False)

    objects: models.Manager["StoredFile"] = models.Manager()

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="nsfw_stored_file_name"),
        ]
        indexes = [models.Index(fields=["file"], name="nsfw_stored_file_file")]

    def __str__(self) -> str:
        return str(self.name)


class Deletion(models.Model):
    """The order to delete a file whose row is deleted. It is here until the file is gone, and until
    then nobody is given its name."""

    storage = ExactCharField(_("storage"), max_length=64)
    file = ExactCharField(_("file"), max_length=NAME_LENGTH)

    objects: models.Manager["Deletion"] = models.Manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["file"], name="nsfw_stored_deletion_file")]

    def __str__(self) -> str:
        return str(self.file)
