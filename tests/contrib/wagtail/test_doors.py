"""Every door of Wagtail asks the policy, says no at the field ``file``, and keeps what passes."""

import pytest
from django.urls import reverse
from wagtail.admin.forms.account import AvatarPreferencesForm
from wagtail.images import get_image_model
from wagtail.models import UploadedFile
from wagtail.users.models import UserProfile

from django_nsfw.decisions import reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import held, public

from .doors import DOORS, many, sha1, there_is

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(seed=31)


def originals():
    """What is stored, but for the renditions."""
    return {name: body for name, body in public().items() if not name.startswith("images/")}


def renditions_are_of(name):
    """Whether each rendition was made of a file of this name; its bytes tell nothing."""
    root = name.partition(".")[0]
    renditions = get_image_model().get_rendition_model().objects.all()
    return all(each.file.name.startswith(f"images/{root}.") for each in renditions)


every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture(autouse=True)
def refusing(settings):
    settings.NSFW_FIELDS = settings.NSFW_FIELDS | {
        "wagtailimages.Image.file": {"reject": 0.9, "uploader": "uploaded_by_user"}
    }


@every_door
def test_what_is_harmless_comes_in(door, cms, constant):
    answer = door(cms, upload(body=BODY))
    assert answer.errors == []
    assert public()[answer.image.file.name] == BODY
    assert (Scan.objects.current().get().status, held()) == ("clear", [])


@every_door
def test_what_must_be_looked_at_is_held_with_the_measures_of_the_placeholder(
    door, cms, constant, editor
):
    there = there_is() if door is DOORS["edit form"] else None
    constant.answer = 0.8
    answer = door(cms, upload(body=BODY))
    scan = Scan.objects.current().get()
    assert (answer.errors, scan.status, scan.object_pk) == ([], "held", str(answer.image.pk))
    assert held() == [BODY]
    [(name, shown)] = originals().items()
    assert (answer.image.file.name, shown != BODY) == (name, True)
    assert answer.image.file_size == len(shown)
    assert answer.image.file_hash == sha1(shown)
    assert (answer.image.width, answer.image.height) == (96, 64)
    # A picture that is edited stays that of who uploaded it, which nobody is here.
    assert scan.uploader == (None if there else editor)


@every_door
def test_what_the_policy_refuses_is_said_at_the_file_and_nothing_of_it_is_kept(door, cms, constant):
    before = there_is() if door is DOORS["edit form"] else None
    kept = public()
    constant.answer = 0.95
    answer = door(cms, upload(body=BODY))
    assert answer.errors == [
        "This picture looks explicit and cannot be accepted. Please choose another one."
    ]
    assert list(get_image_model().objects.all()) == ([before] if before else [])
    assert (originals(), held(), UploadedFile.objects.count()) == (kept, [], 0)
    assert renditions_are_of("there.jpg")


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
BAD = [
    pytest.param(
        "cat.svg", SVG, {},
        "Not a supported image format. Supported formats: AVIF, GIF, JPG, JPEG, PNG, WEBP.",
        id="an SVG, by Wagtail",
    ),
    pytest.param(
        "cv.png", b"%PDF", {},
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image.",
        id="a PDF named png, by Wagtail",
    ),
    pytest.param(
        "cat.png", BODY, {},
        "Not a valid .png image. The extension does not match the file format (jpeg)",
        id="a JPEG named png, by Wagtail",
    ),
    pytest.param(
        "cat.jpg", BODY[:-99], {},
        "This picture cannot be read. It may be damaged: open it, save it again as JPEG or PNG, "
        "and send that.",
        id="a JPEG that is cut off",
    ),
    pytest.param(
        "cat.jpg", BODY, {"NSFW_LIMITS": {"max_side": 90}},
        "This picture is too large. Please send a smaller version of it. Its longer side has 96 "
        "pixels; at most 90 are accepted.",
        id="over a limit of ours",
    ),
    pytest.param(
        "cat.svg", SVG, {"WAGTAILIMAGES_EXTENSIONS": ["svg", "jpg"]},
        "This file is not a picture of a supported format. Please send one of: JPEG, PNG, GIF, "
        "WEBP, AVIF, BMP, TIFF, HEIF.",
        id="an SVG, where Wagtail takes it",
    ),
]  # fmt: skip


