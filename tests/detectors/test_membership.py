import pytest

from django_nsfw.detectors import membership

from .test_handler import spec

OURS = "django_nsfw.detectors"


def fallback(*aliases):
    return {"BACKEND": f"{OURS}.fallback.FallbackDetector", "OPTIONS": {"detectors": [*aliases]}}


def cascade(first, second):
    options = {"first": first, "second": second}
    return {"BACKEND": f"{OURS}.cascade.CascadeDetector", "OPTIONS": options}


def ensemble(*aliases):
    return {"BACKEND": f"{OURS}.ensemble.EnsembleDetector", "OPTIONS": {"detectors": [*aliases]}}


@pytest.mark.parametrize(
    ("specs", "problem"),
    [
        pytest.param({"default": spec("Plain")}, "", id="made of nothing"),
        pytest.param(
            {"default": cascade("a", "b"), "b": ensemble("a", "c"), "a": fallback("c"),
             "c": spec("Plain")},
            "",
            id="one member in several places",
        ),
        pytest.param(
            {"default": cascade("a", "missing"), "a": spec("Plain")},
            "'second' names 'missing', which is not configured. Configured: default, a.",
            id="unknown",
        ),
        pytest.param(
            {"default": fallback("a"), "a": cascade("missing", "b"), "b": spec("Plain")},
            "'first' names 'missing', which is not configured. Configured: default, a, b.",
            id="unknown further down",
        ),
        pytest.param(
            {"default": ensemble("a", "default"), "a": spec("Plain")},
            "'detectors' goes in a circle: default → default.",
            id="itself",
        ),
        pytest.param(
            {"default": cascade("c", "a"), "a": ensemble("c", "b"), "b": fallback("a"),
             "c": spec("Plain")},
            "'detectors' goes in a circle: a → b → a.",
            id="a circle of three kinds",
        ),
        pytest.param(
            {"default": {"BACKEND": f"{OURS}.cascade.CascadeDetector", "OPTIONS": {"first": 5}}},
            "",
            id="a wrong shape is for others to say",
        ),
        pytest.param({"default": fallback(["a"], 5)}, "", id="and what is no alias"),
        pytest.param(
            {"default": fallback("a"), "a": "no dictionary"}, "", id="so is a broken member"
        ),
    ],
)  # fmt: skip
def test_members_are_there_and_none_is_its_own(configure, specs, problem):
    configure(**specs)

    assert membership.problem_of("default") == problem
