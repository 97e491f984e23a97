"""What Wagtail derives from a picture goes where the picture goes."""

from io import StringIO

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image as Pillow
from wagtail.contrib.frontend_cache.backends import BaseBackend
from wagtail.images.models import Image, Rendition
from wagtail.images.utils import generate_signature
from wagtail.models import CollectionViewRestriction

from django_nsfw.contrib.wagtail import derived
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Scan
from django_nsfw.quarantine.rows import Row
from tests.conftest import encode, picture, upload
from tests.folders import held, public
from tests.host.models import Photo

from .doors import sha1

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)
SPECS = ("max-50x50", "fill-20x20", "original")


def image(body=BODY, **options):
    """A public one with renditions in files, rows and cache."""
    made = Image.objects.create(title="cat", file=upload(body=body), **options)
    made._set_image_file_metadata()
    made.file.close()
    made.save()
    render(made)
    return made


def render(image):
    return {spec: image.get_rendition(spec) for spec in SPECS}


def now(image):
    return Image.objects.get(pk=image.pk)


def scan_of(image):
    return Scan.objects.current().get(object_pk=str(image.pk))


def measured(image):
    """As the row has it, and as the file has it."""
    body = public()[image.file.name]
    row = (image.file_size, image.file_hash)
    return row, (len(body), sha1(body))


def is_grey(rendition):
    """Whether it is one of the placeholder: the test's pictures are colourful."""
    with rendition.file.open() as file:
        pixels = np.asarray(Pillow.open(file).convert("RGB").resize((8, 8)), dtype=int)
    return (pixels.max(axis=2) - pixels.min(axis=2)).max() < 30


def test_a_rejected_picture_loses_its_renditions_in_files_rows_and_cache(constant, editor):
    made = image(focal_point_x=10, focal_point_y=20, focal_point_width=5, focal_point_height=6)
    before = render(made)
    keys = [rendition.get_cache_key() for rendition in before.values()]
    assert all(Rendition.cache_backend.get(key) for key in keys)
    reject(scan_of(made), moderator=editor)
    shown = now(made)
    assert held() == [BODY]
    assert list(public()) == [shown.file.name]
    assert Rendition.objects.count() == 0
    assert not any(Rendition.cache_backend.get(key) for key in keys)
    row, file = measured(shown)
    assert row == file
    assert (shown.width, shown.height) == (96, 64)
    assert (shown.focal_point_x, shown.focal_point_y) == (10, 20)
    assert all(is_grey(rendition) for rendition in render(shown).values())


def test_an_approved_picture_gets_renditions_of_its_own_again(constant, editor):
    constant.answer = 0.8
    made = now(image())
    assert all(is_grey(rendition) for rendition in render(made).values())
    approve(scan_of(made), moderator=editor)
    shown = now(made)
    assert list(public()) == [shown.file.name]
    assert Rendition.objects.count() == 0
    assert measured(shown)[0] == (len(BODY), sha1(BODY))
    assert not any(is_grey(rendition) for rendition in render(shown).values())


def test_an_undo_brings_them_back_as_well(constant, editor):
    made = image()
    rejection = reject(scan_of(made), moderator=editor)
    render(now(made))
    undo(rejection, moderator=editor)
    assert list(public()) == [now(made).file.name]
    assert measured(now(made))[0] == (len(BODY), sha1(BODY))
    assert not any(is_grey(rendition) for rendition in render(now(made)).values())


def test_a_placeholder_of_another_size_is_measured(constant, editor, settings):
    """Of what cannot be drawn: it is 640 × 480 then."""
    settings.NSFW_FIELDS = settings.NSFW_FIELDS | {"wagtailimages.Image.file": {}}
    settings.NSFW_LIMITS = {"max_side": 50}
    held_one = Image.objects.create(title="cat", file=upload(body=BODY))
    shown = now(held_one)
    assert (shown.width, shown.height) == (640, 480)
    settings.NSFW_LIMITS = {}
    approve(scan_of(shown), moderator=editor)
    assert (now(shown).width, now(shown).height) == (96, 64)


def test_what_wagtail_cannot_read_is_measured_as_far_as_it_goes(constant, caplog):
    made, cut = image(), BODY[:-99]
    (settings.MEDIA_ROOT / made.file.name).write_bytes(cut)
    row = Row(Image._meta.get_field("file"), str(made.pk), "default")
    derived.measure(now(made), row)
    assert measured(now(made))[0] == (len(cut), sha1(cut))
    assert (now(made).width, now(made).height) == (96, 64)
    assert f"The file of wagtailimages.Image {made.pk} cannot be measured" in caplog.text


def test_copies_that_share_the_file_follow(constant, editor):
    made = image()
    copy = Image.objects.create(title="copy", file=made.file.name, file_size=1, file_hash="x")
    render(copy)
    reject(scan_of(made), moderator=editor)
    assert Rendition.objects.count() == 0
    assert now(copy).file.name == now(made).file.name
    row, file = measured(now(copy))
    assert row == file


def test_what_visitors_and_programs_get_is_the_placeholder(client, constant, editor):
    made = image()
    signature = generate_signature(made.pk, "max-50x50")
    served = reverse("wagtailimages_serve", args=[signature, made.pk, "max-50x50"])
    original = b"".join(client.get(served).streaming_content)
    reject(scan_of(made), moderator=editor)
    name = now(made).file.name
    [v2] = client.get("/api/v2/images/").json()["items"]
    [v3] = client.get(reverse("wagtailapi_v3:list_images")).json()["items"]
    assert v2["meta"]["download_url"].endswith(name)
    assert v3["meta"]["download_url"].endswith(name)
    assert b"".join(client.get(served).streaming_content) != original
    assert BODY not in public().values()


