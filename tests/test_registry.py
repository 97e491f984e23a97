import pytest
from django.db.models.fields.files import FieldFile, ImageFieldFile

from django_nsfw.gate import GatedFieldFile
from django_nsfw.models import Scan
from django_nsfw.registry import explain_missing, registry
from tests.conftest import upload
from tests.host.models import Album, Asset, FramedPhoto, Photo, PhotoProxy


def watched_of(*models):
    return {label for label, watched in registry.watched.items() if watched.model in models}


def test_a_validator_or_a_setting_makes_a_field_watched():
    assert watched_of(Album, Asset, Photo) == {"host.Photo.image", "host.Asset.file"}


def test_a_field_that_nobody_named_keeps_its_class():
    assert Asset._meta.get_field("thumbnail").attr_class is ImageFieldFile
    gated = Asset._meta.get_field("file").attr_class
    assert issubclass(gated, GatedFieldFile)
    assert issubclass(gated, FieldFile)
    assert issubclass(Photo._meta.get_field("image").attr_class, ImageFieldFile)


def test_proxies_and_children_send_for_the_field_of_their_parent():
    watched = registry.get(FramedPhoto._meta.get_field("image"))
    assert watched is registry.get(PhotoProxy._meta.get_field("image"))
    assert watched.model is Photo
    assert set(watched.senders()) == {Photo, PhotoProxy, FramedPhoto}


def test_settings_win_over_the_validator_which_wins_over_the_project(settings):
    settings.NSFW_POLICY = {"review": 0.2, "on_review": "flag"}
    settings.NSFW_FIELDS = {"host.Photo.image": {"reject": 0.99}}
    policy = registry.watched["host.Photo.image"].policy()
    assert (policy.review, policy.reject, policy.on_review) == (0.2, 0.99, "flag")
    assert policy.uploader == "album__owner"


def test_settings_are_followed(settings):
    settings.NSFW_FIELDS = {"host.Asset.thumbnail": {}}
    assert watched_of(Album, Asset, Photo) == {"host.Photo.image", "host.Asset.thumbnail"}
    assert issubclass(Asset._meta.get_field("thumbnail").attr_class, GatedFieldFile)


def test_apps_that_come_and_go_are_followed(settings, gates):
    """As projects do whose tests have apps of their own."""
    everything, settings.NSFW_FIELDS = list(settings.INSTALLED_APPS), {}
    settings.INSTALLED_APPS = [app for app in everything if app != "tests.host"]
    assert registry.watched == {}
    Photo._meta.get_field("image").attr_class = ImageFieldFile
    settings.INSTALLED_APPS = everything
    assert watched_of(Album, Asset, Photo) == {"host.Photo.image"}
    assert issubclass(Photo._meta.get_field("image").attr_class, GatedFieldFile)


def test_where_this_app_is_left_out_nothing_is_asked(settings, caplog):
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("host.Photo", "'host.Photo' must have the form 'app_label.Model.field'."),
        ("hots.Photo.image", "'hots.Photo.image': No installed app with label 'hots'."),
        (
            "host.Foto.image",
            "'host.Foto.image': App 'host' doesn't have a 'Foto' model.",
        ),
        (
            "host.Asset.image",
            "'host.Asset.image': host.Asset has no field 'image'. Its file fields: file, "
            "thumbnail.",
        ),
        (
            "host.Album.cover",
            "'host.Album.cover': host.Album has no field 'cover'. It has no file field.",
        ),
        (
            "host.Asset.notes",
            "'host.Asset.notes': 'notes' is no file field. Its file fields: file, thumbnail.",
        ),
        (
            "host.FramedPhoto.image",
            "'host.FramedPhoto.image': the field belongs to host.Photo; name 'host.Photo.image'.",
        ),
        ("host.asset.file", "'host.asset.file': write it as 'host.Asset.file'."),
    ],
)
def test_an_entry_that_names_no_field_is_explained(label, why):
    assert explain_missing(label) == why


def test_a_wrong_entry_leaves_the_others_watched(settings, caplog):
    settings.NSFW_FIELDS = {"host.Asset.file": {}, "host.Asset.image": {}}
    assert watched_of(Album, Asset, Photo) == {"host.Photo.image", "host.Asset.file"}
    assert "host.Asset has no field 'image'" in caplog.text


UNREADABLE = {
    "a string": ("x", {"host.Asset.file", "host.Asset.thumbnail"}),
    "a list": (["host.Asset.file"], {"host.Asset.file", "host.Asset.thumbnail"}),
    "one entry": (
        {"host.Asset.file": "x", "host.Asset.thumbnail": None, 3: {}},
        {"host.Asset.file"},
    ),
    "one entry of two": (
        {"host.Asset.file": 0.1, "host.Asset.thumbnail": {"review": 0.1}},
        {"host.Asset.file", "host.Asset.thumbnail"},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "watched"), UNREADABLE.values(), ids=UNREADABLE)
def test_where_a_policy_cannot_be_read_whatever_comes_waits(
    settings, caplog, constant, storages, gates, value, watched
):
    """What nobody can tell makes nothing public; what can be told stays as it is."""
    settings.NSFW_POLICY = {"review": 0.9, "on_error": "allow", "on_review": "flag"}
    settings.NSFW_FIELDS = value
    constant.answer = 0.05
    assert watched_of(Asset) == watched
    assert "Until then, what is uploaded there waits for a person." in caplog.text
    Asset.objects.create(file=upload("a.jpg"), thumbnail=upload("b.jpg", seed=2))
    Asset.objects.create(file=upload("c.jpg", b"no picture"))
    held = sorted(Scan.objects.filter(status="held").values_list("field", flat=True))
    unreadable = not isinstance(value, dict)
    assert held == ["host.Asset.file"] * 2 + ["host.Asset.thumbnail"] * unreadable
    assert "host.Photo.image" in registry.watched
