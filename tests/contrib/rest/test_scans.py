"""The API over scans: who may ask, what can be asked, and that nothing leads to held bytes."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient

from django_nsfw.contrib.rest_framework.views import ModerationThrottle, ScanViewSet
from django_nsfw.models import Scan
from django_nsfw.queue import matching
from tests.queue.conftest import START, row
from tests.queue.doors import ASSET, PHOTO

pytestmark = pytest.mark.django_db

SCANS, DECISIONS = reverse("nsfw:scan-list"), reverse("nsfw:decision-list")


def numbers(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [scan["object_pk"] for scan in answer.json()["results"]]


def hour(number) -> str:
    return (START + timedelta(hours=number)).isoformat()


class TestWhoMayAsk:
    ROLES = {
        "nobody": (None, 403, 403),
        "staff without permissions": ((), 403, 403),
        "who may see scans": (("view_scan",), 200, 403),
        "who may see decisions": (("view_decision",), 403, 200),
        "who may decide": (("approve_scan", "reject_scan", "bulk_scan"), 403, 403),
        "who may do both": (("view_scan", "view_decision"), 200, 200),
    }

    @pytest.mark.parametrize(("permissions", "scans", "decisions"), ROLES.values(), ids=ROLES)
    def test_each_list_and_each_row_asks_for_its_permission(
        self, api, there, person, permissions, scans, decisions
    ):
        if permissions is not None:
            api.force_login(person(*permissions))
        scan, decision = there["scan"][0], there["decision"][0]
        asked = [SCANS, f"{SCANS}{scan.pk}/", DECISIONS, f"{DECISIONS}{decision.pk}/"]
        answers = [api.get(address).status_code for address in asked]
        assert answers == [scans, scans, decisions, decisions]

    def test_who_left_may_ask_no_more(self, api, there, person):
        user = person(is_superuser=True)
        api.force_login(user)
        assert api.get(SCANS).status_code == 200
        type(user).objects.update(is_active=False)
        assert api.get(SCANS).status_code == 403

    @pytest.mark.parametrize(
        ("fields", "seen"),
        [
            ([], {PHOTO, ASSET}),
            ([PHOTO], {PHOTO}),
            ([ASSET], {ASSET}),
            (["left.The.project"], set()),
        ],
    )
    def test_of_fields_that_one_does_not_moderate_nothing_is_there(
        self, api, there, person, fields, seen
    ):
        api.force_login(person("view_scan", "view_decision", fields=fields))
        for address, kind in ((SCANS, "scan"), (DECISIONS, "decision")):
            found = api.get(address).json()["results"]
            assert {one["field"] for one in found} == seen
            for label, made in zip((PHOTO, ASSET), there[kind], strict=True):
                answer = api.get(f"{address}{made.pk}/").status_code
                assert answer == (200 if label in seen else 404)

    def test_what_the_site_asks_of_every_view_holds_here_too(self, api, moderator, monkeypatch):
        class Nobody(BasePermission):
            def has_permission(self, request, view):
                return False

        monkeypatch.setattr(ScanViewSet, "permission_classes", [Nobody])
        assert api.get(SCANS).status_code == 403

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_is_changed_through_it(self, api, person, method):
        api.force_login(person(is_superuser=True))
        scan = row(1)
        for address in (SCANS, f"{SCANS}{scan.pk}/", DECISIONS):
            assert getattr(api, method)(address, {"status": "approved"}).status_code == 405
        assert Scan.objects.get().status == "held"


class TestThrottling:
    def rate(self, settings, rate):
        rates = {"DEFAULT_THROTTLE_RATES": {} if rate == "" else {"nsfw": rate}}
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | rates

    def test_the_rate_of_the_site_is_for_each_person(self, api, moderator, person, settings):
        self.rate(settings, "2/min")
        assert [api.get(SCANS).status_code for _ in range(3)] == [200, 200, 429]
        assert 0 < int(api.get(SCANS).headers["Retry-After"]) <= 60
        other = APIClient()
        other.force_login(person("view_scan", name="other"))
        assert other.get(SCANS).status_code == 200

    @pytest.mark.parametrize(
        ("rate", "last"), [("", 429), (None, 200)], ids=["unsaid", "switched off"]
    )
    def test_without_one_there_is_a_usual_rate_that_can_be_switched_off(
        self, api, moderator, settings, monkeypatch, rate, last
    ):
        assert ModerationThrottle.usual == "120/min"
        monkeypatch.setattr(ModerationThrottle, "usual", "2/min")
        self.rate(settings, rate)
        assert [api.get(SCANS).status_code for _ in range(3)] == [200, 200, last]


class TestWhatIsSaid:
    KEYS = {
        "id", "field", "object_pk", "object_db", "name", "original_name", "uploader", "status",
        "verdict", "nsfw", "label", "detector", "ms", "error_code", "error_message", "known",
        "known_distance", "sha256", "size", "format", "width", "height", "frames", "created_at",
        "scored_at", "settled_at", "escalated_at", "pruned_at", "erased_at",
    }  # fmt: skip

    def test_nothing_leads_to_held_bytes(self, api, moderator):
        scan = row(1, sampled_at=timezone.now())
        listed, alone = api.get(SCANS), api.get(f"{SCANS}{scan.pk}/")
        [found] = listed.json()["results"]
        assert set(found) == self.KEYS
        assert set(alone.json()) == self.KEYS | {"crops"}
        for answer in (listed, alone):
            text = answer.content.decode()
            assert scan.quarantine_name not in text
            assert str(scan.token) not in text and scan.token.hex not in text
            assert answer.headers["Cache-Control"] == "private, no-store"

    def test_the_scores_of_each_part_are_said_of_one_scan(self, api, moderator):
        scan = row(1)
        assert api.get(f"{SCANS}{scan.pk}/").json()["crops"] == scan.crops

    def test_a_row_costs_no_query_of_its_own(self, api, moderator, django_assert_num_queries):
        for number in range(30):
            row(number, uploader=moderator)
        who = 5  # session, user, two for permissions, one for the fields
        with django_assert_num_queries(len(Scan.Status) + 1 + who):
            assert len(numbers(api.get(SCANS))) == 30
        with django_assert_num_queries(1 + 1 + who):
            assert len(numbers(api.get(SCANS, {"status": "held"}))) == 30


FOUND = {
    "": "9 8 7 6 5 4 3 2 1 0",
    "sort=-age": "0 1 2 3 4 5 6 7 8 9",
    "sort=score&low=0": "1 2 3 4 5 6 7 8 9",
    "sort=-score&size=3": "9 8 7",
    "status=held": "8 6 4 2 0",
    "status=held&status=clear": "9 8 7 6 5 4 3 2 1 0",
    "status=rejected": "",
    f"field={ASSET}": "9 6 3 0",
    f"field={ASSET}&field={PHOTO}": "9 8 7 6 5 4 3 2 1 0",
    "verdict=review": "8 6 4 2 0",
    "verdict=review&verdict=allow": "9 8 7 6 5 4 3 2 1 0",
    "detector=other": "5",
    "label=cat": "7",
    "reason=timeout": "0",
    "reason=timeout&reason=score": "9 8 7 6 5 4 3 2 1 0",
    "reason=known": "",
    "low=0.5": "9 8 7 6 5",
    "high=0.2": "2 1",
    "low=0.25&high=0.55&status=held": "4",
    f"object=3&field={ASSET}": "3",
    f"object=3&field={PHOTO}": "",
    f"since={hour(7)}": "9 8 7",
    f"until={hour(1)}": "1 0",
    f"since={hour(3)}&until={hour(5)}&detector=other": "5",
    "since=2026-01-01T09:00:00Z": "9",
    "format=json&page=7": "9 8 7 6 5 4 3 2 1 0",
}


@pytest.fixture
def ten(moderator):
    return [
        row(
            number,
            status="clear" if number % 2 else "held",
            quarantine_name="" if number % 2 else f"held/{number}",
            verdict="allow" if number % 2 else "review",
            field=PHOTO if number % 3 else ASSET,
            detector="other" if number == 5 else "usual",
            label="cat" if number == 7 else "nsfw",
            nsfw=number / 10 if number else None,
            error_code="" if number else "timeout",
        )
        for number in range(10)
    ]


class TestFilters:
    @pytest.mark.parametrize(("query", "expected"), FOUND.items(), ids=FOUND)
    def test_what_is_asked_for_is_found(self, api, ten, query, expected):
        query = query.replace("+", "%2B")
        assert numbers(api.get(f"{SCANS}?{query}")) == expected.split()

    def test_an_uploader_is_named_by_key(self, api, ten, moderator):
        Scan.objects.filter(object_pk="4").update(uploader=moderator)
        assert numbers(api.get(SCANS, {"uploader": moderator.pk})) == ["4"]
        assert numbers(api.get(SCANS, {"uploader": moderator.pk + 1})) == []

    @pytest.mark.parametrize(
        ("query", "key", "code"),
        [
            ("status=lost", "status", "invalid_choice"),
            ("verdict=maybe", "verdict", "invalid_choice"),
            ("field=Photo.image", "field", "invalid"),
            ("&".join(f"field=a.B.c{n}" for n in range(51)), "field", "max_length"),
            ("reason=DROP TABLE", "reason", "invalid"),
            ("detector=a%00b", "detector", "null_characters_not_allowed"),
            (f"label={'x' * 101}", "label", "max_length"),
            ("low=-0.1", "low", "min_value"),
            ("high=1.1", "high", "max_value"),
            ("low=nan", "low", "invalid"),
            ("low=half", "low", "invalid"),
            ("low=0.6&high=0.5", "high", "invalid"),
            ("since=yesterday", "since", "invalid"),
            ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until", "invalid"),
            ("object=3", "field", "invalid"),
            ("uploader=me", "uploader", "invalid"),
            ("uploader=99999999999999999999", "uploader", "max_value"),
            ("sort=name", "sort", "invalid_choice"),
            ("size=0", "size", "min_value"),
            ("size=101", "size", "max_value"),
            ("after=x", "after", "invalid"),
            ("before=bm8", "before", "invalid"),
        ],
    )
    def test_what_makes_no_sense_is_an_error_at_its_key(self, api, ten, query, key, code):
        answer = api.get(f"{SCANS}?{query}")
        assert (answer.status_code, list(answer.json())) == (400, [key])
        said = answer.data[key]
        if isinstance(said, dict):
            said = said[next(iter(said))]
        assert [detail.code for detail in said] == [code]


class TestPages:
    @pytest.mark.parametrize("sort", ["age", "-age", "-score", "uncertainty"])
    @pytest.mark.parametrize("size", [1, 3, 10])
    def test_the_links_lead_to_the_end_and_back(self, api, ten, sort, size):
        whole = numbers(api.get(SCANS, {"sort": sort}))
        answer = api.get(SCANS, {"sort": sort, "size": size})
        forwards = numbers(answer)
        while address := answer.json()["next"]:
            answer = api.get(address)
            forwards += numbers(answer)
        assert forwards == whole
        back = numbers(answer)
        while address := answer.json()["previous"]:
            answer = api.get(address)
            back = [*numbers(answer), *back]
        assert back == whole

    def test_people_have_the_links_as_well(self, api, ten):
        page = api.get(SCANS, {"size": 3}, headers={"accept": "text/html"})
        assert page.status_code == 200
        link = json.loads(api.get(SCANS, {"size": 3}).content)["next"]
        assert f'href="{link.replace("&", "&amp;")}"' in page.content.decode()

    def test_what_no_index_serves_is_looked_for_by_the_piece(self, api, moderator, monkeypatch):
        monkeypatch.setattr(matching, "LOOKED_AT", 3 * len(Scan.Status))
        for number in range(12):
            row(number, label="cat" if number in (0, 11) else "dog")
        pages, answer = [], api.get(SCANS, {"label": "cat"})
        while True:
            pages.append(numbers(answer))
            if not (address := answer.json()["next"]):
                break
            answer = api.get(address)
        assert pages == [["11"], [], ["0"], []]
