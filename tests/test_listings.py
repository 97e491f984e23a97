"""Lists that visitors see: held objects left out or marked, without a query for each row."""

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.template import Context, Template

from django_nsfw.decisions import approve, reject
from django_nsfw.listings import exclude_held, status_of, with_nsfw_status
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.host.models import Album, Asset, FramedPhoto, Photo, PhotoProxy

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


@pytest.fixture
def photos(constant):
    """A photo for each status; the titles name it."""

    def make(status, score, decide=None):
        constant.answer = score
        seed = Photo.objects.count()
        photo = Photo.objects.create(title=status, image=upload(body=picture(seed=seed)))
        if decide:
            decide(Scan.objects.current().latest("pk"), moderator=None)
        return photo

    made = {
        "clear": make("clear", 0.1),
        "held": make("held", 0.8),
        "approved": make("approved", 0.8, approve),
        "rejected": make("rejected", 0.8, reject),
        "flagged": make("flagged", 0.1),
        "pending": make("pending", 0.1),
        "unscored": make("unscored", 0.1),
    }
    for status, bytes_in in (("flagged", ""), ("unscored", ""), ("pending", "held/there")):
        scans = Scan.objects.filter(object_pk=str(made[status].pk))
        scans.update(status=status, quarantine_name=bytes_in)
    Photo.objects.bulk_create(
        [Photo(title="unscanned", image="photos/unscanned.jpg", width=1, height=1)]
    )
    Photo.objects.bulk_create([Photo(title="empty")])
    return made


def titles(queryset):
    return sorted(queryset.values_list("title", flat=True))


def render(template, **context):
    return Template("{% load nsfw %}" + template).render(Context(context))


def test_what_visitors_may_not_see_is_left_out(photos):
    assert titles(exclude_held(Photo.objects.all())) == [
        "approved",
        "clear",
        "empty",
        "flagged",
        "unscanned",
        "unscored",
    ]


def test_leaving_out_is_part_of_the_same_query(photos, django_assert_num_queries):
    queryset = exclude_held(Photo.objects.filter(Q(title="held") | Q(title="clear")))
    with django_assert_num_queries(1):
        assert [photo.title for photo in queryset.order_by("-title")[:5]] == ["clear"]
    assert queryset.count() == 1


def test_the_annotation_names_the_status_of_every_row(photos):
    found = with_nsfw_status(Photo.objects.all()).values_list("title", "nsfw_image")
    assert dict(found) == {status: status for status in photos} | {
        "unscanned": None,
        "empty": None,
    }


@pytest.mark.parametrize("model", [PhotoProxy, FramedPhoto], ids=["a proxy", "a child"])
def test_models_that_share_the_column_can_be_listed(model, constant):
    constant.answer = 0.8
    model.objects.create(title="held", image=upload(body=picture(seed=1)))
    assert list(exclude_held(model.objects.all())) == []
    assert with_nsfw_status(model.objects.all(), "image").get().nsfw_image == "held"


def test_several_file_fields_and_a_uuid_key(constant):
    constant.answer = 0.8
    held = Asset.objects.create(notes="held", file=upload(body=picture(seed=1)))
    Asset.objects.create(notes="thumbnail only", thumbnail=upload(body=picture(seed=2)))
    assert [a.notes for a in exclude_held(Asset.objects.all(), "file")] == ["thumbnail only"]
    assert exclude_held(Asset.objects.all(), "thumbnail").count() == 2
    both = with_nsfw_status(with_nsfw_status(Asset.objects.all(), "file"), "thumbnail")
    found = both.get(pk=held.pk)
    assert (found.nsfw_file, found.nsfw_thumbnail) == ("held", None)


def test_a_replaced_file_has_the_status_of_the_new_one(photos, constant):
    photo = photos["held"]
    constant.answer = 0.1
    photo.image = upload("new.jpg", body=picture(seed=99))
    photo.save()
    assert with_nsfw_status(Photo.objects.all()).get(pk=photo.pk).nsfw_image == "clear"
    assert "held" in titles(exclude_held(Photo.objects.all()))


