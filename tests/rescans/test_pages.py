"""Rescans in the admin: to be read."""

import pytest
from django.urls import reverse

from tests.rescans.conftest import rescan, stored

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def test_a_run_is_listed_and_read(constant, admin_client):
    stored("a.jpg", seed=1)
    run = rescan("host.Photo", unscanned=True)
    listed = admin_client.get(reverse("admin:django_nsfw_run_changelist"))
    assert "host.Photo.image" in listed.text
    shown = admin_client.get(reverse("admin:django_nsfw_run_change", args=[run.pk]))
    assert "&quot;scored&quot;: 1" in shown.text


def test_nothing_is_added_changed_or_deleted(constant, admin_client):
    run = rescan("host.Photo")
    for page, args in (("add", []), ("delete", [run.pk])):
        url = reverse(f"admin:django_nsfw_run_{page}", args=args)
        answer = admin_client.post(url, {"post": "yes"})
        assert answer.status_code == 403
    changed = admin_client.post(reverse("admin:django_nsfw_run_change", args=[run.pk]), {})
    assert changed.status_code == 403
