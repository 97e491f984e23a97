"""Settings that are written are settings that work."""

import pytest
from django.test import override_settings

from django_nsfw.conf import nsfw_settings
from django_nsfw.policy import Policy
from django_nsfw.registry import registry
from django_nsfw.simulation import Proposal, snippet
from tests.reports.conftest import ASSET, PHOTO


def policies():
    return {
        label: Policy.of(nsfw_settings.policy, watched.options)
        for label, watched in registry.watched.items()
    }


def put_in(text: str) -> dict:
    settings: dict = {}
    exec(text, settings)  # what a person pastes into a module of settings
    return {name: value for name, value in settings.items() if name.startswith("NSFW_")}


@pytest.mark.parametrize("field", ["", PHOTO, ASSET])
@pytest.mark.parametrize(("review", "reject"), [(0.62, 0.97), (0.3, None), (None, None)])
def test_what_is_written_is_the_proposal_and_nothing_else(field, review, reject):
    before = policies()
    written = put_in(snippet(Proposal(review=review, reject=reject, field=field)))
    with override_settings(**written):
        after = policies()
    assert after.keys() == before.keys()
    for label, policy in after.items():
        if field in ("", label):
            assert (policy.review, policy.reject) == (review, reject)
        else:
            assert policy == before[label]


def test_what_the_settings_said_besides_is_kept():
    with override_settings(
        NSFW_POLICY={"on_error": "reject", "review": 0.4},
        NSFW_FIELDS={ASSET: {"uploader": "owner", "review": 0.3}, "host.Asset.thumbnail": None},
    ):
        written = put_in(snippet(Proposal(review=0.6, reject=0.9)))
    assert written["NSFW_POLICY"] == {"on_error": "reject", "review": 0.6, "reject": 0.9}
    assert written["NSFW_FIELDS"][ASSET] == {"uploader": "owner", "review": 0.6, "reject": 0.9}
    assert written["NSFW_FIELDS"]["host.Asset.thumbnail"] is None


def test_it_reads_well():
    with override_settings(NSFW_POLICY={}, NSFW_FIELDS={}):
        assert snippet(Proposal(review=0.62, reject=0.97, field=PHOTO)) == (
            "NSFW_FIELDS = {'host.Photo.image': {'review': 0.62, 'reject': 0.97}}\n"
        )
