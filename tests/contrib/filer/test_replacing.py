"""The form on the page of a file: another file in its place, a bad one, or none."""

import pytest
from filer.models import Image

from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.filer.conftest import facts, facts_of, image, now
from tests.contrib.filer.doors import PDF, UNREADABLE, change
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()
NEW = picture(48, 32, seed=5)


@pytest.mark.parametrize(
    ("name", "body", "score", "said"),
    [
        pytest.param(
            "new.jpg", NEW, 0.97,
            ["This picture looks explicit and cannot be accepted. Please choose another one."],
            id="one that is rejected",
        ),
        pytest.param(
            "paper.png", PDF, 0.1,
            ["This file is not a picture of a supported format. Please send one of: JPEG, PNG, "
             "GIF, WEBP, AVIF, BMP, TIFF, HEIF.", UNREADABLE],
            id="a PDF named png",
        ),
        pytest.param(
            "new.png", NEW, 0.1,
            ["The file name ends in “.png”, but the content is JPEG. Please rename the file or "
             "save it again."],
            id="a JPEG named png",
        ),
        pytest.param(
            "new.jpg", NEW[:-400], 0.1,
            ["This picture cannot be read. It may be damaged: open it, save it again as JPEG or "
             "PNG, and send that.", UNREADABLE],
            id="half a picture",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_and_the_earlier_one_stays(
    name, body, score, said, constant, admin_client, kept
):
    """Of what is no picture at all django-filer says something as well."""
    cat = image()
    constant.answer = score
    errors = change(admin_client, cat, file=upload(name, body), name="Tom")
    assert errors == {"__all__": [f"File “{name}”: {said[0]}", *said[1:]]}
    assert (now(cat).file.name, now(cat).name) == (cat.file.name, cat.name)
    assert kept()[cat.file.name] == BODY
    assert (body in kept().values(), held()) == (False, [])
    assert Scan.objects.get().status == "clear"


def test_an_svg_in_the_place_of_a_picture_is_cleaned_and_held(constant, admin_client, kept):
    cat = image()
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect/></svg>'
    assert change(admin_client, cat, file=upload("drawing.svg", script)) == {}
    assert [(scan.status, scan.error_code) for scan in Scan.objects.order_by("pk")] == [
        ("superseded", ""),
        ("held", "unsupported_format"),
    ]
    (cleaned,) = held()
    assert (b"script" in cleaned, b"rect" in cleaned) == (False, True)
    assert cleaned not in kept().values()


@pytest.mark.parametrize(("score", "status"), [(0.1, "clear"), (0.7, "held")])
def test_a_good_file_takes_its_place(score, status, constant, admin_client, kept):
    cat = image()
    constant.answer = score
    assert change(admin_client, cat, file=upload("new.jpg", NEW)) == {}
    cat = now(cat)
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", status]
    assert facts(cat) == facts_of(kept()[cat.file.name], 48, 32)
    assert (kept()[cat.file.name] == NEW) is (score < 0.5)


def test_without_a_file_its_texts_are_saved_and_nothing_else(constant, admin_client, kept):
    constant.answer = 0.7
    cat = image()
    assert change(admin_client, cat, name="Tom", default_alt_text="a cat") == {}
    assert Image.objects.get().default_alt_text == "a cat"
    assert (now(cat).name, now(cat).file.name) == ("Tom", cat.file.name)
    assert (BODY in kept().values(), Scan.objects.get().status) == (False, "held")
