from django.apps import AppConfig

from config.data import DATA_DIR


class OperationsConfig(AppConfig):
    name = "config.operations"

    def ready(self) -> None:
        """Spans go to a file that people can read. A site has an exporter to its collector here,
        and a ``BatchSpanProcessor``, which does not let uploads wait for it."""
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor

        from .spans import LinesExporter

        provider = TracerProvider(resource=Resource.create({"service.name": "gallery"}))
        provider.add_span_processor(SimpleSpanProcessor(LinesExporter(DATA_DIR / "spans.jsonl")))
        trace.set_tracer_provider(provider)
