"""What can be assigned to a file field: scored and stored are the same bytes, whatever it is."""

import io

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    SimpleUploadedFile,
    TemporaryUploadedFile,
)
from django.forms import modelform_factory
from PIL import Image

from django_nsfw.assessment import assess
from django_nsfw.bodies import digest
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import held, journalled, public, tree
from tests.host.models import Asset, Avatar, Badge, Paper, Photo

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=11)


def in_memory(tmp_path):
    return InMemoryUploadedFile(io.BytesIO(BODY), "image", "cat.jpg", "image/jpeg", len(BODY), None)


def temporary(tmp_path):
    file = TemporaryUploadedFile("cat.jpg", "image/jpeg", len(BODY), None)
    file.write(BODY)
    file.seek(0)
    return file


def content_file(tmp_path):
    return ContentFile(BODY, name="cat.jpg")


def open_file(tmp_path):
    path = tmp_path / "somewhere.jpg"
    path.write_bytes(BODY)
    return File(path.open("rb"), name="cat.jpg")


def read_to_its_end(tmp_path):
    file = content_file(tmp_path)
    file.read()
    return file


class Stream(io.RawIOBase):
    """Bytes that come once, as from a socket."""

    def __init__(self, body):
        self._body = io.BytesIO(body)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._body.readinto(buffer)


def stream(tmp_path):
    return File(io.BufferedReader(Stream(BODY)), name="cat.jpg")


class Reader:
    """The least that Django takes: something to read from."""

    closed = False

    def __init__(self, body):
        self._body = io.BytesIO(body)
        self.close = self._body.close

    def read(self, size=-1):
        return self._body.read(size)


def reader(tmp_path):
    file = File(Reader(BODY), name="cat.jpg")
    file.size = len(BODY)
    return file


def bare_stream(tmp_path):
    return io.BytesIO(BODY)


CONTENTS = {
    "an InMemoryUploadedFile": in_memory,
    "a TemporaryUploadedFile": temporary,
    "a ContentFile": content_file,
    "an open file": open_file,
    "a file that was read to its end": read_to_its_end,
    "a stream that cannot seek": stream,
    "something with nothing but read()": reader,
    "a stream that is no File": bare_stream,
}
every_content = pytest.mark.parametrize("make", CONTENTS.values(), ids=CONTENTS)


@every_content
def test_held_bytes_are_in_quarantine_and_nowhere_else(make, explicit, media, tmp_path):
    content = make(tmp_path)
    asset = Asset(notes="x")
    asset.file.save("cat.jpg", content)
    content.close()
    assert held() == [BODY]
    assert BODY not in [body for _, body in media.received]
    assert Scan.objects.get().sha256 == digest(io.BytesIO(BODY))[0]
    assert list(public()) == [asset.file.name]


@every_content
def test_clear_bytes_are_stored_as_they_came(make, constant, tmp_path):
    content = make(tmp_path)
    asset = Asset(notes="x")
    asset.file.save("cat.jpg", content)
    content.close()
    assert public() == {asset.file.name: BODY}
    assert Scan.objects.get().status == "clear"


@pytest.mark.parametrize("said", ["text/html", "image/svg+xml", ""])
def test_a_storage_is_told_what_the_bytes_are_and_not_what_their_sender_says(constant, said):
    file = SimpleUploadedFile("cat.jpg", BODY, content_type=said)
    Paper.objects.create(scan=file)
    assert Scan.objects.get().status == "clear"
    assert file.content_type == "image/jpeg"


def test_what_is_no_picture_and_let_through_is_what_its_sender_says(constant, settings):
    settings.NSFW_POLICY = {"on_error": "allow"}
    file = SimpleUploadedFile("notes.txt", b"notes", content_type="text/plain")
    Paper.objects.create(scan=file)
    assert Scan.objects.get().status == "clear"
    assert file.content_type == "text/plain"


