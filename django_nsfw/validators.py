"""``NSFWValidator``: the door for model fields, form fields and serializer fields.

On a model field it also makes the field watched. It imports nothing of this app that needs the
app registry until it is called, so a ``models.py`` may import it freely.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .policy import Policy, PolicyOptions

if TYPE_CHECKING:
    from django.db.models import Model

    from .registry import WatchedField

MESSAGES: dict[str, str | Promise] = {
    "nsfw": _("This picture looks explicit and cannot be accepted. Please choose another one."),
    "unreadable_image": _(
        "This picture cannot be read. It may be damaged: open it, save it again as JPEG or PNG, "
        "and send that."
    ),
    "image_too_large": _("This picture is too large. Please send a smaller version of it."),
    "unsupported_format": _(
        "This file is not a picture of a supported format. Please send one of: %(formats)s."
    ),
    "not_a_picture": _(
        "This file is not a picture of a supported format. Please send one of: %(formats)s."
    ),
    "extension_mismatch": _(
        "The file name ends in “%(extension)s”, but the content is %(format)s. Please rename the "
        "file or save it again."
    ),
    "detector_unavailable": _("Pictures cannot be checked at the moment. Please try again later."),
}
"""Codes of the validation errors and what a person reads."""

LIMIT_MESSAGES: dict[str, Promise] = {
    "bytes": _("The file has %(value)s bytes; at most %(limit)s are accepted."),
    "pixels": _("It has %(value)s pixels; at most %(limit)s are accepted."),
    "side length": _("Its longer side has %(value)s pixels; at most %(limit)s are accepted."),
    "pixels in all frames": _(
        "All its frames together have %(value)s pixels; at most %(limit)s are accepted."
    ),
    "scans": _("It is stored in %(value)s passes; at most %(limit)s are accepted."),
    "aspect ratio": _(
        "It is %(value)s times as long as it is wide; at most %(limit)s is accepted."
    ),
}


@deconstructible
class NSFWValidator:
    """Refuses what the policy rejects, and what is no readable picture.

    Keyword arguments are policy keys (``review``, ``reject``, ``on_error``, ``other_files``,
    ``on_review``, ``detector``, ``uploader``, ``for_object``) and win over ``NSFW_POLICY``. A
    verdict of ``review`` passes: a watched model field holds the file when it is saved, and a view
    can ask :func:`django_nsfw.scanning.examined` what was found.

    Raises ``ValidationError`` with one of the codes ``nsfw``, ``unreadable_image``,
    ``image_too_large``, ``unsupported_format``, ``not_a_picture``, ``extension_mismatch`` and
    ``detector_unavailable``. The last one only where the policy says ``on_error="reject"``, or
    where no watched field stands behind that could hold what was not looked at.
    """

    message: str | Promise | None = None
    code = "nsfw"

    def __init__(
        self, *, message: str | Promise | None = None, **options: Unpack[PolicyOptions]
    ) -> None:
        try:
            Policy.of(options)
        except ValueError as error:
            raise ImproperlyConfigured(f"NSFWValidator: {error}") from error
        self.options: Mapping[str, Any] = options
        if message is not None:
            self.message = message

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NSFWValidator)
            and self.options == other.options
            and self.message == other.message
        )

    def __hash__(self) -> int:
        return hash((type(self), self.message, *sorted(self.options)))

    def __call__(self, value: Any) -> None:
        """``value``: an uploaded ``File``, or the ``FieldFile`` of a model instance.

        A file that is stored already was looked at when it was stored and passes.
        """
        self.check(value)

    def check(
        self,
        value: Any,
        *,
        watched: "WatchedField | None" = None,
        instance: "Model | None" = None,
    ) -> None:
        """As a call. ``watched``: the field that the file goes to, of ``instance`` where there is
        one; the keys of this validator are laid over its policy."""
        if not value or getattr(value, "_committed", False):
            return
        from .scanning import refusal

        refused = refusal(value, self, watched=watched, instance=instance)
        if refused is not None:
            raise self.error(*refused)

    async def acheck(
        self,
        value: Any,
        *,
        watched: "WatchedField | None" = None,
        instance: "Model | None" = None,
    ) -> None:
        """As :meth:`check`, for coroutines: the event loop goes on while the file is looked at.

        That happens in the thread of the database, which every request under ASGI has of its own.
        """
        await sync_to_async(self.check)(value, watched=watched, instance=instance)

    def error(self, code: str, params: Mapping[str, Any]) -> ValidationError:
        """What a person is told who sent a file with this fault."""
        return ValidationError(
            cast("Any", self._message(code, params)),
            code=code,
            params={key: _readable(value) for key, value in params.items()},
        )

    def _message(self, code: str, params: Mapping[str, Any]) -> str | Promise:
        if code == self.code and self.message is not None:
            return self.message
        if code == "image_too_large" and params.get("what") in LIMIT_MESSAGES:
            return format_lazy("{} {}", MESSAGES[code], LIMIT_MESSAGES[params["what"]])
        return MESSAGES[code]


class _Grouped(int):
    """A number as before to programs; people read 81,000,000 more easily than 81000000."""

    def __str__(self) -> str:
        return number_format(int(self), force_grouping=True)


def _readable(value: object) -> object:
    return _Grouped(value) if type(value) is int else value
