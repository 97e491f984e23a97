"""Thumbnails go with the file that they were made of, whoever made them, wherever they are."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage, storages
from django.core.management import call_command
from django.template import engines
from easy_thumbnails.files import get_thumbnailer
from easy_thumbnails.models import Source, Thumbnail
from sorl.thumbnail import default, get_thumbnail
from sorl.thumbnail.images import ImageFile, get_or_create_storage
from sorl.thumbnail.models import KVStore

from django_nsfw import assessment
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import public
from tests.host.models import Asset, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

SIZE = {"size": (24, 16)}


@pytest.fixture(autouse=True)
def nothing_cached():
    """sorl-thumbnail would know the thumbnails and the storages of another test."""
    cache.clear()
    get_or_create_storage.cache_clear()


def rendered(source, **context):
    return engines["django"].from_string(source).render(context)


def easy_by_tag(image):
    return rendered("{% load easy %}{% thumbnail image 24x16 crop %}", image=image)


def easy_by_field(image):
    return get_thumbnailer(image).get_thumbnail(SIZE).url


def easy_by_storage(image):
    return get_thumbnailer(default_storage, image.name).get_thumbnail(SIZE).url


def easy_by_name(image):
    return get_thumbnailer(image.name).get_thumbnail(SIZE).url


def easy_in_high_resolution(image):
    return get_thumbnailer(image).get_thumbnail({**SIZE, "HIGH_RESOLUTION": True}).url


def sorl_by_tag(image):
    tag = '{% thumbnail image "24x16" crop="center" as it %}{{ it.url }}{% endthumbnail %}'
    return rendered("{% load sorl %}" + tag, image=image)


def sorl_by_field(image):
    return get_thumbnail(image, "24x16").url


def sorl_by_name(image):
    return get_thumbnail(image.name, "24x16").url


MAKERS = [
    easy_by_tag, easy_by_field, easy_by_storage, easy_by_name, easy_in_high_resolution,
    sorl_by_tag, sorl_by_field, sorl_by_name,
]  # fmt: skip
EACH = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.replace("_", " "))


def photo(seed=1):
    return Photo.objects.create(image=upload(body=picture(seed=seed)))


def now(photo):
    return Photo.objects.get(pk=photo.pk).image


def scan_of(photo):
    return Scan.objects.current().get(object_pk=str(photo.pk))


def kept():
    """Rows of both, but for what is known of other files."""
    rows = Source.objects.count(), Thumbnail.objects.count(), KVStore.objects.count()
    return sum(rows)


@EACH
def test_a_rejected_picture_takes_its_thumbnails_along(make, constant):
    first, other = photo(1), photo(2)
    url = make(other.image)
    before = kept()
    assert make(first.image) != url
    assert (len(public()), kept() > before) == (4, True)
    reject(scan_of(first), moderator=None)
    assert set(public()) == {now(first).name, now(other).name, url.removeprefix("/media/")}
    assert kept() == before


@EACH
def test_what_is_made_afterwards_is_made_of_what_stands_there(make, constant):
    constant.answer = 0.7
    one = photo()
    urls = [make(now(one))]
    for verb in (approve, reject):
        verb(scan_of(one), moderator=None)
        assert set(public()) == {now(one).name}
        urls.append(make(now(one)))
    assert len(set(urls)) == 3


def test_a_picture_without_thumbnails(constant):
    reject(scan_of(photo()), moderator=None)
    assert (len(public()), kept()) == (1, 0)


def test_several_sizes_and_the_undoing_of_a_decision(constant):
    constant.answer = 0.7
    one = photo()
    made = approve(scan_of(one), moderator=None)
    for side in (8, 16, 32):
        get_thumbnailer(now(one)).get_thumbnail({"size": (side, side)})
        get_thumbnail(now(one), f"{side}x{side}")
    assert len(public()) == 7
    undo(made, moderator=None)
    assert set(public()) == {now(one).name}


def test_sharper_ones_of_sorl_go_as_well(constant, settings):
    settings.THUMBNAIL_ALTERNATIVE_RESOLUTIONS = [1.5, 2]
    one = photo()
    get_thumbnail(one.image, "24x16")
    assert len(public()) == 4
    reject(scan_of(one), moderator=None)
    assert set(public()) == {now(one).name}


@pytest.fixture
def elsewhere(monkeypatch):
    """Both keep their thumbnails in a storage of their own."""
    storage = storages["elsewhere"]
    monkeypatch.setattr(storage, "deletes", True)
    monkeypatch.setattr(default.storage, "_wrapped", storage)
    field = Photo._meta.get_field("image")
    monkeypatch.setattr(field, "thumbnail_storage", storage, raising=False)
    return storage


@pytest.mark.parametrize("make", [easy_by_field, sorl_by_field], ids=["easy", "sorl"])
def test_thumbnails_in_a_storage_of_their_own(make, elsewhere, constant):
    one = photo()
    name = make(one.image).removeprefix("/media/")
    assert (elsewhere.exists(name), len(public())) == (True, 1)
    reject(scan_of(one), moderator=None)
    assert not elsewhere.exists(name)


@pytest.mark.parametrize("make", [easy_by_field, sorl_by_field], ids=["easy", "sorl"])
def test_where_that_does_not_answer_the_sweep_deletes_them(
    make, elsewhere, constant, monkeypatch, caplog
):
    one = photo()
    name = make(one.image).removeprefix("/media/")
    with monkeypatch.context() as silent:
        silent.setattr(elsewhere, "deletes", False)
        reject(scan_of(one), moderator=None)
        assert elsewhere.exists(name)
        assert [each.finding for each in sweep(older_than=timedelta(0))] == ["failed"]
    assert set(public()) == {now(one).name}
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    assert (elsewhere.exists(name), kept(), scan_of(one).status) == (False, 0, "rejected")


def test_a_hash_that_no_storage_has_is_looked_for_everywhere(constant):
    """easy-thumbnails hashes a storage that was not used yet as something else."""
    one = photo()
    easy_by_field(one.image)
    Thumbnail.objects.update(storage_hash="0" * 32)
    Source.objects.update(storage_hash="0" * 32)
    reject(scan_of(one), moderator=None)
    assert set(public()) == {now(one).name}


def test_a_rescan_takes_thumbnails_along(constant):
    asset = Asset.objects.create(file=upload(body=picture()))
    easy_by_field(asset.file)
    sorl_by_field(asset.file)
    Scan.objects.all().delete()
    assessment.memo.clear()
    constant.answer = 0.7
    call_command("nsfw_rescan", "host.Asset", unscanned=True, verbosity=0)
    assert list(public()) == [Asset.objects.get().file.name]


def test_what_another_process_made_is_found(constant):
    """Each has a cache of its own, and knows of what it made itself."""
    one = photo()
    get_thumbnail(one.image, "24x16")
    mine = dict(cache._cache), dict(cache._expire_info)
    get_thumbnail(one.image, "12x8")
    for then, now_ in zip(mine, (cache._cache, cache._expire_info), strict=True):
        now_.clear()
        now_.update(then)
    reject(scan_of(one), moderator=None)
    assert set(public()) == {now(one).name}


def test_nothing_is_known_of_the_source_any_more(constant):
    one = photo()
    sorl_by_field(one.image)
    source = ImageFile(one.image)
    assert default.kvstore.get(source) is not None
    reject(scan_of(one), moderator=None)
    assert default.kvstore.get(source) is None
