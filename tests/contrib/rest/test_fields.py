"""Fields of serializers: whose policy applies, and what is said where it is written wrongly."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework import serializers
from rest_framework.fields import ImageField

from django_nsfw.contrib.rest_framework import (
    ModeratedImageField,
    ModeratedImages,
    ModerationNoticeField,
    ModerationStatusField,
)
from django_nsfw.models import Scan
from django_nsfw.scanning import examined
from django_nsfw.validators import NSFWValidator
from tests.conftest import upload
from tests.host.models import Asset, Avatar, Photo

pytestmark = pytest.mark.django_db

seen = []


def for_object(instance, field_name):
    seen.append((instance, field_name))
    return {"review": 0.9}


def serializer_of(model, name, field=None, *, mixin=()):
    meta = type("Meta", (), {"model": model, "fields": [name]})
    body = {"Meta": meta} | ({} if field is None else {name: field})
    return type("Made", (*mixin, serializers.ModelSerializer), body)


def codes(serializer, name) -> list[str]:
    return [] if serializer.is_valid() else [detail.code for detail in serializer.errors[name]]


def test_an_unknown_policy_key_fails_where_it_is_written():
    with pytest.raises(TypeError, match="unexpected keyword argument 'reveiw'"):
        ModeratedImageField(reveiw=0.4)


def test_a_wrong_value_fails_where_it_is_written():
    with pytest.raises(ImproperlyConfigured, match="'review' must be from 0 to 1, not 2"):
        ModeratedImageField(review=2)


@pytest.mark.parametrize(
    ("options", "score", "expected"),
    [
        ({}, 0.94, []),
        ({}, 0.95, ["nsfw"]),
        ({"reject": 0.8}, 0.8, ["nsfw"]),
        ({"reject": 0.99}, 0.98, []),
        ({"reject": None}, 1.0, []),
    ],
)
def test_its_keys_are_laid_over_the_policy_of_the_watched_field(constant, options, score, expected):
    """``Photo.image`` says ``reject=0.95``."""
    constant.answer = score
    for mixin in ((), (ModeratedImages,)):
        made = serializer_of(Photo, "image", ModeratedImageField(**options), mixin=mixin)
        assert codes(made(data={"image": upload()}), "image") == expected


def test_settings_win_over_the_validator_of_the_model(constant, settings):
    constant.answer = 0.7
    made = serializer_of(Photo, "image", mixin=(ModeratedImages,))
    settings.NSFW_FIELDS = {"host.Photo.image": {"reject": 0.7}}
    assert codes(made(data={"image": upload()}), "image") == ["nsfw"]
    settings.NSFW_FIELDS = {"host.Photo.image": {"reject": 0.99}}
    constant.answer = 0.97
    assert codes(made(data={"image": upload(seed=2)}), "image") == []


def test_the_message_of_the_model_is_kept(constant, monkeypatch):
    constant.answer = 0.97
    [validator] = [
        v for v in Photo._meta.get_field("image").validators if isinstance(v, NSFWValidator)
    ]
    monkeypatch.setattr(validator, "message", "Please choose a picture of your face.")
    made = serializer_of(Photo, "image", mixin=(ModeratedImages,))(data={"image": upload()})
    assert not made.is_valid()
    assert made.errors == {"image": ["Please choose a picture of your face."]}


def test_without_a_detector_what_can_be_held_passes(broken):
    for mixin in ((), (ModeratedImages,)):
        made = serializer_of(Photo, "image", ModeratedImageField(), mixin=mixin)
        serializer = made(data={"image": upload()})
        assert codes(serializer, "image") == []
        serializer.save()
    assert set(Scan.objects.values_list("status", "error_code")) == {
        ("held", "detector_unavailable")
    }


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        (Photo, "image", ModeratedImageField),
        (Avatar, "image", ModeratedImageField),
        (Asset, "thumbnail", ImageField),
        (Asset, "file", serializers.FileField),
    ],
    ids=["a watched picture", "another one", "one that is left out", "a file of any kind"],
)
def test_only_watched_pictures_are_replaced(model, name, expected):
    serializer = serializer_of(model, name, mixin=(ModeratedImages,))()
    assert type(serializer.fields[name]) is expected


def test_a_callable_of_the_site_sees_the_object_that_is_changed(constant, settings):
    seen.clear()
    photo = Photo.objects.create(image=upload(seed=5))
    settings.NSFW_POLICY = {"for_object": f"{__name__}.for_object"}
    constant.answer = 0.7
    made = serializer_of(Photo, "image", mixin=(ModeratedImages,))
    serializer = made(photo, data={"image": upload(seed=6)})
    assert codes(serializer, "image") == []
    assert seen == [(photo, "image")]
    assert examined(serializer.validated_data["image"]).policy.review == 0.9


def test_with_a_background_runner_the_field_leaves_the_score_to_the_worker(constant, settings):
    settings.NSFW_RUNNER = "django_nsfw.runners.tasks.TasksRunner"
    serializer = serializer_of(Photo, "image", mixin=(ModeratedImages,))(data={"image": upload()})
    assert codes(serializer, "image") == []
    assert examined(serializer.validated_data["image"]).pending
    assert constant.inferences == 0


def test_what_pillow_found_is_there_as_with_any_image_field(constant):
    serializer = serializer_of(Photo, "image", ModeratedImageField())(data={"image": upload()})
    assert codes(serializer, "image") == []
    image = serializer.validated_data["image"]
    assert (image.content_type, image.image.size) == ("image/jpeg", (96, 64))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "required"),
        ({"image": None}, "null"),
        ({"image": "photos/cat.jpg"}, "invalid"),
        ({"image": upload("cat.jpg", b"")}, "empty"),
        ({"image": upload(f"{'x' * 100}.jpg")}, "max_length"),
    ],
)
def test_what_is_no_file_is_said_as_by_any_file_field(constant, data, code):
    made = serializer_of(Photo, "image", mixin=(ModeratedImages,))
    assert codes(made(data=data), "image") == [code]
    assert constant.inferences == 0


def test_parameters_of_messages_of_the_site_stand_in_braces(constant):
    field = ModeratedImageField(
        error_messages={"extension_mismatch": "{extension} it is not, but {format}."}
    )
    with pytest.raises(serializers.ValidationError) as refused:
        field.run_validation(upload("cat.png"))
    assert refused.value.detail == [".png it is not, but JPEG."]
    assert refused.value.get_codes() == ["extension_mismatch"]


class Said(serializers.Serializer):
    status = ModerationStatusField(source="file")
    notice = ModerationNoticeField(source="file")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("held", ("held", "Awaiting review")),
        ("pending", ("pending", "Being checked")),
        ("rejected", ("rejected", "Removed by a moderator")),
        *[(public, (None, None)) for public in ("clear", "flagged", "unscored", "approved")],
        (None, (None, None)),
    ],
)
def test_visitors_are_told_why_a_placeholder_stands_there_and_no_more(status, said):
    asset = Asset(file="assets/cat.jpg")
    asset.nsfw_file = status
    assert tuple(Said(asset).data.values()) == said


def test_of_no_file_nothing_is_said():
    assert Said(Asset()).data == {"status": None, "notice": None}
