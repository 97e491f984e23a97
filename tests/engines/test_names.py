"""Names, digests and identities that differ in case or in a space are different ones."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from django_nsfw.decisions import approve
from django_nsfw.listings import exclude_held, status_of, with_nsfw_status
from django_nsfw.models import Scan
from django_nsfw.models.exact import begins
from django_nsfw.quarantine.names import fresh_name, kept_by_fresh_names
from django_nsfw.quarantine.rows import Row
from tests.conftest import picture, upload
from tests.host.models import Photo
from tests.test_models import scan

pytestmark = pytest.mark.django_db(databases=["default", "second"])

TWINS = pytest.mark.parametrize(
    "twin", ["photos/A.jpg", "photos/\u00e1.jpg", "photos/a.jpg "], ids=["case", "accent", "space"]
)
NAME = "photos/a.jpg"
FIELD = Photo._meta.get_field("image")


@TWINS
def test_the_status_of_a_file_is_not_that_of_its_twin(twin):
    scan(name=NAME, status="held", quarantine_name="held/0").save()
    for name in (NAME, twin):
        Photo.objects.bulk_create([Photo(image=name, width=1, height=1)])
    other = Photo.objects.latest("pk")
    assert status_of(other.image) is None
    assert exclude_held(Photo.objects.all()).get() == other
    found = with_nsfw_status(Photo.objects.order_by("pk")).values_list("nsfw_image", flat=True)
    assert list(found) == ["held", None]


@TWINS
def test_the_row_that_names_a_file_is_not_that_of_its_twin(twin):
    Photo.objects.bulk_create([Photo(image=twin, width=1, height=1)])
    assert Row.naming(FIELD, NAME) is None
    photo = Photo.objects.get()
    row = Row(FIELD, str(photo.pk), "default")
    assert not row.rename(NAME, "photos/new.jpg")
    assert row.rename(twin, "photos/new.jpg")
    assert Photo.objects.values_list("image", flat=True).get() == "photos/new.jpg"


@pytest.mark.parametrize(
    ("column", "value", "twin"),
    [
        ("sha256", "ab" * 32, "AB" * 32),
        ("detector", "timm:Marqo/a", "timm:marqo/a"),
        ("object_pk", "ann", "Ann"),
        ("field", "host.Photo.image", "host.photo.image"),
    ],
)
def test_other_columns_are_exact_too(column, value, twin):
    scan(**{column: value}).save()
    assert Scan.objects.filter(**{column: value}).exists()
    assert not Scan.objects.filter(**{column: twin}).exists()


BEGINNINGS = ["photos/a", "photos/a_", "photos/A", "photos/a-b", "photos/a\u00e1", "a\U0001f43b"]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_what_begins_with_the_same_characters_is_found_and_nothing_else(beginning):
    names = [f"{text}{rest}" for text in BEGINNINGS for rest in ("", ".jpg", "_0z.png", "\u6f22")]
    Scan.objects.bulk_create(scan(name=name) for name in names)
    found = Scan.objects.filter(begins("name", beginning)).values_list("name", flat=True)
    assert sorted(found) == sorted(name for name in names if name.startswith(beginning))


@pytest.mark.parametrize("name", [NAME, "a", "a/b/.c", f"photos/{'x' * 60}.tar.gz", "y.longest"])
@pytest.mark.parametrize("max_length", [None, 24, 30, 40, 100])
def test_fresh_names_begin_with_what_they_keep(name, max_length):
    kept = kept_by_fresh_names(name, max_length=max_length)
    for extension in (None, ".png"):
        assert fresh_name(name, extension=extension, max_length=max_length).startswith(kept)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others have no collations of ICU")
def test_a_column_of_the_host_may_have_any_collation():
    """Two that differ, neither of them the database's own, cannot be compared without a word."""
    with connection.cursor() as cursor:
        cursor.execute(
            'ALTER TABLE host_photo ALTER COLUMN image TYPE varchar(100) COLLATE "de-x-icu"'
        )
    scan(name=NAME, status="held", quarantine_name="held/0").save()
    Photo.objects.bulk_create([Photo(image=name, width=1, height=1) for name in (NAME, "b.jpg")])
    assert exclude_held(Photo.objects.all()).get().image.name == "b.jpg"
    assert status_of(Photo.objects.get(image=NAME).image) == "held"
    assert Row.naming(FIELD, NAME) is not None


def test_a_file_whose_twin_is_decided_stays(constant):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload(body=picture(seed=1)))
    scan = Scan.objects.get()
    other = scan.name.upper()
    default_storage.save(other, ContentFile(picture(seed=2)))
    constant.answer = 0.0
    Photo.objects.filter(pk=photo.pk).update(image=other)
    with pytest.raises(Exception, match="another file now"):
        approve(scan, moderator=None)
    assert Photo.objects.get().image.name == other


@pytest.mark.parametrize(
    "note", ["\U0001f43b and \u6f22\u5b57", "'\";--"], ids=["beyond the basic plane", "quotes"]
)
def test_any_text_is_stored_as_it_is(note, constant):
    constant.answer = 0.8
    Photo.objects.create(image=upload("\u718a\U0001f43b.jpg"))
    decision = approve(Scan.objects.get(), moderator=None, note=note)
    decision.refresh_from_db()
    assert decision.note == note
