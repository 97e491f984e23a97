"""What was found in a file → a span that has ended."""

import time
from typing import Any

from opentelemetry import trace

from ... import __version__
from ...scores import Assessment

tracer = trace.get_tracer("django_nsfw", __version__)
"""Follows the provider that the site sets, now or later."""


def record(
    *, assessment: Assessment, alias: str, seconds: float, recalled: bool, **kwargs: Any
) -> None:
    """The current span is the parent. No file name: it may say something about a person."""
    end = time.time_ns()
    span = tracer.start_span("nsfw.assess", start_time=end - int(seconds * 1e9))
    span.set_attributes(
        {
            "nsfw.alias": alias,
            "nsfw.detector": assessment.detector,
            "nsfw.sha256": assessment.sha256,
            "nsfw.format": assessment.format,
            "nsfw.bytes": assessment.size,
            "nsfw.frames": assessment.frames,
            "nsfw.recalled": recalled,
        }
    )
    if assessment.nsfw is not None:
        span.set_attribute("nsfw.score", assessment.nsfw)
    if assessment.failure is not None:
        span.set_attribute("nsfw.failure", assessment.failure.code)
        span.set_status(trace.StatusCode.ERROR, assessment.failure.message)
    span.end(end)