def test_a_private_collection_hides_no_file_and_holding_does(client, constant, editor, root):
    private = root.add_child(name="private")
    CollectionViewRestriction.objects.create(collection=private, restriction_type="login")
    made = image(collection=private)
    assert client.get("/api/v2/images/").json()["items"] == []
    assert public()[made.file.name] == BODY
    reject(scan_of(made), moderator=editor)
    assert BODY not in public().values()


class Frontend(BaseBackend):
    purged = []

    def purge(self, url):
        self.purged.append(url)


def test_renditions_leave_the_frontend_cache(constant, editor, settings, monkeypatch):
    settings.WAGTAILFRONTENDCACHE = {"tests": {"BACKEND": f"{__name__}.Frontend"}}
    monkeypatch.setattr(Frontend, "purged", [])
    made = image()
    urls = {rendition.full_url for rendition in render(made).values()}
    reject(scan_of(made), moderator=editor)
    assert set(Frontend.purged) == urls
    assert all(url.startswith("http://testserver/media/images/cat.") for url in urls)


# What a crash leaves behind.


def swept(**options):
    out = StringIO()
    call_command("nsfw_sweep", stdout=out, **options)
    return out.getvalue().splitlines()


def crash(monkeypatch, act):
    def killed(*args, **kwargs):
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(derived, "catch_up", killed)
        act()


def test_the_sweep_deletes_what_a_crash_left(constant, editor, monkeypatch):
    made = image()
    crash(monkeypatch, lambda: reject(scan_of(made), moderator=editor))
    assert Rendition.objects.count() == 3
    said = (
        f"caught up: wagtailimages.Image.file of {made.pk}: 3 renditions of another file are "
        "deleted, its size and hash written anew"
    )
    assert swept(dry_run=True)[0] == said
    assert Rendition.objects.count() == 3
    assert swept()[0] == said
    assert (Rendition.objects.count(), list(public())) == (0, [now(made).file.name])
    row, file = measured(now(made))
    assert row == file
    render(now(made))
    assert swept() == ["Nothing was left behind."]
    assert Rendition.objects.count() == 3


@pytest.mark.django_db(transaction=True, databases=["default", "second"])
def test_the_movement_is_ended_by_the_sweep_and_the_renditions_with_it(
    constant, editor, monkeypatch
):
    made = image()
    crash(monkeypatch, lambda: reject(scan_of(made), moderator=editor))
    assert swept(older_than=0)[0].startswith("finished: take_down of wagtailimages.Image.file")
    assert (Rendition.objects.count(), list(public())) == (0, [now(made).file.name])
    assert swept(older_than=0) == ["Nothing was left behind."]


def test_the_sweep_shows_what_was_released_before_a_crash(constant, editor, monkeypatch):
    constant.answer = 0.8
    made = now(image())
    render(made)
    crash(monkeypatch, lambda: approve(scan_of(made), moderator=editor))
    assert swept()[0].startswith("caught up: ")
    assert measured(now(made))[0][0] == len(BODY)
    assert not any(is_grey(rendition) for rendition in render(now(made)).values())


def test_the_sweep_deletes_what_was_made_of_a_file_that_was_open_before(constant, editor):
    made = image()
    made.file.open()
    reject(scan_of(made), moderator=editor)
    made.get_rendition("max-30x30")
    made.file.close()
    assert Rendition.objects.count() == 1
    assert swept()[0].startswith("caught up: ")
    assert (Rendition.objects.count(), list(public())) == (0, [now(made).file.name])


def test_a_storage_that_fails_is_a_failure_of_the_sweep(constant, editor, monkeypatch):
    made = image()
    crash(monkeypatch, lambda: reject(scan_of(made), moderator=editor))
    storage = Rendition._meta.get_field("file").storage

    def full(name):
        raise OSError("It does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete", full, raising=False)
        with pytest.raises(SystemExit):
            swept()
    assert Rendition.objects.count() == 3
    swept()
    assert Rendition.objects.count() == 0


def test_the_sweep_asks_little_of_the_database(constant, editor):
    for seed in range(3):
        reject(scan_of(image(picture(seed=seed))), moderator=editor)
    with CaptureQueriesContext(
        connection,
    ) as three:
        swept()
    for seed in range(3, 6):
        reject(scan_of(image(picture(seed=seed))), moderator=editor)
    with CaptureQueriesContext(connection) as six:
        swept()
    assert len(three) == len(six)


def test_nothing_is_asked_or_done_for_files_of_others(constant, editor, django_assert_num_queries):
    Photo.objects.create(image=upload())
    scan = Scan.objects.get()
    with django_assert_num_queries(0):
        derived.catch_up(scan.field, scan.object_pk, using="default", name=scan.name)


def test_an_object_that_was_replaced_meanwhile_is_left_alone(constant, editor):
    made = image()
    scan = scan_of(made)
    made.file = upload(body=picture(seed=2))
    made.save()
    before = Image.objects.values().get()
    derived.catch_up(scan.field, scan.object_pk, using="default", name=scan.name)
    assert Image.objects.values().get() == before


def test_animations_and_transparency(constant, editor):
    """Placeholders of every format have renditions."""
    for format in ("PNG", "GIF", "WEBP", "AVIF"):
        constant.answer = 0.8
        body = encode(Pillow.new("RGBA", (40, 30), (200, 10, 10, 99)), format)
        made = Image.objects.create(title=format, file=upload(f"a.{format.lower()}", body=body))
        assert is_grey(now(made).get_rendition("max-20x20"))
