"""What can be asked of the API, as query strings."""

import math
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.fields import get_error_detail
from rest_framework.pagination import CursorPagination

from ...models import Decision, Scan
from ...models.scan import VERDICTS
from ...queue.asking import MANY, NEWEST, SORTS, Question, person_key
from ...queue.lanes import LARGEST as LARGEST_KEY
from ...queue.pages import spot_at
from .log import Wanted

FIELD = r"^\w+\.\w+\.\w+$"
SIZE = 50
LARGEST = 100


class PersonKey(serializers.CharField):
    """The primary key of a user, of whatever kind those of the site are."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return person_key(super().to_internal_value(data))
        except DjangoValidationError as error:
            raise serializers.ValidationError(get_error_detail(error)) from error
        except ValueError:
            self.fail("invalid")


class Score(serializers.FloatField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=1, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        score = super().to_internal_value(data)
        return score if math.isfinite(score) else self.fail("invalid")


class Cursor(serializers.CharField):
    def to_internal_value(self, data: Any) -> Any:
        cursor = super().to_internal_value(data)
        if spot_at(cursor) is None:
            raise serializers.ValidationError(CursorPagination.invalid_cursor_message)
        return cursor


class Asked(serializers.Serializer[Any]):
    field = serializers.ListField(
        child=serializers.RegexField(FIELD),
        max_length=MANY,
        required=False,
        help_text="app_label.Model.field, several.",
    )
    since = serializers.DateTimeField(required=False, help_text="That moment, or later.")
    until = serializers.DateTimeField(required=False, help_text="That moment, or earlier.")
    after = Cursor(required=False, help_text="The cursor of a page: what comes after it.")
    size = serializers.IntegerField(min_value=1, max_value=LARGEST, default=SIZE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _in_order(attrs, "since", "until")
        return attrs


class ScanQuery(Asked):
    status = serializers.MultipleChoiceField(choices=Scan.Status.choices, required=False)
    verdict = serializers.MultipleChoiceField(
        choices=[verdict.value for verdict in VERDICTS], required=False
    )
    reason = serializers.ListField(
        child=serializers.RegexField(r"^[a-z_]{1,32}$"),
        max_length=MANY,
        required=False,
        help_text="Why it is there: the code of an error, “score” or “known”, several.",
    )
    detector = serializers.CharField(max_length=255, required=False, help_text="Its identity.")
    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    low = Score(required=False, help_text="That score, or above.")
    high = Score(required=False, help_text="That score, or below.")
    object = serializers.CharField(
        max_length=255, required=False, help_text="Primary key; together with “field”."
    )
    uploader = PersonKey(required=False, help_text="Primary key of a user.")
    sort = serializers.ChoiceField(choices=list(SORTS.items()), default=NEWEST)
    before = Cursor(required=False, help_text="The cursor of a page: what comes before it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _in_order(attrs, "low", "high")
        if "object" in attrs and not attrs.get("field"):
            raise serializers.ValidationError({"field": _("Name the field of the object.")})
        return super().validate(attrs)

    @property
    def question(self) -> Question:
        asked = self.validated_data
        return Question(
            statuses=tuple(sorted(asked.get("status") or Scan.Status.values)),
            fields=tuple(sorted(asked.get("field", ()))),
            low=asked.get("low"),
            high=asked.get("high"),
            reasons=tuple(sorted(asked.get("reason", ()))),
            verdicts=tuple(sorted(asked.get("verdict", ()))),
            detector=asked.get("detector", ""),
            label=asked.get("label", ""),
            uploader=asked.get("uploader"),
            since=asked.get("since"),
            until=asked.get("until"),
            object_pk=asked.get("object", ""),
            sort=asked["sort"],
        )


class DecisionQuery(Asked):
    action = serializers.MultipleChoiceField(choices=Decision.Action.choices, required=False)
    scan = serializers.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)
    batch = serializers.UUIDField(required=False, help_text="What was decided in one go.")
    moderator = PersonKey(required=False, help_text="Primary key of a user.")

    @property
    def wanted(self) -> Wanted:
        asked = self.validated_data
        return Wanted(
            actions=tuple(asked.get("action", ())),
            fields=tuple(asked.get("field", ())),
            scan=asked.get("scan"),
            sha256=asked.get("sha256", ""),
            batch=asked.get("batch"),
            moderator=asked.get("moderator"),
            since=asked.get("since"),
            until=asked.get("until"),
        )


def _in_order(attrs: dict[str, Any], low: str, high: str) -> None:
    if low in attrs and high in attrs and attrs[low] > attrs[high]:
        said = _("“%(low)s” must not be above “%(high)s”.") % {"low": low, "high": high}
        raise serializers.ValidationError({high: said})
