"""The address that texts name → where the file is now."""

from django.core.files.storage import storages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from .aliases import moderated
from .looking_up import standing

MAX_AGE = 30
"""Seconds for which browsers and caches may remember where a file was. What is taken down is
deleted there at once."""


@require_safe
def stored_file(request: HttpRequest, storage: str, name: str) -> HttpResponse:
    """A redirect to the file, or to its placeholder. Only what was saved through the moderated
    storage has such an address: of anything else its links may have to be signed."""
    now = standing(storage, name) if storage in moderated() else None
    if not now:
        raise Http404
    response = HttpResponseRedirect(storages[storage].unmoderated.url(now))  # type: ignore[attr-defined]
    patch_cache_control(response, public=True, max_age=MAX_AGE)
    return response
