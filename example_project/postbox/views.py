"""A page, a signed link to put a picture under, and what became of it."""

import uuid
from typing import Any

import boto3
from django.core.files.storage import storages
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST
from django.views.generic import ListView

from django_nsfw.listings import status_of, with_nsfw_status

from .models import Picture

MEGABYTES = 10
MINUTES = 5
NO_KEY = "The site has no key to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."


class Postbox(ListView):  # type: ignore[type-arg]
    template_name = "postbox/postbox.html"
    context_object_name = "pictures"
    paginate_by = 12

    def get_queryset(self) -> QuerySet[Picture]:
        """Nobody sees what was not looked at: it may not even be there yet."""
        pictures = with_nsfw_status(Picture.objects.all())
        return pictures.filter(nsfw_image__isnull=False)


@require_POST
def begin(request: HttpRequest) -> JsonResponse:
    """A row, and a form for the bucket: good for minutes, for this key and so many bytes."""
    if boto3.Session().get_credentials() is None:
        return JsonResponse({"error": NO_KEY}, status=503)
    picture = Picture.objects.create(image=f"{uuid.uuid4().hex}.jpg")
    bucket: Any = storages["bucket"]
    upload = bucket.connection.meta.client.generate_presigned_post(
        Bucket=bucket.bucket_name,
        Key=picture.image.name,
        Fields={"Content-Type": "image/jpeg"},
        Conditions=[
            {"Content-Type": "image/jpeg"},
            ["content-length-range", 1, MEGABYTES * 1_000_000],
        ],
        ExpiresIn=MINUTES * 60,
    )
    return JsonResponse({"picture": picture.pk, "upload": upload})


def became(request: HttpRequest, pk: int) -> JsonResponse:
    """The status of its scan; null until the bucket has said that it arrived."""
    return JsonResponse({"status": status_of(get_object_or_404(Picture, pk=pk).image)})
