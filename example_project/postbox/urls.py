from django.urls import path

from . import views

app_name = "postbox"
urlpatterns = [
    path("", views.Postbox.as_view(), name="postbox"),
    path("begin/", views.begin, name="begin"),
    path("<int:pk>/", views.became, name="became"),
]
