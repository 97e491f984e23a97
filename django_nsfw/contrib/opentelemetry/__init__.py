"""OpenTelemetry: a span for each file that is looked at, within that of its request."""
