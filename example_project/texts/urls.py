from django.urls import path

from django_nsfw.contrib.stored_files.editors import CKEditor5Upload, TinyMCEUpload

from . import views

app_name = "texts"
urlpatterns = [
    path("", views.Texts.as_view(), name="texts"),
    path("<int:pk>/", views.TextPage.as_view(), name="text"),
    path("upload/ckeditor/", CKEditor5Upload.as_view(folder="%Y/%m"), name="ckeditor"),
    path("upload/tinymce/", TinyMCEUpload.as_view(folder="%Y/%m"), name="tinymce"),
]
