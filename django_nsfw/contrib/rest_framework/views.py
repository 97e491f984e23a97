"""An API that reads: what was scanned, and what moderators decided."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.apps import apps
from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle, UserRateThrottle
from rest_framework.viewsets import GenericViewSet

from ...models import Decision, Scan
from ...permissions import may_see, may_see_decisions, visible, visible_decisions
from ...queue.pages import page
from .log import decided
from .pagination import Cursors, Pages
from .queries import Asked, DecisionQuery, ScanQuery
from .serializers import NSFWDecisionSerializer, NSFWScanDetailSerializer, NSFWScanSerializer

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

if apps.is_installed("drf_spectacular"):
    from . import schema  # noqa: F401 - read by who describes the API


class MaySeeScans(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return may_see(request.user)


class MaySeeDecisions(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return may_see_decisions(request.user)


class ModerationThrottle(UserRateThrottle):
    """``DEFAULT_THROTTLE_RATES["nsfw"]`` of the site; None there switches it off."""

    scope = "nsfw"
    usual = "120/min"

    def get_rate(self) -> Any:
        return api_settings.DEFAULT_THROTTLE_RATES.get(self.scope, self.usual)


@method_decorator(cache_control(private=True, no_store=True), name="dispatch")
class Reading(ListModelMixin, RetrieveModelMixin, GenericViewSet[Any]):
    """What the site asks of every view holds here, too: permissions and throttles are added."""

    pagination_class = Pages
    filter_backends = []
    permission: ClassVar[type[BasePermission]]
    query_class: ClassVar[type[Asked]]

    def get_permissions(self) -> Any:
        of_site = [p for p in super().get_permissions() if not isinstance(p, AllowAny)]
        return [*of_site, self.permission()]

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ModerationThrottle()]

    def asked(self) -> Any:
        query = self.query_class(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return query

    def found(self) -> Cursors:
        raise NotImplementedError


class ScanViewSet(Reading):
    """Files that were scanned, in the fields that the caller moderates."""

    queryset = Scan.objects.all()
    permission = MaySeeScans
    query_class = ScanQuery

    def get_queryset(self) -> QuerySet[Scan]:
        return visible(self.request.user, super().get_queryset())

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return NSFWScanDetailSerializer if self.action == "retrieve" else NSFWScanSerializer

    def found(self) -> Cursors:
        query = self.asked()
        asked = query.validated_data
        found = page(
            query.question,
            cast("AbstractBaseUser", self.request.user),
            after=asked.get("after", ""),
            before=asked.get("before", ""),
            size=asked["size"],
        )
        return Cursors(rows=found.scans, next=found.next, previous=found.previous)


class DecisionViewSet(Reading):
    """What moderators decided, in the fields that the caller moderates. The newest first."""

    queryset = Decision.objects.select_related("scan", "undone_by").defer("scan__crops")
    serializer_class = NSFWDecisionSerializer
    permission = MaySeeDecisions
    query_class = DecisionQuery

    def get_queryset(self) -> QuerySet[Decision]:
        return visible_decisions(self.request.user, super().get_queryset())

    def found(self) -> Cursors:
        query = self.asked()
        asked = query.validated_data
        return decided(
            query.wanted, self.request.user, after=asked.get("after", ""), size=asked["size"]
        )
