"""Questions with a name: saved, renamed, shared and deleted by their owner alone."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.db import IntegrityError, router, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from ...models import SavedQueue
from ...queue.asking import Question
from ...queue.words import plain
from .items import person

if TYPE_CHECKING:
    from . import Queue

MOST = 20
"""Queues of one person: each is counted whenever the grid is shown."""


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SavedQueue
        fields = ["name"]


def saved(admin: "Queue", request: HttpRequest) -> HttpResponse:
    """``do`` says what: save, rename, share, unshare or delete. Back to the queue in question."""
    does, query = request.POST.get("do", ""), _canonical(request.POST.get("query", ""))
    if does == "save":
        query = _save(request, query)
    elif does in CHANGES:
        CHANGES[does](request, _own(request))
    else:
        raise Http404(_("There is no such thing to do with a queue."))
    queue = reverse(f"{admin.admin_site.name}:django_nsfw_queue")
    return HttpResponseRedirect(f"{queue}?{query}" if query else queue)


def _canonical(query: str) -> str:
    """Whatever was sent, what is kept is a question; it becomes part of addresses."""
    return Question.of(QueryDict(query)).query()


def _own(request: HttpRequest) -> SavedQueue:
    """Somebody else's is not there, shared or not."""
    pk = request.POST.get("queue", "")
    if pk.isascii() and pk.isdecimal() and len(pk) < 19:
        queue = SavedQueue.objects.filter(owner_id=person(request).pk, pk=pk).first()
        if queue is not None:
            return queue
    raise Http404(_("There is no such queue."))


def _save(request: HttpRequest, query: str) -> str:
    own = SavedQueue.objects.filter(owner_id=person(request).pk)
    if not query:
        return _twice(request, query, _("Everything that waits"))
    if twin := own.filter(query=query).first():
        return _twice(request, query, twin.name)
    if own.count() >= MOST:
        said = _("Not saved: a person may have %d queues, and you have them. Delete one first.")
        messages.error(request, said % MOST)
        return query
    shared = "shared" in request.POST
    queue = SavedQueue(owner_id=person(request).pk, query=query, shared=shared)
    _named(request, queue, _("Saved."))
    return query


def _twice(request: HttpRequest, query: str, name: str) -> str:
    said = _("These filters are saved already, as “%(name)s”.")
    messages.error(request, said % {"name": plain(name)})
    return query


def _rename(request: HttpRequest, queue: SavedQueue) -> None:
    _named(request, queue, _("Renamed."))


def _named(request: HttpRequest, queue: SavedQueue, said: str) -> None:
    form = NameForm(request.POST, instance=queue)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return
    try:
        with transaction.atomic(using=router.db_for_write(SavedQueue)):
            form.save()
    except IntegrityError:
        messages.error(request, _("You have a queue of that name already."))
    else:
        messages.success(request, said)


def _share(request: HttpRequest, queue: SavedQueue) -> None:
    SavedQueue.objects.filter(pk=queue.pk).update(shared=True)
    messages.success(request, _("All moderators see it now."))


def _unshare(request: HttpRequest, queue: SavedQueue) -> None:
    SavedQueue.objects.filter(pk=queue.pk).update(shared=False)
    messages.success(request, _("You alone see it now."))


def _delete(request: HttpRequest, queue: SavedQueue) -> None:
    queue.delete()
    messages.success(request, _("Deleted."))


CHANGES = {"rename": _rename, "share": _share, "unshare": _unshare, "delete": _delete}
