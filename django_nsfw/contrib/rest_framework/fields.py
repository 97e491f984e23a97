"""What a serializer takes and says of a picture."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import get_error_detail

from ...listings import status_of
from ...models import Scan
from ...policy import PolicyOptions
from ...registry import WatchedField, registry
from ...validators import NSFWValidator

NOTICES: Mapping[str, Promise] = {
    Scan.Status.HELD.value: _("Awaiting review"),
    Scan.Status.PENDING.value: _("Being checked"),
    Scan.Status.REJECTED.value: _("Removed by a moderator"),
}
"""Status of a file behind a placeholder → what visitors read. Of all others they see the file."""


class ModeratedImageField(serializers.ImageField):
    """An ``ImageField`` that refuses what the policy rejects, before anything else opens the file.

    Keyword arguments are those of ``ImageField`` and policy keys. In a serializer of a model whose
    field is watched the policy of that field applies, with the keys given here over it; elsewhere
    that of the project. ``error_messages`` may have the codes of ``NSFWValidator``, with the
    parameters of its messages in braces.

    ``django_nsfw.scanning.examined`` tells of validated data what was found.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.options = {
            key: kwargs.pop(key) for key in PolicyOptions.__annotations__ if key in kwargs
        }
        NSFWValidator(**self.options)  # a wrong key is said where it is written
        super().__init__(**kwargs)
        self.inherited = [v for v in self.validators if isinstance(v, NSFWValidator)]
        self.validators = [v for v in self.validators if v not in self.inherited]

    def to_internal_value(self, data: Any) -> Any:
        upload = serializers.FileField.to_internal_value(self, data)
        instance = getattr(self.parent, "instance", None)
        try:
            self.validator.check(
                upload,
                watched=self.watched,
                instance=instance if isinstance(instance, models.Model) else None,
            )
        except DjangoValidationError as error:
            if error.code in self.error_messages:
                self.fail(error.code, **(error.params or {}))
            raise serializers.ValidationError(get_error_detail(error)) from error
        return super().to_internal_value(upload)

    @cached_property
    def validator(self) -> NSFWValidator:
        """The validators of a watched model field are part of its policy."""
        options: dict[str, Any] = {}
        message = None
        for validator in self.inherited:
            message = validator.message if message is None else message
            options |= {} if self.watched else validator.options
        return NSFWValidator(message=message, **(options | self.options))

    @cached_property
    def watched(self) -> WatchedField | None:
        """The model field that the file goes to, where a ``ModelSerializer`` says so."""
        if not isinstance(self.parent, serializers.ModelSerializer):
            return None
        model: type[models.Model] = self.parent.Meta.model
        try:
            field = model._meta.get_field(self.source or "")
        except FieldDoesNotExist:
            return None
        return registry.get(field) if isinstance(field, models.FileField) else None


class NamedChoices(serializers.ChoiceField):
    """One component of the schema for all fields with these choices, whatever they are called."""

    def __init__(self, component: str, choices: Any, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.component = component


class ModerationStatusField(NamedChoices):
    """Why a placeholder stands in for a picture: ``held``, ``pending`` or ``rejected``, else null.

    ``source`` names the file field. Lists need
    :func:`django_nsfw.listings.with_nsfw_status`, or each object costs a query.
    """

    def __init__(self, **kwargs: Any) -> None:
        options = {"read_only": True, "allow_null": True, **kwargs}
        super().__init__("NSFWPlaceholderStatus", list(NOTICES.items()), **options)

    def to_representation(self, value: Any) -> Any:
        status = status_of(value)
        return status if status in NOTICES else None


class ModerationNoticeField(serializers.CharField):
    """The same in words, in the language of the request: “Awaiting review”, or null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **kwargs})

    def to_representation(self, value: Any) -> Any:
        notice = NOTICES.get(status_of(value) or "")
        return None if notice is None else str(notice)
