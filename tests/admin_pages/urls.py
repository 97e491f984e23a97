"""The admin, a page of Django's own in it to compare with, and one with faults of every kind."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from tests.host.models import Album


@admin.register(Album)
class PlainAdmin(admin.ModelAdmin):
    """Nothing here is ours."""

    show_full_result_count = False
    search_fields = ["owner__username"]
    search_help_text = "name of the owner"


FAULTY = """<!doctype html><html lang="en"><title>Faulty</title>
<main><h1 style="color: #eee">Faulty</h1><img src="/static/admin/img/icon-yes.svg">
<button onclick="alert(1)">Go</button><script>document.title = "run"</script></main></html>"""


def faulty(request):
    return HttpResponse(FAULTY)


def no_icon(request):
    return HttpResponse(status=204)


urlpatterns = [
    path("faulty/", faulty),
    path("favicon.ico", no_icon),
    path("admin/", admin.site.urls),
]