def test_text_is_held_as_a_file_that_is_no_picture(constant):
    asset = Asset()
    asset.file.save("notes.txt", ContentFile("grüße"))
    scan = Scan.objects.get()
    assert (scan.status, scan.verdict, scan.error_code) == ("held", "unknown", "not_a_picture")
    assert held() == ["grüße".encode()]
    assert scan.sha256 == digest(io.BytesIO("grüße".encode()))[0]


def test_a_stream_of_text_is_held_like_any_text(constant):
    class Lines(io.StringIO):
        def seekable(self):
            return False

    asset = Asset()
    asset.file.save("notes.txt", File(Lines("grüße"), name="notes.txt"))
    assert held() == ["grüße".encode()]


def test_an_empty_file_is_held(constant):
    asset = Asset()
    asset.file.save("empty.jpg", ContentFile(b""))
    scan = Scan.objects.get()
    assert (scan.status, scan.size) == ("held", 0)
    assert held() == [b""]


def test_a_file_of_the_wrong_extension_is_held(constant):
    asset = Asset()
    asset.file.save("cat.png", ContentFile(BODY))
    assert Scan.objects.get().error_code == "extension_mismatch"
    with Image.open(io.BytesIO(public()[asset.file.name])) as shown:
        assert shown.format == "PNG"


def test_a_form_with_a_large_upload_moves_its_temporary_file_into_quarantine(explicit, tmp_path):
    large = temporary(tmp_path)
    form = modelform_factory(Asset, fields=["file"])({}, {"file": large})
    assert form.is_valid()
    form.save()
    large.close()
    assert held() == [BODY]
    assert explicit.inferences == 1


FORMATS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "GIF": ".gif",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "BMP": ".bmp",
    "TIFF": ".tif",
}


@pytest.mark.parametrize(("format", "extension"), FORMATS.items(), ids=FORMATS)
def test_the_placeholder_has_the_format_the_pixel_size_and_the_extension(
    format, extension, explicit
):
    photo = Photo.objects.create(
        image=upload(f"cat{extension.upper()}", picture(101, 67, format=format))
    )
    assert photo.image.name.endswith(extension.upper())
    with Image.open(io.BytesIO(public()[photo.image.name])) as shown:
        assert (shown.format, shown.size) == (format, (101, 67))
    photo.refresh_from_db()
    assert (photo.width, photo.height) == (101, 67)
    assert (photo.image.width, photo.image.height) == (101, 67)


@pytest.mark.parametrize(
    ("given", "extension"),
    [("report.pdf", ".png"), ("report", ".png"), ("report.svg", ".png"), (".jpg", ".png")],
    ids=["a PDF", "no extension", "an SVG", "nothing but an extension"],
)
def test_what_is_no_picture_gets_a_png_under_the_extension_of_one(given, extension, constant):
    asset = Asset()
    asset.file.save(given, ContentFile(b"%PDF-1.7 nothing"))
    assert asset.file.name.endswith(extension)
    with Image.open(io.BytesIO(public()[asset.file.name])) as shown:
        assert (shown.format, shown.size) == ("PNG", (640, 480))


def test_two_uploads_of_one_name_have_names_that_never_were(explicit):
    names = {Photo.objects.create(image=upload(body=BODY)).image.name for _ in range(3)}
    assert len(names) == 3
    assert all(
        name.startswith("photos/cat_") and len(name) == len("photos/cat_.jpg") + 16
        for name in names
    )


@pytest.mark.parametrize(
    "filename",
    ["a.jpg", f"{'long' * 20}.jpg", f"{'ü' * 60}.jpg"],
    ids=["short", "long", "long and not ASCII"],
)
def test_a_name_fits_its_column(filename, explicit):
    avatar = Avatar.objects.create(nick="ann", image=upload(filename, body=BODY))
    assert len(avatar.image.name) <= 40
    assert avatar.image.name.startswith("avatars/ann/")
    assert avatar.image.name.endswith(".jpg")
    assert held() == [BODY]


