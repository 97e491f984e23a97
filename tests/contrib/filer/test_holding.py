"""What is held of django-filer is in neither of its storages, and comes back as it was."""

import pytest
from easy_thumbnails.models import Source, Thumbnail

from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Scan
from tests.conftest import picture
from tests.contrib.filer.conftest import facts, facts_of, image, now
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()
BOTH = pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])


@BOTH
def test_a_held_upload_is_in_neither_storage(is_public, constant, kept):
    constant.answer = 0.7
    cat = image(is_public=is_public)
    scan = Scan.objects.get()
    assert (scan.status, scan.field, scan.object_pk) == ("held", "filer.File.file", str(cat.pk))
    assert cat.is_public is is_public
    assert list(kept()) == [cat.file.name]
    assert kept()[cat.file.name] != BODY
    assert held() == [BODY]


@BOTH
def test_size_checksum_and_pixels_are_those_of_the_placeholder(is_public, constant, kept):
    constant.answer = 0.7
    cat = image(is_public=is_public)
    assert facts(cat) == facts_of(kept()[cat.file.name])


@BOTH
def test_what_passes_is_as_it_was_uploaded(is_public, constant, kept):
    cat = image(is_public=is_public)
    assert kept() == {cat.file.name: BODY}
    assert facts(cat) == facts_of(BODY)
    assert Scan.objects.get().status == "clear"


@BOTH
def test_released_rejected_and_released_again(is_public, constant, kept, django_user_model):
    constant.answer = 0.7
    cat = image(is_public=is_public)
    placeholder = kept()[cat.file.name]
    for verb, body in [(approve, BODY), (reject, placeholder), (approve, BODY)]:
        verb(Scan.objects.get(), moderator=None)
        cat = now(cat)
        assert kept() == {cat.file.name: body}
        assert facts(cat) == facts_of(body)
        assert cat.is_public is is_public
        assert held() == ([] if body == BODY else [BODY])


@BOTH
def test_a_rejected_picture_takes_its_thumbnails_along(is_public, constant, kept):
    cat = image(is_public=is_public)
    assert len(cat.thumbnails) == 4  # of three sizes
    assert Thumbnail.objects.count() == 3
    thumbnails = {name: body for name, body in kept().items() if name != cat.file.name}
    assert len(thumbnails) == 3
    reject(Scan.objects.get(), moderator=None)
    assert list(kept()) == [now(cat).file.name]
    assert (Source.objects.count(), Thumbnail.objects.count()) == (0, 0)


def test_thumbnails_of_the_placeholder_go_with_it(constant, kept):
    constant.answer = 0.7
    cat = image()
    assert len(cat.thumbnails) == 4
    made = approve(Scan.objects.get(), moderator=None)
    assert kept() == {now(cat).file.name: BODY}
    undo(made, moderator=None)
    assert list(kept()) == [now(cat).file.name]


def test_the_canonical_address_leads_to_what_stands_there(constant, client, settings):
    constant.answer = 0.7
    cat = image()
    address = cat.canonical_url
    before = client.get(address).url
    assert before == f"/media/{cat.file.name}"
    approve(Scan.objects.get(), moderator=None)
    after = client.get(address).url
    assert after == f"/media/{now(cat).file.name}" != before


def test_an_address_of_a_private_file_is_not_served_when_it_is_held(constant, admin_client):
    cat = image(is_public=False)
    address = cat.url
    assert admin_client.get(address).content == BODY
    reject(Scan.objects.get(), moderator=None)
    assert admin_client.get(address).status_code == 404
    shown = admin_client.get(now(cat).url).content
    assert shown != BODY
    assert facts(now(cat)) == facts_of(shown)


def test_the_object_is_deleted_with_all_that_was_held_of_it(constant, kept):
    constant.answer = 0.7
    image().delete()
    assert (kept(), held(), Scan.objects.get().status) == ({}, [], "gone")
