"""``path("files/", include("django_nsfw.contrib.stored_files.urls"))``: the addresses that stay."""

from django.urls import path

from .views import stored_file

app_name = "nsfw_stored_files"

urlpatterns = [path("<str:storage>/<path:name>", stored_file, name="file")]
