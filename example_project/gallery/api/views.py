from typing import Any

from django.db.models import QuerySet
from rest_framework.mixins import (
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    UpdateModelMixin,
)
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from ..models import Photo
from ..views import public_photos
from .serializers import PhotoSerializer


class OwnersChange(BasePermission):
    def has_object_permission(self, request: Request, view: Any, obj: Photo) -> bool:
        return request.method in SAFE_METHODS or obj.owner == request.user


class Pages(PageNumberPagination):
    page_size = 12


class PhotoViewSet(
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    UpdateModelMixin,
    GenericViewSet[Photo],
):
    """Pictures in the gallery. What is held or removed has a placeholder as its image."""

    queryset = Photo.objects.all()
    serializer_class = PhotoSerializer
    permission_classes = [OwnersChange]
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[Photo]:
        return public_photos()

    def perform_create(self, serializer: BaseSerializer[Photo]) -> None:
        user = self.request.user
        serializer.save(owner=user if user.is_authenticated else None)
