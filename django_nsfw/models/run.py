"""A rescan over many files, the slices that workers claim of it, and the bytes they are at."""

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .exact import ExactCharField


class RunQuerySet(models.QuerySet["Run"]):
    def running(self) -> Self:
        return self.filter(status=Run.Status.RUNNING)


class Run(models.Model):
    """What is looked at is in ``targets`` and ``options``; how far it is, in ``position``.

    ``step`` is the version of ``position``, and the number of the chunk that was handed out with
    it: whoever takes the next one swaps both if nobody else did since. ``doing`` is the digest of
    targets and options while the run goes on, and unique, so that the same rescan is not started
    twice.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        FINISHED = "finished", _("finished")
        CANCELLED = "cancelled", _("cancelled")

    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.RUNNING
    )
    created_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    doing = ExactCharField(_("what it does"), max_length=64, null=True, editable=False)
    targets = models.JSONField(_("fields and databases"), help_text=_("[[field, database], …]"))
    options = models.JSONField(_("options"), default=dict, blank=True)
    position = models.JSONField(
        _("position"), default=list, help_text=_("[index of the target, last primary key]")
    )
    step = models.PositiveBigIntegerField(_("step"), default=0)
    rows = models.PositiveBigIntegerField(_("rows"), default=0, help_text=_("when it started"))
    remaining = models.PositiveBigIntegerField(
        _("files that may still be looked at"), null=True, blank=True
    )
    enqueued = models.PositiveSmallIntegerField(
        _("background workers"), default=0, help_text=_("that were asked for; the sweep asks again")
    )
    counts = models.JSONField(_("counts"), default=dict, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("rescan")
        verbose_name_plural = _("rescans")
        constraints = [models.UniqueConstraint(fields=["doing"], name="nsfw_run_doing")]
        indexes = [models.Index(fields=["status"], name="nsfw_run_status")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.get_status_display()}"


class Chunk(models.Model):
    """Rows of one target with a key above ``after``, up to and including ``upto``.

    ``granted`` is how many of them may be looked at, where the run has a limit. ``counts`` grows
    while the chunk is worked on, and is the run's as well once it is done.
    """

    class Status(models.TextChoices):
        CLAIMED = "claimed", _("being worked on")
        DONE = "done", _("done")
        FAILED = "failed", _("given up")

    run = models.ForeignKey(
        Run, verbose_name=_("rescan"), on_delete=models.CASCADE, related_name="chunks"
    )
    number = models.PositiveBigIntegerField(_("number"))
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.CLAIMED
    )
    target = models.PositiveIntegerField(_("index of the target"))
    after = models.CharField(_("after key"), max_length=500, null=True, blank=True)  # noqa: DJ001
    upto = models.CharField(_("up to key"), max_length=500)
    worker = ExactCharField(_("worker"), max_length=255, blank=True)
    lease_until = models.DateTimeField(_("lease until"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1)
    granted = models.PositiveBigIntegerField(_("files it may look at"), null=True, blank=True)
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    troubles = models.JSONField(
        _("troubles"), default=list, blank=True, help_text=_("[[kind, object, file, reason], …]")
    )

    class Meta:
        verbose_name = _("chunk of a rescan")
        verbose_name_plural = _("chunks of rescans")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="nsfw_chunk_number"),
        ]
        indexes = [models.Index(fields=["run", "status", "lease_until"], name="nsfw_chunk_lease")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}: {self.get_status_display()}"


class ClaimedBytes(models.Model):
    """A worker is scoring these bytes in this run; others wait for what it finds.

    Gone as soon as the score is recorded. Where nothing is recorded, because the run only
    reports, ``found`` keeps it until the run ends.
    """

    run = models.ForeignKey(
        Run, verbose_name=_("rescan"), on_delete=models.CASCADE, related_name="bytes"
    )
    sha256 = ExactCharField(_("SHA-256"), max_length=64)
    detector = ExactCharField(_("detector"), max_length=255)
    chunk = models.ForeignKey(Chunk, verbose_name=_("chunk"), on_delete=models.CASCADE)
    found = models.JSONField(_("assessment"), null=True, blank=True)

    class Meta:
        verbose_name = _("claimed bytes")
        verbose_name_plural = _("claimed bytes")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["run", "sha256", "detector"], name="nsfw_bytes_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.sha256}"
