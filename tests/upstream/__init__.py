"""Tests that others wrote, run with this app and without it: the same must pass.

``python -m tests.upstream`` runs Django's own. Those of Wagtail are beside the suite of that host.
"""
