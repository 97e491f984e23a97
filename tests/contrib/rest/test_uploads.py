"""Pictures that come in through views of Django REST framework, as clients send them."""

from pathlib import Path

import pytest

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.rest.conftest import BAD
from tests.host.models import Photo

pytestmark = pytest.mark.django_db

SENTENCES = {
    "unsupported_format": (
        "This file is not a picture of a supported format. Please send one of: JPEG, PNG, GIF, "
        "WEBP, AVIF, BMP, TIFF, HEIF."
    ),
    "image_too_large": (
        "This picture is too large. Please send a smaller version of it. It has 3,600,000,000 "
        "pixels; at most 50,000,000 are accepted."
    ),
}


def multipart(api, method, address, **data):
    return getattr(api, method)(address, data, format="multipart")


def raw(api, method, address, body, name):
    """The file is the whole request."""
    return api.generic(
        method, address, body, "application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


@pytest.fixture
def photo(constant):
    made = Photo.objects.create(title="old", image=upload("old.jpg", seed=1))
    constant.inferences = 0
    return made


WAYS = {
    "POST": lambda api, photo, file: multipart(api, "post", "/api/photos/", image=file),
    "PUT": lambda api, photo, file: multipart(api, "put", f"/api/photos/{photo.pk}/", image=file),
    "PATCH": lambda api, photo, file: multipart(
        api, "patch", f"/api/photos/{photo.pk}/", image=file
    ),
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
bad = pytest.mark.parametrize(("name", "body", "code"), BAD.values(), ids=BAD)


@ways
@bad
def test_a_bad_file_is_an_error_at_its_field_and_changes_nothing(api, photo, way, name, body, code):
    answer = way(api, photo, upload(name, body))
    assert (answer.status_code, answer.json()) == (400, {"image": [SENTENCES[code]]})
    assert [detail.code for detail in answer.data["image"]] == [code]
    assert list(Photo.objects.values_list("pk", "image")) == [(photo.pk, photo.image.name)]
    assert Scan.objects.count() == 1


@ways
def test_what_looks_explicit_is_an_error_at_its_field(api, photo, constant, way):
    constant.answer = 0.96
    answer = way(api, photo, upload(seed=2))
    said = "This picture looks explicit and cannot be accepted. Please choose another one."
    assert (answer.status_code, answer.json()) == (400, {"image": [said]})
    assert [detail.code for detail in answer.data["image"]] == ["nsfw"]


@ways
def test_a_doubtful_picture_is_held_and_the_answer_says_so(api, photo, constant, way):
    constant.answer = 0.7
    answer = way(api, photo, upload(seed=2))
    assert answer.status_code in (200, 201)
    said = {key: answer.json()[key] for key in ("image_status", "image_notice")}
    assert said == {"image_status": "held", "image_notice": "Awaiting review"}
    stored = Photo.objects.get(pk=answer.json()["id"]).image
    assert Path(stored.path).read_bytes() != picture(seed=2)
    assert answer.json()["image"] == f"http://testserver{stored.url}"
    assert constant.inferences == 1


@ways
def test_a_harmless_picture_is_stored_as_it_came(api, photo, constant, way):
    answer = way(api, photo, upload(seed=2))
    assert answer.status_code in (200, 201)
    assert (answer.json()["image_status"], answer.json()["image_notice"]) == (None, None)
    stored = Photo.objects.get(pk=answer.json()["id"]).image
    assert Path(stored.path).read_bytes() == picture(seed=2)
    assert constant.inferences == 1


@pytest.mark.parametrize("score", [0.1, 0.7], ids=["clear", "held"])
def test_a_patch_without_a_file_leaves_the_file_alone(api, constant, score):
    constant.answer = score
    photo = Photo.objects.create(image=upload())
    before, scans, inferences = photo.image.name, list(Scan.objects.values()), constant.inferences
    address = f"/api/photos/{photo.pk}/"
    for format in ("multipart", "json"):
        assert api.patch(address, {"title": format}, format=format).status_code == 200
        photo.refresh_from_db()
        assert (photo.title, photo.image.name) == (format, before)
    assert list(Scan.objects.values()) == scans
    assert constant.inferences == inferences


def test_a_put_without_a_file_is_told_that_one_is_missing(api, photo):
    answer = multipart(api, "put", f"/api/photos/{photo.pk}/", title="new")
    assert (answer.status_code, answer.json()) == (400, {"image": ["No file was submitted."]})


def test_the_address_of_the_picture_is_no_picture(api, photo):
    shown = api.get(f"/api/photos/{photo.pk}/").json()
    answer = api.patch(f"/api/photos/{photo.pk}/", {"image": shown["image"]}, format="json")
    assert answer.status_code == 400
    assert [detail.code for detail in answer.data["image"]] == ["invalid"]


def test_a_replaced_file_is_a_scan_of_its_own(api, photo, constant):
    constant.answer = 0.7
    multipart(api, "patch", f"/api/photos/{photo.pk}/", image=upload("new.jpg", seed=2))
    assert list(Scan.objects.order_by("pk").values_list("original_name", "status")) == [
        ("photos/old.jpg", "superseded"),
        ("photos/new.jpg", "held"),
    ]


def test_the_list_says_what_waits_in_one_query(api, constant, django_assert_num_queries):
    constant.answer = 0.7
    for seed in range(3):
        Photo.objects.create(image=upload(f"{seed}.jpg", seed=seed))
    approve(Scan.objects.get(original_name="photos/1.jpg"), moderator=None)
    reject(Scan.objects.get(original_name="photos/2.jpg"), moderator=None)
    with django_assert_num_queries(1):
        shown = api.get("/api/photos/").json()
    assert [photo["image_status"] for photo in shown] == ["held", None, "rejected"]


def test_the_notice_is_in_the_language_of_the_request(api, photo, constant):
    constant.answer = 0.7
    multipart(api, "patch", f"/api/photos/{photo.pk}/", image=upload(seed=2))
    shown = api.get(f"/api/photos/{photo.pk}/", headers={"accept-language": "de"}).json()
    assert (shown["image_status"], shown["image_notice"]) == ("held", "Wartet auf Prüfung")


class TestWithoutAModel:
    """Nothing stands behind that could hold the file."""

    @pytest.mark.parametrize("method", ["post", "put", "patch"])
    def test_the_view_gets_the_file_from_its_beginning_and_what_was_found(
        self, api, constant, method
    ):
        constant.answer = 0.7
        for answer in (
            multipart(api, method, "/api/plain/", file=upload()),
            raw(api, method.upper(), "/api/plain/", picture(), "cat.jpg"),
        ):
            assert (answer.status_code, answer.json()) == (
                200,
                {"nsfw": 0.7, "size": len(picture())},
            )
        assert constant.inferences == 1

    @bad
    def test_a_bad_file_is_refused_however_it_is_sent(self, api, constant, name, body, code):
        for answer in (
            multipart(api, "put", "/api/plain/", file=upload(name, body)),
            raw(api, "PUT", "/api/plain/", body, name),
        ):
            assert (answer.status_code, answer.json()) == (400, {"file": [SENTENCES[code]]})

    def test_the_policy_keys_of_the_field_apply(self, api, constant):
        constant.answer = 0.9
        answer = multipart(api, "post", "/api/plain/", file=upload())
        assert [detail.code for detail in answer.data["file"]] == ["nsfw"]

    def test_without_a_detector_nothing_is_accepted(self, api, broken):
        answer = multipart(api, "post", "/api/plain/", file=upload())
        assert [detail.code for detail in answer.data["file"]] == ["detector_unavailable"]


class TestManyAtOnce:
    def test_of_fifty_three_bad_ones_are_named_and_the_rest_is_not_scored_again(
        self, api, constant
    ):
        files = [upload(f"{n}.jpg", seed=n) for n in range(50)]
        for at, (name, body, _) in zip((7, 23, 49), BAD.values(), strict=True):
            files[at] = upload(name, body)
        answer = multipart(api, "post", "/api/album/", images=files)
        assert answer.status_code == 400
        assert answer.json() == {
            "images": {
                str(at): [SENTENCES[code]]
                for at, (_, _, code) in zip((7, 23, 49), BAD.values(), strict=True)
            }
        }
        assert (Photo.objects.count(), constant.inferences) == (0, 47)
        good = [file for at, file in enumerate(files) if at not in (7, 23, 49)]
        for file in good:
            file.seek(0)
        answer = multipart(api, "post", "/api/album/", images=good)
        assert (answer.status_code, len(answer.json()["photos"])) == (200, 47)
        assert set(Scan.objects.values_list("status", flat=True)) == {"clear"}
        assert constant.inferences == 47

    def test_a_nested_serializer_has_the_error_where_it_belongs(self, api, constant):
        constant.answer = 0.95
        data = {"cover.image": upload(), "images": upload(seed=2)}
        answer = api.post("/api/album/", data, format="multipart")
        said = "This picture looks explicit and cannot be accepted. Please choose another one."
        assert answer.json() == {
            "cover": {"image": ["Not on a cover."]},
            "images": {"0": [said]},
        }
        assert answer.data["cover"]["image"][0].code == "nsfw"
