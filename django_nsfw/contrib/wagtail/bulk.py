"""Bulk actions: many items of the queue, or many images or documents of a listing, in one go.

Each is decided in a transaction of its own, as everywhere: Wagtail would make one of all of them,
and what fails in it would take back rows whose files have moved already.
"""

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail import hooks
from wagtail.admin.views.bulk_action import BulkAction
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.permissions import policy_registry

from ... import decisions
from ...exceptions import NSFWError
from ...models import Decision, Scan
from ...models.keys import field_label, object_pk
from ...one_by_one import PATIENCE, left
from ...permissions import may_decide, may_decide_in_bulk, may_see, restricted_to
from ...quarantine.rows import Row
from ...queue.saying import refusal
from ...queue.words import subject
from ...registry import registry
from ...stored import scan_stored
from .queue import titles

logger = logging.getLogger(__name__)

Action = Decision.Action


class DecisionForm(forms.Form):
    """``seen``: primary keys of scans with the versions that the page showed."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=gettext_lazy("Note, if you like"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class Deciding(BulkAction):
    """One decision about each of many."""

    action: "Decision.Action"
    template_name = "nsfw_wagtail/confirm_bulk.html"
    form_class = DecisionForm

    def check_perm(self, obj: Any) -> bool:
        return self.moderates(obj) and may_decide(self.request.user, self.action)

    def moderates(self, obj: Any) -> bool:
        fields = restricted_to(self.request.user)
        return fields is None or self.field_of(obj) in fields

    def field_of(self, obj: Any) -> str:
        """Label of the watched field that ``obj`` is about."""
        raise NotImplementedError

    def scans_of(self, objects: Sequence[Any]) -> list[Scan]:
        """What is to be decided on, as far as there is something."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "title": self.aria_label, "verb": self.display_name}

    def prepare_action(
        self, objects: Sequence[Any], objects_without_access: Any
    ) -> HttpResponse | None:
        """Wagtail's own way of ending an action before its transaction begins."""
        for hook in hooks.get_hooks("before_bulk_action"):
            answer = hook(self.request, self.action_type, objects, self)
            if hasattr(answer, "status_code"):
                return answer  # type: ignore[no-any-return]
        self._decide(objects)
        for hook in hooks.get_hooks("after_bulk_action"):
            answer = hook(self.request, self.action_type, objects, self)
            if hasattr(answer, "status_code"):
                return answer  # type: ignore[no-any-return]
        return redirect(self.next_url)

    def _decide(self, objects: Sequence[Any]) -> None:
        user = self.request.user
        if len(objects) > 1 and not may_decide_in_bulk(user):
            text = _("You may decide only one scan at a time. Nothing was decided.")
            messages.error(self.request, text)
            return
        scans, until, batch = self.scans_of(objects), time.monotonic() + PATIENCE, uuid.uuid4()
        done, waiting = 0, len(scans)
        for begun, scan in enumerate(scans):
            if begun and time.monotonic() >= until:
                break
            waiting -= 1
            done += self._decided(scan, user, batch)
        if done:
            messages.success(self.request, self.done(done))
        if waiting:
            messages.warning(self.request, left(waiting))

    def _decided(self, scan: Scan, user: AbstractBaseUser, batch: uuid.UUID) -> bool:
        asked = self.cleaned_form.cleaned_data
        version = dict(_seen(asked["seen"])).get(str(scan.pk))
        verb = getattr(decisions, self.action.value)
        try:
            verb(scan, moderator=user, note=asked["note"], version=version, batch=batch)
        except (NSFWError, OSError) as error:
            logger.warning("Nothing was decided about scan %s: %s", scan.pk, error)
            why = refusal(error, Scan.objects.using(_db()).get(pk=scan.pk), version)
            messages.error(self.request, f"#{scan.pk} {subject(scan)}: {why}")
            return False
        return True

    def done(self, number: int) -> str:
        raise NotImplementedError


class Approving(Deciding):
    action = Action.APPROVE
    display_name = gettext_lazy("Approve")
    aria_label = gettext_lazy("Approve: let people see them")
    action_type = "nsfw_approve"
    action_priority = 40

    def done(self, number: int) -> str:
        return ngettext("%d file was approved.", "%d files were approved.", number) % number


class Rejecting(Deciding):
    action = Action.REJECT
    display_name = gettext_lazy("Reject")
    aria_label = gettext_lazy("Reject: keep them out of reach")
    action_type = "nsfw_reject"
    action_priority = 50
    classes = {"serious"}

    def done(self, number: int) -> str:
        return ngettext("%d file was rejected.", "%d files were rejected.", number) % number