def test_what_a_list_said_does_not_hold_for_a_file_that_comes_later(photos, constant):
    photo = with_nsfw_status(Photo.objects.all()).get(title="clear")
    constant.answer = 0.8
    photo.image = upload("new.jpg", body=picture(seed=99))
    photo.save()
    assert status_of(photo.image) == "held"


def test_of_a_file_that_was_taken_away_a_list_says_nothing(photos):
    photo = with_nsfw_status(Photo.objects.all()).get(title="held")
    photo.image = ""
    assert status_of(photo.image) is None


def test_a_list_of_twenty_costs_one_query(constant, django_assert_num_queries):
    constant.answer = 0.8
    for seed in range(20):
        Photo.objects.create(image=upload(body=picture(seed=seed)))
    page = "{% for p in photos %}{{ p.image|nsfw_status }} {% nsfw_notice p.image %};{% endfor %}"
    with django_assert_num_queries(1):
        text = render(page, photos=with_nsfw_status(Photo.objects.all()))
    assert text.count("Awaiting review") == 20
    with django_assert_num_queries(41):
        assert render(page, photos=Photo.objects.all()) == text


@pytest.mark.parametrize(
    ("queryset", "field", "error", "message"),
    [
        (Asset.objects, None, ValueError, r"host\.Asset: name the file field, one of: file, thumb"),
        (Album.objects, None, ValueError, r"host\.Album: name the file field, one of: none\."),
        (
            Photo.objects,
            "title",
            FieldDoesNotExist,
            r"host\.Photo has no file field 'title', only: image\.",
        ),
        (
            Photo.objects.using("second"),
            None,
            ValueError,
            r"host\.Photo is read from the database 'second', the scans are in 'default'",
        ),
    ],
    ids=["two fields", "no field", "no file field", "another database"],
)
@pytest.mark.parametrize("helper", [exclude_held, with_nsfw_status], ids=lambda f: f.__name__)
def test_mistakes_are_named(helper, queryset, field, error, message):
    with pytest.raises(error, match=message):
        helper(queryset.all(), field)


FILTERS = [
    ("clear", "clear False False", ""),
    ("held", "held True True", "Awaiting review"),
    ("approved", "approved False False", ""),
    ("rejected", "rejected False True", "Removed by a moderator"),
    ("flagged", "flagged False False", ""),
    ("pending", "pending True True", "Being checked"),
]


@pytest.mark.parametrize("annotated", [True, False], ids=["annotated", "by a query"])
@pytest.mark.parametrize(("status", "expected", "notice"), FILTERS, ids=[f[0] for f in FILTERS])
def test_templates_can_tell(status, expected, notice, annotated, photos):
    queryset = with_nsfw_status(Photo.objects.all()) if annotated else Photo.objects.all()
    photo = queryset.get(title=status)
    filters = "{{ f|nsfw_status }} {{ f|awaiting_review }} {{ f|withheld }}"
    assert render(filters, f=photo.image) == expected
    text = render("{% nsfw_notice f %}", f=photo.image)
    assert (notice in text) if notice else text.strip() == ""


@pytest.mark.parametrize("title", ["unscanned", "empty"])
@pytest.mark.parametrize("annotated", [True, False], ids=["annotated", "by a query"])
def test_what_was_never_scanned_has_no_status(title, annotated, photos):
    queryset = with_nsfw_status(Photo.objects.all()) if annotated else Photo.objects.all()
    photo = queryset.get(title=title)
    assert status_of(photo.image) is None
    assert render("[{{ f|nsfw_status }}]{% nsfw_notice f %}", f=photo.image).split() == ["[]"]


def test_templates_stay_quiet_where_there_is_no_file_at_all(db):
    filters = "[{{ p.image|nsfw_status }}{% nsfw_notice p.image %}]{{ p.image|withheld }}"
    assert render(filters, p=None).replace("\n", "") == "[]False"


def test_a_value_that_is_no_file_is_named(photos):
    with pytest.raises(TypeError, match=r"'held' is no file of a model field"):
        status_of(photos["held"].title)
