"""A ``ModelSerializer`` takes the validators of the model field over."""

import pytest
from rest_framework import serializers

from django_nsfw.models import Scan
from django_nsfw.scanning import examined
from django_nsfw.validators import NSFWValidator
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db


class PhotoSerializer(serializers.ModelSerializer):
    class Meta:
        model = Photo
        fields = ["image"]


class PlainSerializer(serializers.Serializer):
    image = serializers.FileField(validators=[NSFWValidator(reject=0.9)])


@pytest.mark.parametrize("serializer", [PhotoSerializer, PlainSerializer])
def test_reject_is_a_field_error_with_its_code(constant, serializer):
    constant.answer = 0.96
    bound = serializer(data={"image": upload()})
    assert not bound.is_valid()
    assert [detail.code for detail in bound.errors["image"]] == ["nsfw"]


@pytest.mark.parametrize("serializer", [PhotoSerializer, PlainSerializer])
def test_a_wrong_extension_is_a_field_error(constant, serializer):
    bound = serializer(data={"image": upload("cat.png")})
    assert not bound.is_valid()
    assert [detail.code for detail in bound.errors["image"]] == ["extension_mismatch"]
    assert "“.png”" in str(bound.errors["image"][0])


def test_serializer_and_save_share_one_inference_and_hold(constant):
    constant.answer = 0.7
    bound = PhotoSerializer(data={"image": upload()})
    assert bound.is_valid(), bound.errors
    assert examined(bound.validated_data["image"]).assessment.nsfw == pytest.approx(0.7)
    bound.save()
    assert Scan.objects.get().status == Scan.Status.HELD
    assert constant.inferences == 1


def test_without_a_detector_the_model_serializer_passes_because_the_save_holds(broken):
    bound = PhotoSerializer(data={"image": upload()})
    assert bound.is_valid(), bound.errors
    bound.save()
    assert Scan.objects.get().error_code == "detector_unavailable"


def test_without_a_detector_a_plain_serializer_refuses(broken):
    bound = PlainSerializer(data={"image": upload()})
    assert not bound.is_valid()
    assert [detail.code for detail in bound.errors["image"]] == ["detector_unavailable"]
