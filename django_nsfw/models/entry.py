"""The way into the review queue: an entry beside the models in the index of the admin."""

from django.utils.translation import gettext_lazy as _

from .scan import Scan


class ReviewQueue(Scan):
    """Scans, as moderators work through them. No table and no permissions of its own."""

    class Meta:
        proxy = True
        verbose_name = _("review queue")
        verbose_name_plural = _("review queue")
        default_permissions = ()
