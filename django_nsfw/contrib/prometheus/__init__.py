"""Prometheus: what is scored and how long it takes, what becomes of it, and what waits."""
