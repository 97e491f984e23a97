from django.urls import path

from . import asynchronous, views

app_name = "gallery"
urlpatterns = [
    path("", views.Gallery.as_view(), name="gallery"),
    path("photos/<int:pk>/", views.PhotoPage.as_view(), name="photo"),
    path("upload/", views.Upload.as_view(), name="upload"),
    path("upload/async/", asynchronous.upload, name="upload-async"),
]