def test_a_long_folder_leaves_less_of_the_token_and_still_fits(explicit):
    avatar = Avatar.objects.create(nick="a" * 20, image=upload("ab.jpg", body=BODY))
    assert len(avatar.image.name) <= 40
    assert held() == [BODY]


def test_a_folder_without_any_room_is_the_storages_own_error_and_publishes_nothing(explicit):
    Avatar._meta.get_field("image").max_length = 33
    try:
        with pytest.raises(SuspiciousFileOperation, match="can not find an available filename"):
            Avatar.objects.create(nick="a" * 20, image=upload("ab.jpg", body=BODY))
    finally:
        Avatar._meta.get_field("image").max_length = 40
    assert public() == {}


@pytest.mark.parametrize("nick", ["../..", "/etc"], ids=["a way up", "an absolute path"])
def test_a_path_that_leads_out_is_the_hosts_own_error(nick, explicit):
    avatar = Avatar(nick=nick)
    name = "/x.jpg" if nick.startswith("/") else "x.jpg"
    field = Avatar._meta.get_field("image")
    upload_to, field.upload_to = field.upload_to, lambda instance, filename: f"{nick}/{name}"
    try:
        with pytest.raises(SuspiciousFileOperation):
            avatar.image.save("x.jpg", ContentFile(BODY))
    finally:
        field.upload_to = upload_to
    assert (public(), held(), journalled()) == ({}, [], [])


def test_a_field_with_its_own_storage_is_held_out_of_that(explicit, tmp_path):
    paper = Paper(scan=upload("passport.jpg", body=BODY))
    paper.save()
    assert held() == [BODY]
    assert list(tree(tmp_path / "papers")) == [paper.scan.name]
    assert public() == {}


def test_scored_are_the_bytes_that_a_resizing_field_stores(constant):
    badge = Badge.objects.create(shrunk=upload("cat.png", picture(format="PNG")))
    stored = public()[badge.shrunk.name]
    scan = Scan.objects.get(field="host.Badge.shrunk")
    assert scan.sha256 == digest(io.BytesIO(stored))[0] == assess(io.BytesIO(stored)).sha256
    assert (scan.width, scan.height) == (32, 32)
    assert constant.inferences == 1


@pytest.mark.parametrize("field", ["before", "after"])
def test_a_thumbnail_that_the_field_makes_of_a_held_upload_is_kept_back_too(field, explicit, media):
    body = picture(format="PNG")
    badge = Badge.objects.create(**{field: upload("cat.png", body)})
    assert body in held()
    scan = Scan.objects.get()
    assert (scan.field, scan.name) == (f"host.Badge.{field}", getattr(badge, field).name)
    assert (scan.width, scan.height) == (96, 64)
    assert not set(held()) & {body for _, body in media.received}
    assert len(held()) == 2


@pytest.mark.parametrize("field", ["before", "after"])
def test_a_thumbnail_that_the_field_makes_of_a_clear_upload_is_stored(field, constant):
    body = picture(format="PNG")
    badge = Badge.objects.create(**{field: upload("cat.png", body)})
    assert sorted(public()) == sorted([getattr(badge, field).name, "small/cat.png.png"])
    assert held() == []
    assert Scan.objects.get().name == getattr(badge, field).name


@pytest.mark.parametrize("enter", ["create", "save"])
def test_a_field_that_stores_by_itself_is_held_and_recorded_all_the_same(enter, explicit):
    if enter == "create":
        badge = Badge.objects.create(alone=upload("cat.jpg", BODY))
    else:
        badge = Badge()
        badge.alone.save("cat.jpg", ContentFile(BODY))
    scan = Scan.objects.get()
    assert (scan.status, scan.field, scan.name) == ("held", "host.Badge.alone", badge.alone.name)
    assert held() == [BODY]
    assert BODY not in public().values()
    assert journalled() == []
