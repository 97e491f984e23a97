"""Django REST framework: photos in and out, and what moderators see of them, below ``/api/``."""

from config.hosts import Host

HOST = Host(
    install='pip install "django-nsfw[rest]" drf-spectacular',
    apps=["rest_framework", "drf_spectacular"],
    settings={
        "REST_FRAMEWORK": {
            "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
            "DEFAULT_THROTTLE_RATES": {"nsfw": "60/min"},
        },
        "SPECTACULAR_SETTINGS": {
            "TITLE": "Photo gallery",
            "VERSION": "1",
            "COMPONENT_SPLIT_REQUEST": True,
        },
    },
    urls=[("api/", "gallery.api.urls")],
)
