"""Everything there is: files of every folder, and rows of every table of ours and of the host."""

from django.apps import apps
from django.conf import settings

from tests.folders import tree


def everything():
    rows = {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for app in ("django_nsfw", "host")
        for model in apps.get_app_config(app).get_models()
        if model._meta.pk.name == "id"
    }
    root = settings.MEDIA_ROOT
    return rows, {path: tree(path) for path in (root, root.parent / "quarantine") if path.exists()}
