"""The page of the second detector, and where the queue speaks of it."""

import re

import pytest
from django.urls import reverse

from django_nsfw.models import Scan, ShadowScore
from tests.shadow.conftest import ASSET, PHOTO

pytestmark = pytest.mark.django_db(databases=["default", "second"])

PAGE = reverse("admin:django_nsfw_shadow")
REPORTS = reverse("admin:django_nsfw_reports")
QUEUE = reverse("admin:django_nsfw_queue")
CHECKBOX = 'name="shadow" value="1"'


@pytest.fixture
def as_(client, person):
    def as_(*permissions, **options):
        client.force_login(person(*permissions, **options))
        return client

    return as_


@pytest.fixture
def compared(settings, pair):
    settings.NSFW_POLICY, settings.NSFW_FIELDS = {"review": 0.5}, {ASSET: {"review": 0.3}}
    settings.NSFW_SHADOW = {"detector": "constant"}
    for n in range(100):
        pair((n + 0.5) / 100, (n + 0.5) / 1000)
    ShadowScore.objects.filter(scan__object_pk="3").update(nsfw=0.09)
    ShadowScore.objects.filter(scan__object_pk="90").update(nsfw=0.01)
    Scan.objects.filter(object_pk="90").update(status="approved")


def tables(page):
    """Heading → rows of cells."""
    found = {}
    for section in re.findall(r"<section.*?</section>", page, re.S):
        [title] = re.findall(r"<h2[^>]*>(.*?)</h2>", section)
        rows = re.findall(r"<tr>(.*?)</tr>", section, re.S)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
        found[title] = cells[1:]
    return found


def test_who_may_see_reports_and_nobody_else(as_):
    assert as_("view_scan", "approve_scan").get(PAGE).status_code == 403
    assert as_("see_reports", name="rita").get(PAGE).status_code == 200
    assert as_("see_reports", name="sue").put(PAGE).status_code == 405


def test_what_is_on_it(compared, as_):
    page = as_("see_reports").get(PAGE).content.decode()
    found = tables(page)
    assert found["Verdicts"] == [
        ["allow", "49", "1", "0"],
        ["review", "1", "44", "0"],
        ["reject", "0", "0", "5"],
    ]
    assert found["Who was right"] == [
        ["only the second one would have somebody look", "0", "0", "–", "1"],
        ["only the second one would let it through", "1", "0", "100.0 % (20.7 % – 100.0 %)", "0"],
    ]
    assert found["Fields"] == [[PHOTO, "100", "1 (1.0 %)", "1 (1.0 %)", "0.915"]]
    carried = {
        row[0].partition(":")[0]: row[1:] for row in found["Thresholds for the second detector"]
    }
    assert carried["NSFW_POLICY review"] == [
        "0.5", "50 (50.0 %)", "0.05", "0.0445 – 0.0555", "yes",
    ]  # fmt: skip
    assert carried["NSFW_FIELDS review"] == ["0.3", "0", "–", "–", "no"]
    assert found["Scores that the same share reaches"][0] == ["50.0 %", "0.5050", "0.0505"]
    assert "decides@1" in page
    assert "&quot;review&quot;: 0.05,  # was 0.5;" in page
    numbers = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert numbers == [
        ("drawn", "100"), ("waiting for the second detector", "0"), ("compared", "100"),
        ("correlation of ranks (Spearman)", "0.915"), ("milliseconds a picture", "10"),
    ]  # fmt: skip


def test_nothing_yet(as_):
    page = as_("see_reports").get(PAGE).content.decode()
    assert "There is nothing to compare yet." in page
    assert "NSFW_SHADOW is empty: nothing more is drawn." in page
    assert list(tables(page)) == ["Why there was no score"]


def test_who_is_restricted_is_told_of_their_fields_alone(compared, pair, as_):
    pair(0.2, 0.7, field=ASSET)
    page = as_("see_reports", only=[ASSET]).get(PAGE).content.decode()
    found = tables(page)
    assert found["Fields"] == [[ASSET, "1", "0", "0", "–"]]
    assert [row[0] for row in found["Thresholds for the second detector"]] == [
        f"NSFW_FIELDS review: {ASSET}"
    ]
    assert PHOTO not in page


@pytest.mark.parametrize(
    ("days", "current"), [("30", "30"), ("365", "365"), ("7", "90"), ("x", "90")]
)
def test_the_period(as_, days, current):
    page = as_("see_reports").get(PAGE, {"days": days}).content.decode()
    assert re.findall(r'aria-current="true">(\d+) days', page) == [current]


def test_the_queries_of_the_page(compared, as_, django_assert_num_queries):
    client = as_("see_reports")
    client.get(PAGE)
    with django_assert_num_queries(10):
        client.get(PAGE)


def test_the_reports_lead_there(as_):
    assert f'href="{PAGE}"' in as_("see_reports").get(REPORTS).content.decode()


def test_the_queue_offers_the_filter_where_there_is_a_second_detector(compared, as_, settings):
    client = as_("view_scan")
    page = client.get(QUEUE).content.decode()
    assert CHECKBOX in page
    assert "checked" not in page.partition(CHECKBOX)[2].partition(">")[0]
    page = client.get(QUEUE, {"shadow": "1", "status": ["clear", "approved"]}).content.decode()
    assert CHECKBOX + " checked" in page
    assert "<bdi>the second detector disagrees</bdi>" in page
    assert "2 found" in page
    settings.NSFW_SHADOW = {}
    assert CHECKBOX not in client.get(QUEUE).content.decode()


def test_the_tab_of_scores_says_what_it_gave(compared, as_, settings):
    client = as_("view_scan")

    def said(number):
        scan = Scan.objects.get(object_pk=number)
        page = client.get(reverse("admin:django_nsfw_queue_item", args=[scan.pk])).content.decode()
        return re.findall(r"<p>(A second detector.*?)<br>", page)

    start = "A second detector, which decides nothing, gives it "
    assert said("3") == [f"{start}0.0900. It would have somebody look."]
    assert said("90") == [f"{start}0.0100. It would let it through."]
    ShadowScore.objects.filter(scan__object_pk="3").delete()
    assert said("3") == []
    settings.NSFW_SHADOW = {}
    assert said("90") == []
