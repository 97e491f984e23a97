"""Spans of real uploads, exported to memory."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def exporter():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter):
    exporter.clear()
    return lambda: [span for span in exporter.get_finished_spans() if span.name == "nsfw.assess"]


def test_an_upload_is_a_span_within_that_of_its_request(constant, spans):
    constant.answer = 0.7
    with trace.get_tracer("site").start_as_current_span("POST /photos/") as request:
        Photo.objects.create(image=upload("holiday.jpg", seed=1))
    [span] = spans()
    assert span.parent.span_id == request.get_span_context().span_id
    said = dict(span.attributes)
    assert said["nsfw.score"] == pytest.approx(0.7)
    assert (said["nsfw.alias"], said["nsfw.format"]) == ("default", "JPEG")
    assert (said["nsfw.recalled"], len(said["nsfw.sha256"])) == (False, 64)
    assert span.status.is_ok
    assert 0 < span.end_time - span.start_time < 60e9
    assert "holiday" not in span.to_json()


def test_bytes_that_were_seen_before_say_so(constant, spans):
    for _ in range(2):
        Photo.objects.create(image=upload(seed=2))
    assert [span.attributes["nsfw.recalled"] for span in spans()] == [False, True]


def test_what_has_no_score_is_an_error_with_its_reason(broken, spans):
    Photo.objects.create(image=upload(seed=3))
    [span] = spans()
    assert not span.status.is_ok
    assert span.attributes["nsfw.failure"] == "detector_unavailable"
    assert "nsfw.score" not in span.attributes
