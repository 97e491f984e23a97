"""A picture is taken, and then the request's transaction is rolled back."""

from datetime import timedelta

import pytest
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import RequestFactory

from django_nsfw.contrib.stored_files.editors import TinyMCEUpload
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.contrib.stored_files.conftest import lying
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=1)


class Failing(TinyMCEUpload):
    def accepted(self, url, notice):
        raise RuntimeError


@pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])
def test_with_atomic_requests(score, constant, admin_user, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    constant.answer = score
    request = RequestFactory().post("/", {"file": upload("cat.jpg", BODY)})
    request.user, request._dont_enforce_csrf_checks = admin_user, True
    with pytest.raises(RuntimeError):
        BaseHandler().make_view_atomic(Failing.as_view())(request)
    assert (StoredFile.objects.count(), Scan.objects.count()) == (0, 0)
    assert (BODY in lying().values(), held()) == ((True, []) if score < 0.5 else (False, [BODY]))
    found = [each.finding for each in sweep(older_than=timedelta(0))]
    assert found == ([] if score < 0.5 else ["kept"])
