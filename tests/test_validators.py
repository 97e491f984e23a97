"""The door for model fields, forms and serializers."""

import pytest
from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import ContentFile
from django.db.migrations.writer import MigrationWriter
from django.utils import translation

from django_nsfw.models import Scan
from django_nsfw.scanning import examined
from django_nsfw.validators import MESSAGES, NSFWValidator
from django_nsfw.verdict import Verdict
from tests.conftest import encode, mistaken, picture, upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db


class PhotoForm(forms.ModelForm):
    class Meta:
        model = Photo
        fields = ["image"]


class PlainForm(forms.Form):
    image = forms.FileField(validators=[NSFWValidator(review=0.5, reject=0.9)])


def model_form(file):
    return PhotoForm({}, {"image": file})


def plain_form(file):
    return PlainForm({}, {"image": file})


@pytest.mark.parametrize("form", [model_form, plain_form])
@pytest.mark.parametrize(
    ("score", "errors"),
    [
        pytest.param(0.1, [], id="allow passes"),
        pytest.param(0.7, [], id="review passes, the save holds"),
        pytest.param(0.96, ["nsfw"], id="reject is refused"),
    ],
)
def test_verdicts(constant, form, score, errors):
    constant.answer = score
    bound = form(upload())
    assert bound.is_valid() is (not errors)
    assert [e.code for e in bound.errors.as_data().get("image", [])] == errors
    assert constant.inferences == 1


def test_the_view_can_read_what_was_found(constant):
    constant.answer = 0.7
    for form in (model_form(upload()), plain_form(upload())):
        assert form.is_valid()
        found = examined(form.cleaned_data["image"])
        assert found.verdict is Verdict.REVIEW
        assert found.assessment.nsfw == pytest.approx(0.7)
    assert examined(ContentFile(b"never seen")) is None


def test_form_and_save_share_one_inference(constant):
    form = model_form(upload())
    assert form.is_valid()
    form.save()
    assert constant.inferences == 1
    assert Scan.objects.get().status == Scan.Status.CLEAR


REFUSED = [
    pytest.param(
        upload(body=picture()[:400]),
        "unreadable_image",
        "This picture cannot be read. It may be damaged: open it, save it again as JPEG or PNG, "
        "and send that.",
        id="half a picture",
    ),
    pytest.param(
        upload("cat.png"),
        "extension_mismatch",
        "The file name ends in “.png”, but the content is JPEG. Please rename the file or save "
        "it again.",
        id="a JPEG named png",
    ),
    pytest.param(
        upload("cat.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "unsupported_format",
        "This file is not a picture of a supported format. Please send one of: JPEG, PNG, GIF, "
        "WEBP, AVIF, BMP, TIFF, HEIF.",
        id="an SVG named jpg",
    ),
    pytest.param(
        upload("cat.pdf", b"%PDF-1.7"),
        "not_a_picture",
        "This file is not a picture of a supported format. Please send one of: JPEG, PNG, GIF, "
        "WEBP, AVIF, BMP, TIFF, HEIF.",
        id="a PDF",
    ),
]


@pytest.mark.parametrize(("file", "code", "message"), REFUSED)
def test_a_file_that_cannot_be_looked_at_is_refused_with_a_sentence(constant, file, code, message):
    with pytest.raises(ValidationError) as error:
        NSFWValidator()(file)
    assert (error.value.code, error.value.messages) == (code, [message])


def test_a_limit_is_named(constant, settings):
    settings.NSFW_LIMITS = {"max_pixels": 1000}
    with pytest.raises(ValidationError) as error:
        NSFWValidator()(upload())
    assert error.value.code == "image_too_large"
    assert error.value.messages == [
        "This picture is too large. Please send a smaller version of it. It has 6,144 pixels; at "
        "most 1,000 are accepted."
    ]
    assert error.value.params == {"what": "pixels", "value": 6144, "limit": 1000}
    with translation.override("de"):
        said = "Es hat 6.144 Pixel; höchstens 1.000 werden angenommen."
        assert said in error.value.messages[0]


@pytest.mark.parametrize(("file", "code", "message"), REFUSED)
def test_on_error_allow_lets_it_pass_in_so_many_words(constant, file, code, message):
    NSFWValidator(on_error="allow")(file)


def test_without_a_detector_a_watched_field_passes_and_holds(broken):
    form = model_form(upload())
    assert form.is_valid()
    form.save()
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code) == (Scan.Status.HELD, "detector_unavailable")


