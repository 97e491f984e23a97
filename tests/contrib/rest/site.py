"""Views as sites write them: a model serializer, and serializers by hand."""

from rest_framework import serializers
from rest_framework.parsers import FileUploadParser, FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from django_nsfw.contrib.rest_framework import (
    ModeratedImageField,
    ModeratedImages,
    ModerationNoticeField,
    ModerationStatusField,
)
from django_nsfw.listings import with_nsfw_status
from django_nsfw.scanning import examined
from tests.host.models import Photo


class PhotoSerializer(ModeratedImages, serializers.ModelSerializer):
    image_status = ModerationStatusField(source="image")
    image_notice = ModerationNoticeField(source="image")

    class Meta:
        model = Photo
        fields = ["id", "title", "image", "image_status", "image_notice"]


class PhotoViewSet(ModelViewSet):
    queryset = Photo.objects.order_by("pk")
    serializer_class = PhotoSerializer

    def get_queryset(self):
        return with_nsfw_status(super().get_queryset())


class PlainSerializer(serializers.Serializer):
    file = ModeratedImageField(reject=0.9)


class PlainUpload(APIView):
    """No model behind it: what is refused is refused here, or not at all."""

    parser_classes = [MultiPartParser, FormParser, JSONParser, FileUploadParser]
    serializer_class = PlainSerializer

    def put(self, request):
        serializer = PlainSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        found = examined(serializer.validated_data["file"])
        body = serializer.validated_data["file"].read()
        return Response({"nsfw": found.assessment.nsfw, "size": len(body)})

    post = patch = put


class CoverSerializer(serializers.Serializer):
    image = ModeratedImageField(reject=0.9, error_messages={"nsfw": "Not on a cover."})


class AlbumSerializer(serializers.Serializer):
    cover = CoverSerializer(required=False)
    images = serializers.ListField(child=ModeratedImageField(reject=0.9), max_length=50)


class AlbumUpload(APIView):
    serializer_class = AlbumSerializer

    def post(self, request):
        serializer = AlbumSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        photos = [Photo.objects.create(image=one) for one in serializer.validated_data["images"]]
        return Response({"photos": [photo.pk for photo in photos]})
