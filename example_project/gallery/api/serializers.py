from rest_framework import serializers

from django_nsfw.contrib.rest_framework import (
    ModeratedImages,
    ModerationNoticeField,
    ModerationStatusField,
)

from ..models import Photo


class PhotoSerializer(ModeratedImages, serializers.ModelSerializer[Photo]):
    image_status = ModerationStatusField(source="image")
    image_notice = ModerationNoticeField(source="image")

    class Meta:
        model = Photo
        fields = ["id", "title", "image", "image_status", "image_notice", "owner", "created_at"]
        read_only_fields = ["owner"]