def test_without_a_detector_nothing_passes_where_nothing_could_hold_it(broken):
    form = plain_form(upload())
    assert not form.is_valid()
    assert form.errors["image"] == [MESSAGES["detector_unavailable"]]


def test_without_a_detector_on_error_reject_refuses(broken, settings):
    settings.NSFW_POLICY = {"on_error": "reject"}
    form = model_form(upload())
    assert form.errors.as_data()["image"][0].code == "detector_unavailable"


def test_a_stored_file_is_not_scored_again(constant):
    photo = Photo.objects.create(image=upload())
    photo.full_clean()
    form = PhotoForm({}, {}, instance=photo)
    assert form.is_valid()
    assert constant.inferences == 1


def test_an_empty_field_is_none_of_our_business(constant):
    NSFWValidator()(None)
    NSFWValidator()("")
    assert constant.inferences == 0


def test_the_upload_is_left_where_it_was(constant):
    file = upload()
    file.seek(3)
    NSFWValidator()(file)
    assert file.tell() == 3


def test_own_message(constant):
    constant.answer = 1.0
    with pytest.raises(ValidationError) as error:
        NSFWValidator(reject=0.9, message="Not on our site.")(upload())
    assert (error.value.code, error.value.messages) == ("nsfw", ["Not on our site."])


def test_messages_can_be_translated():
    with translation.override("de"):
        assert all(str(message) for message in MESSAGES.values())
    assert set(MESSAGES) == {
        "nsfw",
        "unreadable_image",
        "image_too_large",
        "unsupported_format",
        "not_a_picture",
        "extension_mismatch",
        "detector_unavailable",
    }


def test_a_typo_fails_where_it_is_written():
    with pytest.raises(ImproperlyConfigured, match="NSFWValidator: unknown policy key 'rejct'"):
        NSFWValidator(rejct=0.9)


def test_it_deconstructs_for_migrations():
    text, imports = MigrationWriter.serialize(NSFWValidator(reject=0.95, message="No."))
    assert text == "django_nsfw.validators.NSFWValidator(message='No.', reject=0.95)"
    assert imports == {"import django_nsfw.validators"}
    namespace = {}
    exec("\n".join([*imports, f"again = {text}"]), namespace)
    assert namespace["again"] == NSFWValidator(reject=0.95, message="No.")
    assert namespace["again"] != NSFWValidator(reject=0.9, message="No.")
    assert hash(namespace["again"]) == hash(NSFWValidator(reject=0.95, message="No."))


def test_the_real_detector_holds_what_it_mistakes():
    form = model_form(upload("sand.png", encode(mistaken(), "PNG")))
    assert form.is_valid()
    form.save()
    scan = Scan.objects.get()
    assert scan.status == Scan.Status.HELD
    assert scan.nsfw > 0.5


@pytest.mark.django_db(databases=[])
def test_it_works_before_migrate(tmp_path):
    """In a process of its own whose database has no table of ours."""
    import subprocess
    import sys

    script = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_nsfw"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    NSFW_DETECTORS={"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}},
)
django.setup()
from django.db import transaction
from django_nsfw.validators import NSFWValidator
from tests.conftest import upload
NSFWValidator()(upload())
with transaction.atomic():
    NSFWValidator()(upload(seed=2))
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "fine\n", done.stderr
    assert "Earlier files cannot be looked up (run migrate?)" in done.stderr
