"""What the policy refuses is said at the field ``file``, by whichever door of Wagtail it came.

``WAGTAILIMAGES_IMAGE_FORM_BASE`` and ``WAGTAILDOCS_DOCUMENT_FORM_BASE`` name these classes, or
classes of the site's own with :class:`ModeratedFile` before the base that it had.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from wagtail.documents.forms import BaseDocumentForm
from wagtail.images.forms import BaseImageForm

from ...listings import NOTICES, status_of
from ...registry import registry
from ...validators import MESSAGES, NSFWValidator


class ModeratedFile(forms.ModelForm):  # type: ignore[type-arg]
    """Asks the policy of the field after Wagtail's own checks, whose messages come first.

    At ``file`` and nowhere else: the uploader of many files keeps the bytes of whatever is wrong
    with other fields.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self._file_field
        names = (field.name, getattr(field, "width_field", ""), getattr(field, "height_field", ""))
        stored = vars(self.instance)
        self._before = {name: stored[name] for name in names if name in stored}
        if "file" in self.fields:
            file: Any = self.fields["file"]  # of this form: Django has copied it
            file.to_python = _guarded(file.to_python)
        notice = self._notice()
        shown = next((self.fields[name] for name in ("file", "title") if name in self.fields), None)
        if notice and shown is not None:
            shown.help_text = notice

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if "file" not in self.fields:
            return
        if "file" not in self.errors and self._is_asked_here():
            try:
                NSFWValidator()(self.instance.file)
            except ValidationError as error:
                self.add_error("file", error)
        if self.errors:
            # The page with the errors shows the object, and would make a rendition of the upload.
            vars(self.instance).update(self._before)

    @property
    def _file_field(self) -> Any:
        return self.instance._meta.get_field("file")

    def _is_asked_here(self) -> bool:
        """Unless nobody watches the field, or its own validators have asked."""
        field = self._file_field
        own = any(isinstance(validator, NSFWValidator) for validator in field.validators)
        return registry.get(field) is not None and not own

    def _notice(self) -> Any:
        """What stands in the way of the picture that is there; None where nothing does."""
        file = None if self.instance._state.adding else self.instance.file
        return NOTICES.get(status_of(file) or "") if file else None


class ImageForm(ModeratedFile, BaseImageForm):
    """Wagtail's own, with the policy of the field."""


class DocumentForm(ModeratedFile, BaseDocumentForm):
    """Wagtail's own, with the policy of the field for documents that are pictures."""


def _guarded(to_python: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wagtail's field decodes the picture, and lets through what the decoder raises of one that is
    cut off: a server error instead of a sentence."""

    def guarded(data: Any) -> Any:
        try:
            return to_python(data)
        except ValidationError:
            raise
        except Exception as error:
            raise ValidationError(
                cast("Any", MESSAGES["unreadable_image"]), code="unreadable_image"
            ) from error

    return guarded
