"""What a known image does under each rule; and the rules as settings say them."""

import json

import pytest

from django_nsfw import exceptions
from django_nsfw.policy import NAME_MATTERS, Action, KnownRules, Policy
from django_nsfw.scores import Assessment, KnownMatch, Perceptual
from django_nsfw.verdict import Verdict
from tests.test_policy import assessed

A, R, J, U = Verdict.ALLOW, Verdict.REVIEW, Verdict.REJECT, Verdict.UNKNOWN
LOW, HIGH, TOP = assessed(0.1), assessed(0.6), assessed(0.95)
DOWN = assessed(failure="detector_unavailable")
NAMED = assessed(0.1, failure="extension_mismatch")


@pytest.mark.parametrize("distance", [None, 12], ids=["exact", "similar"])
@pytest.mark.parametrize(
    ("rule", "rejected", "verdicts"),
    [
        ("apply", True, (J, J, J, J, J)),
        ("apply", False, (A, A, A, A, U)),
        ("review", True, (R, R, J, U, U)),
        ("review", False, (A, R, J, U, U)),
        ("ignore", True, (A, R, J, U, U)),
        ("ignore", False, (A, R, J, U, U)),
    ],
)
def test_a_rule_makes_a_verdict(rule, rejected, verdicts, distance):
    other = {"exact": "ignore", "similar": "ignore"}
    rules = other | {"exact" if distance is None else "similar": rule}
    policy = Policy.of({"reject": 0.9, "known": rules})
    match = KnownMatch(known=1, rejected=rejected, distance=distance)
    found = tuple(policy.verdict(seen, match) for seen in (LOW, HIGH, TOP, DOWN, NAMED))
    assert found == verdicts


def test_what_on_error_would_let_pass_is_looked_at_where_its_twin_was_rejected():
    policy = Policy.of({"on_error": "allow", "on_review": "flag"})
    twin = KnownMatch(known=1, rejected=True, distance=3)
    assert policy.verdict(DOWN, twin) is R
    assert policy.action(policy.verdict(DOWN, twin)) is Action.FLAG
    assert policy.verdict(DOWN) is U


def test_names_matter_for_codes_that_exist():
    assert NAME_MATTERS <= exceptions.FILE_FAULTS


def test_layers_are_merged_key_by_key():
    policy = Policy.of(
        {"known": {"exact": "review", "rotations": True}}, {}, {"known": {"similar": "apply"}}
    )
    assert policy.known == KnownRules(exact="review", similar="apply", rotations=True)
    assert Policy.of({"review": 0.4}).known == KnownRules(exact="apply", similar="review")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ("apply", "'known' must be a dictionary, not 'apply'."),
        ({"same": 1}, "'known' has no key 'same'. Valid keys: exact, similar, rotations."),
        (
            {"exact": "reject"},
            "'known': 'exact' must be one of apply, review, ignore, not 'reject'.",
        ),
        (
            {"similar": None},
            "'known': 'similar' must be one of apply, review, ignore, not None.",
        ),
        ({"rotations": 1}, "'known': 'rotations' must be True or False, not 1."),
    ],
    ids=str,
)
def test_a_mistake_names_the_value_and_the_valid_ones(known, message):
    with pytest.raises(ValueError) as error:
        Policy.of({"known": known})
    assert str(error.value) == message


def test_a_hash_survives_json_and_entries_that_had_none_can_be_read():
    seen = Perceptual(pdq="ab" * 32, quality=77, rotations=("cd" * 32,))
    assessment = Assessment(sha256="0" * 64, size=1, perceptual=seen)
    values = json.loads(json.dumps(assessment.as_json()))
    assert Assessment.from_json(values) == assessment
    del values["perceptual"]
    assert Assessment.from_json(values).perceptual == Perceptual()
