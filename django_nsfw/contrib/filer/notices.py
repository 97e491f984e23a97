"""The page of a file says why a placeholder stands there.

Above all fields, because that of the file is folded away. In the class that all of them come from,
those of a site's own models as well, wherever their app stands in ``INSTALLED_APPS``.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.html import escape
from filer.admin import FileAdmin

from ...listings import NOTICES, status_of

_fieldsets = FileAdmin.get_fieldsets


def install() -> None:
    """Idempotent."""
    FileAdmin.get_fieldsets = get_fieldsets


def get_fieldsets(self: Any, request: HttpRequest, obj: Any = None) -> Any:
    """Those of django-filer. One query."""
    fieldsets = _fieldsets(self, request, obj)
    notice = NOTICES.get(status_of(obj.file) or "") if obj else None
    if notice is None:
        return fieldsets
    return [(None, {"fields": [], "description": escape(notice)}), *fieldsets]
