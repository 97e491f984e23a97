"""Wrong keys, a bucket that is gone, a server that hangs up or never answers: each is one clear
error, nothing is published, nothing is lost."""

import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import storages as configured
from django.core.management import CommandError, call_command

from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import PictureNotShown, QuarantineError
from django_nsfw.models import Decision, Scan
from django_nsfw.renditions import revealed
from django_nsfw.sweeping import Finding, sweep
from tests.drawn import noise
from tests.host.models import Photo
from tests.s3.server import QUARANTINE, config, readable

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = noise(60, 40, seed=7)
LARGE = noise(400, 400, seed=7)
DAY = timedelta(days=1)


@contextmanager
def listening(answer):
    """An address that takes connections and does ``answer`` with each."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(connection)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in taken:
            connection.close()


def hang_up_midway(connection):
    connection.recv(20_000)  # of a body that is longer
    connection.close()


def say_nothing(connection):
    pass


@pytest.fixture(params=["wrong secret", "unknown key", "bucket gone", "hangs up", "never answers"])
def fault(request):
    """Options of a storage that fails, and words of the error."""
    if request.param == "wrong secret":
        yield {"secret_key": "wrong"}, ("SignatureDoesNotMatch", "Forbidden")
    elif request.param == "unknown key":
        yield {"access_key": "nobody"}, ("InvalidAccessKeyId", "Forbidden")
    elif request.param == "bucket gone":
        yield {"bucket_name": "gone"}, ("bucket does not exist",)
    else:
        patient = config().merge(
            type(config())(read_timeout=0.3, retries={"total_max_attempts": 1})
        )
        answer = hang_up_midway if request.param == "hangs up" else say_nothing
        with listening(answer) as address:
            options = {"endpoint_url": address, "client_config": patient}
            yield options, ("closed", "timeout", "timed out", "aborted", "reset", "Broken pipe")


def break_off(settings, alias, options):
    spec = settings.STORAGES[alias]
    close(alias)
    settings.STORAGES = {
        **settings.STORAGES,
        alias: {**spec, "OPTIONS": {**spec["OPTIONS"], **options}},
    }


def close(alias):
    configured[alias].connection.meta.client.close()


def upload(body=LARGE):
    return Photo.objects.create(image=ContentFile(body, name="cat.png"))


def said(error, words):
    return any(word.lower() in str(error.value).lower() for word in words)


def test_an_upload_that_cannot_be_held_fails_and_is_nowhere(build, settings, fault):
    options, words = fault
    site = build()
    break_off(settings, "nsfw_quarantine", options)
    with pytest.raises(QuarantineError, match=r"^The quarantine cannot be written: ") as error:
        upload()
    assert said(error, words), error.value
    assert (site.files("media"), Photo.objects.count(), Scan.objects.count()) == ({}, 0, 0)


def test_a_release_without_its_quarantine_changes_nothing(build, settings, fault):
    options, words = fault
    site = build()
    photo = upload()
    media, quarantine = site.files("media"), site.files("quarantine")
    break_off(settings, "nsfw_quarantine", options)
    with pytest.raises(QuarantineError) as error:
        approve(Scan.objects.get(), moderator=None)
    assert said(error, words), error.value
    assert (site.files("media"), site.files("quarantine")) == (media, quarantine)
    assert (Scan.objects.get().status, Decision.objects.count()) == ("held", 0)
    assert Photo.objects.get().image.name == photo.image.name


@pytest.mark.parametrize("held", [True, False], ids=["held", "public"])
def test_a_look_without_its_storage_is_a_sentence_that_tells_nothing(
    build, settings, constant, fault, held, caplog
):
    options, words = fault
    build()
    constant.answer = 0.8 if held else 0.1
    upload()
    scan = Scan.objects.get()
    break_off(settings, "nsfw_quarantine" if held else "default", options)
    with pytest.raises(PictureNotShown) as error:
        revealed(scan, greyscale=True)
    if "bucket_name" in options:  # the server says of such a file that it is not there
        assert error.value.code == "missing"
    else:
        assert error.value.code == "storage"
        assert not said(error, words)
        assert any(word.lower() in caplog.text.lower() for word in words)


def test_a_release_into_a_storage_that_fails_is_undone(build, settings, fault):
    options, words = fault
    site = build()
    upload()
    media, quarantine = site.files("media"), site.files("quarantine")
    spec = settings.STORAGES
    break_off(settings, "default", options)
    with pytest.raises(OSError) as error:  # a StorageError, or the client's own time-out
        approve(Scan.objects.get(), moderator=None)
    assert said(error, words), error.value
    assert (Scan.objects.get().status, Decision.objects.count()) == ("held", 0)
    # The sweep deletes nothing on the word of such a storage, and mends it with the right one.
    assert {mended.finding for mended in sweep(older_than=-DAY)} <= {
        Finding.FAILED,
        Finding.MISSING,
    }
    close("default")
    settings.STORAGES = spec
    swept = list(sweep(older_than=-DAY))
    assert [mended.finding for mended in swept] == [Finding.UNDONE], swept
    assert (site.files("media"), site.files("quarantine")) == (media, quarantine)


def test_a_take_down_that_cannot_reach_the_quarantine_leaves_it_public(build, settings, constant):
    constant.answer = 0.0
    site = build()
    upload()
    break_off(settings, "nsfw_quarantine", {"bucket_name": "gone"})
    with pytest.raises(QuarantineError):
        reject(Scan.objects.get(), moderator=None)
    assert list(site.files("media").values()) == [LARGE]
    assert Scan.objects.get().status == "clear"


def test_the_sweep_says_in_one_sentence_that_the_quarantine_is_not_there(build, settings, fault):
    options, _ = fault
    site = build()
    upload()
    kept = site.files("quarantine")
    break_off(settings, "nsfw_quarantine", options)
    with pytest.raises(CommandError, match=r"^The quarantine cannot be listed: "):
        call_command("nsfw_sweep", "--verify", older_than=0, stdout=StringIO())
    assert site.files("quarantine") == kept


def test_check_deploy_says_what_is_wrong_and_plain_check_asks_no_server(build, settings, fault):
    options, words = fault
    build()
    break_off(settings, "nsfw_quarantine", options)
    assert checks.run_checks(tags=["nsfw"]) == []
    [error] = list(checks.run_checks(tags=["nsfw"], include_deployment_checks=True))
    assert error.id == "django_nsfw.E013"
    assert any(word.lower() in error.msg.lower() for word in words), error.msg
    hints = {"secret_key": "Correct access_key", "access_key": "Correct access_key"}
    hints["bucket_name"] = "Create the bucket"
    assert error.hint.startswith(hints.get(next(iter(options)), "Until it works"))


def test_check_deploy_finds_a_bucket_that_anybody_can_read(build):
    site = build()
    check = {"tags": ["nsfw"], "include_deployment_checks": True}
    assert checks.run_checks(**check) == []
    site.server.client.put_bucket_policy(Bucket=QUARANTINE, Policy=readable(f"{QUARANTINE}/*"))
    try:
        assert [error.id for error in checks.run_checks(**check)] == ["django_nsfw.E014"]
    finally:
        site.server.client.delete_bucket_policy(Bucket=QUARANTINE)
    assert site.files("quarantine") == {}


PUBLIC = [
    ({"bucket_name": "media"}, "keeps held images in the bucket 'media' below '/'"),
    ({"bucket_name": "media", "location": "held/"}, "'held/', which is inside of or around"),
    ({"custom_domain": "cdn.example.com"}, "gives out links to cdn.example.com that anybody"),
    ({"querystring_auth": False}, "gives out links without a signature"),
    ({"default_acl": "public-read"}, "with the ACL 'public-read'"),
    ({"object_parameters": {"ACL": "authenticated-read"}}, "with the ACL 'authenticated-read'"),
]


@pytest.mark.parametrize(("options", "words"), PUBLIC, ids=[str(o) for o, _ in PUBLIC])
def test_e002_a_quarantine_on_s3_that_visitors_could_read(build, settings, options, words):
    build()
    break_off(settings, "nsfw_quarantine", options)
    found = checks.run_checks(tags=["nsfw"])
    assert [error.id for error in found] == ["django_nsfw.E002"]
    assert words in found[0].msg
    assert found[0].msg.startswith('STORAGES["nsfw_quarantine"] ')


def test_locations_side_by_side_in_one_bucket_are_two_places(build):
    build("shared", "shared")
    assert checks.run_checks(tags=["nsfw"]) == []
