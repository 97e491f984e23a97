"""``nsfw_sweep --older-than 0`` meets an upload that is still writing its bytes: nothing is lost,
nothing is published, and who uploads is told where the sweep was faster."""

import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import connections

from django_nsfw.exceptions import QuarantineError
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=71)
SOON = timedelta(0)
PATIENCE = 10
"""Seconds until a thread that waits for another gives up."""


class Quarantine(FileSystemStorage):
    """Calls ``Quarantine.meanwhile`` with what it is about to do, or has half done."""

    meanwhile = staticmethod(lambda what: None)

    def _save(self, name, content):
        folder = name.partition("/")[0]
        body = content.read()
        self.meanwhile(f"before {folder}")
        name = super()._save(name, Halves(body, lambda: self.meanwhile(f"half {folder}")))
        self.meanwhile(f"after {folder}")
        return name

    def delete(self, name):
        self.meanwhile(f"delete {name.partition('/')[0]}")
        super().delete(name)


class Halves(ContentFile):
    def __init__(self, body, between):
        super().__init__(body)
        self.body, self.between = body, between

    def chunks(self, chunk_size=None):
        middle = len(self.body) // 2
        yield self.body[:middle]
        self.between()
        yield self.body[middle:]


@pytest.fixture
def meanwhile(settings, storages, constant, monkeypatch):
    """``meanwhile("half held", deed)`` has it done once, at that moment."""
    constant.answer = 0.8
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": f"{__name__}.Quarantine",
            "OPTIONS": {"location": storages / "quarantine"},
        },
    }
    deeds = {}

    def plan(moment, deed):
        deeds[moment] = deed

    monkeypatch.setattr(
        Quarantine,
        "meanwhile",
        staticmethod(lambda what: deeds.pop(what, lambda: None)()),
    )
    return plan


def findings(**options):
    return [mended.finding.value for mended in sweep(older_than=SOON, **options)]


@pytest.mark.parametrize(
    ("moment", "finding"),
    [
        ("half journal", "unreadable entry"),
        ("before held", "interrupted"),
        ("half held", "interrupted"),
        ("after held", "kept"),
    ],
)
@pytest.mark.parametrize("permissions", [0o644, None], ids=["chmod", "no chmod"])
def test_an_upload_that_the_sweep_has_ended_is_refused(
    moment, finding, permissions, meanwhile, settings
):
    """A disk that sets permissions when all is written notices that its file is gone."""
    settings.FILE_UPLOAD_PERMISSIONS = permissions
    found = []
    meanwhile(moment, lambda: found.extend(findings()))
    with pytest.raises(QuarantineError):
        Photo.objects.create(image=upload(body=BODY))
    assert found == [finding]
    assert (Photo.objects.count(), public()) == (0, {})
    findings()
    # Whatever is there of it is whole, and on record.
    assert held() in ([], [BODY])
    assert [scan.status for scan in Scan.objects.all()] == ["gone"] * len(held())
    assert (journalled(), findings(verify=True)) == ([], [])
    Photo.objects.create(image=upload(body=BODY))
    assert Scan.objects.latest("pk").status == "held"


def test_the_refusal_says_what_to_do(meanwhile):
    meanwhile("before held", findings)
    with pytest.raises(QuarantineError, match=r"^The sweep took this upload for broken while its"):
        Photo.objects.create(image=upload(body=BODY))


@pytest.mark.parametrize("moment", ["before held", "half held"])
def test_a_dry_run_disturbs_no_upload(moment, meanwhile):
    found = []
    meanwhile(moment, lambda: found.extend(findings(dry_run=True)))
    Photo.objects.create(image=upload(body=BODY))
    assert found == ["interrupted"]
    assert (Scan.objects.get().status, held()) == ("held", [BODY])


def test_a_sweep_that_was_killed_when_it_took_over_is_finished_by_the_next(meanwhile):
    def die():
        raise KeyboardInterrupt

    def swept():
        meanwhile("delete held", die)
        with pytest.raises(KeyboardInterrupt):
            findings()

    meanwhile("half held", swept)
    with pytest.raises(QuarantineError):
        Photo.objects.create(image=upload(body=BODY))
    assert len(journalled()) == 2  # of the sweep, and of the upload
    findings()
    assert [scan.status for scan in Scan.objects.all()] == ["gone"] * len(held())
    assert (journalled(), public()) == ([], {})


class Elsewhere:
    """An upload in a thread of its own, stopped at half of its bytes."""

    def __init__(self, meanwhile):
        self.at_half, self.go_on = threading.Event(), threading.Event()
        self.error = None
        meanwhile("half held", self._stop)
        self.thread = threading.Thread(target=self._upload)
        self.thread.start()
        assert self.at_half.wait(PATIENCE)

    def _stop(self):
        self.at_half.set()
        assert self.go_on.wait(PATIENCE)

    def _upload(self):
        photo = Photo()
        try:
            photo.image.save("cat.jpg", upload(body=BODY), save=False)
            self.photo = photo
        except QuarantineError as error:
            self.error = error
        finally:
            for connection in connections.all(initialized_only=True):
                if connection.connection is not None:  # Django leaves those to memory open
                    connection.connection.close()

    def finish(self):
        self.go_on.set()
        self.thread.join(PATIENCE)


def test_bytes_that_become_whole_before_the_upload_can_be_told_are_kept(meanwhile):
    uploading = Elsewhere(meanwhile)
    meanwhile("before journal", uploading.finish)  # the sweep is about to take the entry over
    assert findings() == ["kept"]
    assert uploading.error is None
    assert held() == [BODY]
    uploading.photo.save()
    assert Scan.objects.get().status == "held"
    assert Photo.objects.get().image.name in public()
    assert findings(verify=True) == []


def test_bytes_that_become_whole_while_the_sweep_deletes_them_are_refused(meanwhile):
    uploading = Elsewhere(meanwhile)
    meanwhile("delete held", uploading.finish)
    assert findings() == ["interrupted"]
    assert str(uploading.error).startswith("The sweep took this upload for broken")
    assert (held(), public()) == ([], {})
    assert findings() == ["interrupted"]
    assert (Scan.objects.count(), journalled()) == (0, [])
