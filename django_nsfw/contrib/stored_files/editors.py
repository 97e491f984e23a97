"""Upload views for the editors of texts, each with the answers that its editor understands.

No package of an editor is needed: what they have in common is a form that is posted, and JSON.
"""

import logging
import posixpath
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.core.files.storage import storages
from django.forms import FileField
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_protect
from django.views.generic import View

from ...listings import NOTICES, status_of
from ...validators import MESSAGES
from .aliases import moderated
from .storages import ModeratedStorageMixin

logger = logging.getLogger(__name__)


@method_decorator(csrf_protect, name="dispatch")
class EditorUpload(View):
    """Takes one picture, and answers with its address or with why it is refused.

    A subclass says how its editor wants to be answered; everything else are arguments of
    ``as_view()``. ``storage`` is the alias of a moderated storage, and may be left out where there
    is one. ``folder`` is where in it, as ``upload_to`` has it. ``permission`` is what one needs to
    upload; without it, to be staff.
    """

    http_method_names = ["post"]
    storage = ""
    folder = ""
    permission = ""
    parameter: ClassVar[str]
    """What the editor calls the file."""

    def accepted(self, url: str, notice: str) -> Mapping[str, Any]:
        """What is said of a picture that was taken. ``notice``: of one that others do not see
        yet; else empty."""
        raise NotImplementedError

    def refused(self, message: str) -> Mapping[str, Any]:
        """What is said of one that was not."""
        raise NotImplementedError

    def may_upload(self, user: Any) -> bool:
        if self.permission:
            return bool(user.has_perm(self.permission))
        return bool(user.is_active and user.is_staff)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        try:
            url, notice = self._take(request)
        except PermissionDenied as error:
            return JsonResponse(self.refused(str(error)), status=403)
        except ValidationError as error:
            return JsonResponse(self.refused(" ".join(error.messages)), status=400)
        except OSError:
            logger.exception("A picture for a text is not stored")
            message = str(MESSAGES["detector_unavailable"])
            return JsonResponse(self.refused(message), status=503)
        return JsonResponse(self.accepted(url, notice))

    def _take(self, request: HttpRequest) -> tuple[str, str]:
        from ...quarantine.faults import storage_cannot
        from .storing import store, uploaded_by

        if not self.may_upload(request.user):
            raise PermissionDenied(gettext("You may not upload pictures here. Are you logged in?"))
        upload = request.FILES.get(self.parameter)
        if upload is None or isinstance(upload, list):
            raise ValidationError(gettext("No picture arrived."))
        if not upload.size:  # in the words of a form, which looks at that first
            raise ValidationError(FileField.default_error_messages["empty"])
        storage = self._storage()
        folder = datetime.now().strftime(self.folder)  # as ``upload_to`` is
        name = storage.generate_filename(posixpath.join(folder, upload.name or ""))
        # Those of object stores have errors of their own, which are no ``OSError``.
        with uploaded_by(request.user), storage_cannot("take the file", field=storage.alias):
            row = store(storage, name, upload, pictures_only=True)
        return storage.url(row.name), str(NOTICES.get(status_of(row.file) or "", ""))

    def _storage(self) -> ModeratedStorageMixin:
        aliases = [self.storage] if self.storage else list(moderated())
        storage = storages[aliases[0]] if len(aliases) == 1 else None
        if not isinstance(storage, ModeratedStorageMixin):
            raise ImproperlyConfigured(
                f"{type(self).__name__}: 'storage' must be one of the moderated entries of "
                f"STORAGES ({', '.join(moderated()) or 'there is none'}), not {self.storage!r}."
            )
        return storage


class CKEditor5Upload(EditorUpload):
    """For the ``SimpleUploadAdapter`` of CKEditor 5, which shows the message."""

    parameter = "upload"

    def accepted(self, url: str, notice: str) -> Mapping[str, Any]:
        return {"url": url, "notice": notice}

    def refused(self, message: str) -> Mapping[str, Any]:
        return {"error": {"message": message}}


class TinyMCEUpload(EditorUpload):
    """For TinyMCE. What it says by itself of a refusal is "HTTP Error: 400": our handler, in
    ``nsfw_stored_files/tinymce.js``, has it say the message."""

    parameter = "file"

    def accepted(self, url: str, notice: str) -> Mapping[str, Any]:
        return {"location": url, "notice": notice}

    def refused(self, message: str) -> Mapping[str, Any]:
        return {"error": {"message": message}}
