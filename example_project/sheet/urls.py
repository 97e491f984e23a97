from django.urls import path
from gallery.views import Gallery

app_name = "sheet"
urlpatterns = [path("", Gallery.as_view(template_name="sheet/sheet.html"), name="sheet")]
