"""Serializers: watched fields of a site's models, and what the API says of scans and decisions.

Their names are those of components in the schema of the whole site.
"""

from typing import Any

from django.db import models
from rest_framework import serializers

from ...models import Decision, Scan
from ...models.scan import VERDICTS
from ...registry import registry
from .fields import ModeratedImageField, NamedChoices


class ModeratedImages:
    # Before ``ModelSerializer``: image fields that are watched become ``ModeratedImageField``.
    # A docstring would become the description of every serializer that has none.

    def build_standard_field(self, field_name: str, model_field: "models.Field[Any, Any]") -> Any:
        field_class, options = super().build_standard_field(field_name, model_field)  # type: ignore[misc]
        if field_class is serializers.ImageField and registry.get(model_field) is not None:
            field_class = ModeratedImageField
        return field_class, options


class NSFWScanSerializer(serializers.ModelSerializer[Scan]):
    """Nothing that leads to held bytes, and nothing that tells what is in the blind sample."""

    status = NamedChoices("NSFWScanStatus", Scan.Status.choices, read_only=True)
    verdict = NamedChoices("NSFWVerdict", list(VERDICTS.items()), read_only=True)

    class Meta:
        model = Scan
        fields = [
            "id", "field", "object_pk", "object_db", "name", "original_name", "uploader",
            "status", "verdict", "nsfw", "label", "detector", "ms", "error_code", "error_message",
            "known", "known_distance", "sha256", "size", "format", "width", "height", "frames",
            "created_at", "scored_at", "settled_at", "escalated_at", "pruned_at", "erased_at",
        ]  # fmt: skip
        read_only_fields = fields


class NSFWCropSerializer(serializers.Serializer[Any]):
    """What the detector said of one part that it looked at."""

    frame = serializers.IntegerField(help_text="From 0.")
    tile = serializers.IntegerField(help_text="From 0, along the longer side.")
    ground = serializers.CharField(help_text="What transparent pixels were laid over.")
    nsfw = serializers.FloatField()
    labels = serializers.DictField(child=serializers.FloatField())


class NSFWScanDetailSerializer(NSFWScanSerializer):
    crops = NSFWCropSerializer(many=True, read_only=True)

    class Meta(NSFWScanSerializer.Meta):
        fields = [*NSFWScanSerializer.Meta.fields, "crops"]
        read_only_fields = fields


class NSFWDecisionSerializer(serializers.ModelSerializer[Decision]):
    field = serializers.CharField(source="scan.field", read_only=True)
    action = NamedChoices("NSFWDecisionAction", Decision.Action.choices, read_only=True)
    from_status = NamedChoices("NSFWScanStatus", Scan.Status.choices, read_only=True)
    to_status = NamedChoices("NSFWScanStatus", Scan.Status.choices, read_only=True)
    undone_by = serializers.IntegerField(source="undone.pk", read_only=True, allow_null=True)

    class Meta:
        model = Decision
        fields = [
            "id", "scan", "field", "action", "from_status", "to_status", "sha256", "moderator",
            "moderator_name", "note", "inherited_from", "undoes", "undone_by", "batch",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields
