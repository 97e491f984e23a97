"""The schema that drf-spectacular makes of it."""

import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.settings import patched_settings

from django_nsfw.contrib.rest_framework.queries import DecisionQuery, ScanQuery


@pytest.fixture(
    scope="module", params=[True, False], ids=["requests apart", "requests and answers as one"]
)
def schema(request, tmp_path_factory):
    GENERATOR_STATS.reset()
    with patched_settings({"COMPONENT_SPLIT_REQUEST": request.param}):
        out = tmp_path_factory.mktemp("schema") / "schema.yaml"
        call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(out))
    return yaml.safe_load(out.read_text())


def test_it_is_valid_and_nothing_warns(schema):
    assert {path for path in schema["paths"] if "nsfw" in path} == {
        "/api/nsfw/scans/",
        "/api/nsfw/scans/{id}/",
        "/api/nsfw/decisions/",
        "/api/nsfw/decisions/{id}/",
    }


@pytest.mark.parametrize(("name", "query"), [("scans", ScanQuery), ("decisions", DecisionQuery)])
def test_it_names_each_parameter(schema, name, query):
    parameters = schema["paths"][f"/api/nsfw/{name}/"]["get"]["parameters"]
    assert {parameter["name"] for parameter in parameters} == set(query().fields)


def test_it_says_what_a_page_is(schema):
    answer = schema["paths"]["/api/nsfw/scans/"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    page = schema["components"]["schemas"][name]
    assert page["required"] == ["next", "previous", "results"]
    assert page["properties"]["results"]["items"] == {"$ref": "#/components/schemas/NSFWScan"}


def test_choices_are_one_component_each(schema):
    components = schema["components"]["schemas"]
    decision = components["NSFWDecision"]["properties"]
    for key in ("from_status", "to_status"):
        assert decision[key]["allOf"] == [{"$ref": "#/components/schemas/NSFWScanStatus"}]
    assert "held" in components["NSFWScanStatus"]["enum"]
    assert {name for name in components if "Enum" in name} == set()


def test_who_asks_must_say_who_they_are(schema):
    for path in schema["paths"]:
        if "nsfw" in path:
            assert {} not in schema["paths"][path]["get"]["security"]


def test_a_picture_is_sent_as_bytes_and_answered_as_an_address(schema):
    components = schema["components"]["schemas"]
    assert components["Photo"]["properties"]["image"]["format"] == "uri"
    if "PhotoRequest" in components:
        assert components["PhotoRequest"]["properties"]["image"]["format"] == "binary"
    assert components["Photo"]["properties"]["image_status"]["allOf"] == [
        {"$ref": "#/components/schemas/NSFWPlaceholderStatus"}
    ]
    assert "description" not in components["Photo"]
