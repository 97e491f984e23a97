"""Which groups moderate only some fields. For superusers, as who may grant this may see all."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ..models import FieldAccess
from .base import ModelAdmin


class FieldAccessForm(forms.ModelForm):  # type: ignore[type-arg]
    """The watched fields to choose from; one that left the project stays, until it is changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from ..registry import registry

        super().__init__(*args, **kwargs)
        labels = sorted({*registry.watched, *filter(None, [self.instance.field])})
        self.fields["field"] = forms.ChoiceField(
            label=self.fields["field"].label,
            choices=[("", "–"), *((label, label) for label in labels)],
        )

    class Meta:
        model = FieldAccess
        fields = ["group", "field"]


@admin.register(FieldAccess)
class FieldAccessAdmin(ModelAdmin):  # type: ignore[type-arg]
    form = FieldAccessForm
    list_display = ["group", "field"]
    list_filter = ["group"]
    list_select_related = ["group"]
    ordering = ["group__name", "field"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)
