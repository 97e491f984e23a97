"""A post with more fields than Django takes is answered in a sentence, and not by a bare page."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponseBase]


def counted(view: View, queue: Callable[[], str]) -> View:
    """``view``, or back to the address that ``queue`` gives.

    The token of a form is one of its fields, so that Django would count them while it looks for
    the token, where no view can answer. Here it looks for it after they are counted.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    def answer(request: HttpRequest, **asked: object) -> HttpResponseBase:
        try:
            request.POST  # noqa: B018 - reading counts
        except TooManyFieldsSent:
            from .bulk import too_many

            messages.error(request, too_many())
            return HttpResponseRedirect(queue())
        return protected(request, **asked)

    return answer