@every_door
@pytest.mark.parametrize(("name", "body", "site", "message"), BAD)
def test_a_bad_file_is_refused_at_its_field_by_wagtail_first_and_then_by_us(
    door, name, body, site, message, cms, constant, settings
):
    if door is DOORS["edit form"]:
        there_is()
    for setting, value in site.items():
        setattr(settings, setting, value)
    before = public()
    assert door(cms, upload(name, body=body)).errors == [message]
    assert (originals(), held(), UploadedFile.objects.count()) == (before, [], 0)


def test_fifty_at_once_with_three_bad_ones(cms, constant):
    """The script of the uploader sends each in a request of its own."""
    bad = {7: ("cv.png", b"%PDF-1.7"), 23: ("cat.svg", b"<svg/>"), 41: ("half.jpg", BODY[:-99])}
    refused = {}
    for number in range(50):
        name, body = bad.get(number, (f"{number}.jpg", picture(12, 8, seed=number)))
        constant.answer = 0.8 if number % 10 == 0 else 0.1
        errors = many(cms, upload(name, body=body), title=str(number)).errors
        if errors:
            refused[number] = errors[0].partition(". ")[0]
    assert refused == {
        7: "Upload a valid image",
        23: "Not a supported image format",
        41: "This picture cannot be read",
    }
    assert get_image_model().objects.count() == 47
    assert len(held()) == Scan.objects.filter(status="held").count() == 5


def test_a_page_with_errors_makes_no_rendition_of_what_was_not_judged_yet(cms, constant):
    """Wagtail shows the object of the form again, with the file that was just sent."""
    there = there_is()
    constant.answer = 0.8
    response = cms.post(
        reverse("wagtailimages:edit", args=[there.pk]),
        {"title": "", "file": upload(body=BODY), "collection": there.collection_id},
    )
    assert response.context["form"].errors == {"title": ["This field is required."]}
    assert there.get_rendition_model().objects.count() > 0
    assert renditions_are_of("there.jpg")
    assert (list(originals()), held()) == (["original_images/there.jpg"], [])
    assert get_image_model().objects.values_list("file", "width").get() == (there.file.name, 96)


def test_held_pictures_of_one_size_are_no_duplicates(cms, constant):
    """Their placeholders are equal."""
    constant.answer = 0.8
    for seed in (1, 2):
        url = reverse("wagtailimages:add_multiple")
        said = cms.post(url, {"title": "cat", "files[]": upload(seed=seed)}).json()
        assert (said["success"], said["duplicate"]) == (True, False)
        assert "This picture awaits review." in said["form"]


@pytest.mark.parametrize(
    ("answer", "verb", "notice"),
    [
        (0.8, None, "This picture awaits review."),
        (0.1, reject, "A moderator has removed this picture."),
        (0.1, None, "Supported formats:"),
    ],
    ids=["held", "rejected", "public"],
)
def test_the_edit_form_says_why_a_placeholder_is_there(cms, constant, answer, verb, notice):
    constant.answer = answer
    image = there_is()
    if verb:
        verb(Scan.objects.get(), moderator=None)
    page = cms.get(reverse("wagtailimages:edit", args=[image.pk]))
    assert str(page.context["form"].fields["file"].help_text).startswith(notice)


def test_the_picture_of_a_user_is_held_as_well(editor, constant):
    constant.answer = 0.95
    profile = UserProfile.get_for_user(editor)
    form = AvatarPreferencesForm({}, {"avatar": upload(body=BODY)}, instance=profile)
    assert form.is_valid()
    form.save()
    assert (held(), Scan.objects.get().uploader) == ([BODY], editor)


def trusting_drawings(instance, field_name):
    """As the documentation has it."""
    if instance is not None and instance.file and instance.file.name.endswith(".svg"):
        return {"on_error": "allow"}
    return {}


def test_a_site_may_trust_who_uploads_drawings(cms, constant, settings):
    settings.WAGTAILIMAGES_EXTENSIONS = ["svg", "jpg"]
    settings.NSFW_FIELDS = settings.NSFW_FIELDS | {
        "wagtailimages.Image.file": {"for_object": f"{__name__}.trusting_drawings"}
    }
    answer = many(cms, upload("cat.svg", body=SVG))
    assert public()[answer.image.file.name] == SVG
    assert many(cms, upload("cat.jpg", body=BODY[:-99])).errors
