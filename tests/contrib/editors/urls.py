from django.contrib import admin
from django.urls import include, path

from django_nsfw.contrib.stored_files.editors import CKEditor5Upload, TinyMCEUpload
from tests.contrib.editors.texts import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("files/", include("django_nsfw.contrib.stored_files.urls")),
    path("upload/ckeditor/", CKEditor5Upload.as_view(folder="texts"), name="ckeditor_upload"),
    path("upload/tinymce/", TinyMCEUpload.as_view(folder="texts"), name="tinymce_upload"),
    path("write/", views.write, name="write"),
    path("texts/<int:pk>/", views.text, name="text"),
]
