"""No door for pictures, but what an operator watches: metrics, health, spans and records."""

from config.data import DATA_DIR
from config.hosts import Host

HOST = Host(
    install=(
        "pip install prometheus-client opentelemetry-sdk django-health-check python-json-logger"
    ),
    apps=[
        "health_check",
        "django_nsfw.contrib.prometheus",
        "django_nsfw.contrib.opentelemetry",
        "config.operations",
    ],
    needs=["prometheus_client", "opentelemetry.sdk.trace", "pythonjsonlogger"],
    settings={
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(levelname)s %(name)s %(message)s",
                    "timestamp": True,
                },
            },
            "handlers": {
                "records": {
                    "class": "logging.FileHandler",
                    "filename": DATA_DIR / "records.jsonl",
                    "delay": True,
                    "formatter": "lines",
                },
            },
            "loggers": {"django_nsfw": {"handlers": ["records"], "level": "INFO"}},
        },
    },
    urls=[("", "config.operations.urls")],
)