class Escalating(Deciding):
    action = Action.ESCALATE
    display_name = gettext_lazy("Escalate")
    aria_label = gettext_lazy("Escalate: somebody else is to look")
    action_type = "nsfw_escalate"
    action_priority = 60

    def done(self, number: int) -> str:
        return ngettext("%d file was escalated.", "%d files were escalated.", number) % number


class OfScans(Deciding):
    """Items of the queue."""

    models = [Scan]

    @classmethod
    def get_queryset(cls, model: type[Scan], object_ids: Sequence[Any]) -> list[Scan]:
        numbers = [pk for pk in object_ids if str(pk).isdecimal() and len(str(pk)) < 19]
        scans = Scan.objects.using(_db()).with_versions().filter(pk__in=numbers)
        return list(scans.select_related("known__decision").defer("crops").order_by("pk"))

    def get_initial(self) -> dict[str, Any]:
        scans, _without_access = self.get_actionable_objects()
        return {"seen": " ".join(f"{scan.pk}:{scan.version}" for scan in scans)}

    def get_actionable_objects(self) -> tuple[list[Scan], dict[str, list[Scan]]]:
        """What somebody may not see is not even named."""
        objects, others = super().get_actionable_objects()
        if not may_see(self.request.user):
            return [], {"items_with_no_access": []}
        return objects, {key: [*filter(self.moderates, each)] for key, each in others.items()}

    def get_all_objects_in_listing_query(self, parent_id: Any) -> Any:
        return Scan.objects.using(_db()).waiting().values_list("pk", flat=True)

    def field_of(self, obj: Scan) -> str:
        return str(obj.field)

    def scans_of(self, objects: Sequence[Scan]) -> list[Scan]:
        return list(objects)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Each in the words that the listing has for it."""
        context = super().get_context_data(**kwargs)
        named = titles([each["item"] for each in context["items"]])
        for each in context["items"]:
            pk = each["item"].pk
            each["title"] = f"#{pk} {named[pk]}"
        return context


class OfFiles(Deciding):
    """Images or documents, waiting or not. What was never scanned is scanned first."""

    models = [get_image_model(), get_document_model()]

    @cached_property
    def permission_policy(self) -> Any:
        return policy_registry.get_by_type(self.model)

    def get_all_objects_in_listing_query(self, parent_id: Any) -> Any:
        """Those that the listing shows to this person, as Wagtail's own actions choose them."""
        listed = self.permission_policy.instances_user_has_permission_for(
            self.request.user, "change"
        )
        if parent_id is not None:
            listed = listed.filter(collection_id=parent_id)
        pks = listed.values_list("pk", flat=True)
        query = self.request.GET.get("q")
        return pks.search(query).results() if query else pks

    def field_of(self, obj: Model) -> str:
        return field_label(obj._meta.get_field("file"))  # type: ignore[arg-type]

    def scans_of(self, objects: Sequence[Model]) -> list[Scan]:
        return [scan for each in objects if (scan := self._scan_of(each)) is not None]

    def object_context(self, obj: Model) -> dict[str, Any]:
        return {"item": obj, "title": str(obj)}

    def _scan_of(self, instance: Any) -> Scan | None:
        """None, and a message, where there is no file to decide on."""
        found = Scan.objects.using(_db()).of_object(instance, "file").current().first()
        field = instance._meta.get_field("file")
        if found is None and registry.get(field) is not None:
            row = Row(field, object_pk(instance, field), instance._state.db)
            try:
                found = scan_stored(row)
            except (NSFWError, OSError) as error:
                logger.warning("%s %s was not scanned: %s", instance._meta.label, row.pk, error)
        if found is None:
            text = _("“%(title)s” cannot be scanned: nothing was decided about it.")
            messages.error(self.request, text % {"title": instance})
        return found


class ApproveScans(Approving, OfScans):
    pass


class RejectScans(Rejecting, OfScans):
    pass


class EscalateScans(Escalating, OfScans):
    pass


class ApproveFiles(Approving, OfFiles):
    pass


class RejectFiles(Rejecting, OfFiles):
    pass


ACTIONS = [ApproveScans, RejectScans, EscalateScans, ApproveFiles, RejectFiles]


def _seen(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split():
        pk, _colon, version = part.partition(":")
        yield pk, version


def _db() -> str:
    return router.db_for_write(Scan)
