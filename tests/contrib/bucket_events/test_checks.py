"""What the checks say of settings that cannot work."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from django_nsfw.contrib.bucket_events.checks import check_bucket_events


def found():
    return [(each.id, each.msg) for each in check_bucket_events(None)]


def test_nothing_where_all_is_well(site):
    assert found() == []


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (
            None,
            "NSFW_BUCKET_EVENTS_TOKENS must be a list of tokens: without one anybody could send "
            "events.",
        ),
        (
            "a-token-that-is-long-enough",
            "NSFW_BUCKET_EVENTS_TOKENS must be a list of tokens: without one anybody could send "
            "events.",
        ),
        (
            ["a-token-that-is-long-enough", "short"],
            "NSFW_BUCKET_EVENTS_TOKENS[1] must be a text of at least 20 ASCII characters: python "
            "-c 'import secrets; print(secrets.token_urlsafe())'.",
        ),
    ],
    ids=["none", "no list", "too short"],
)
def test_tokens_that_are_none(site, settings, tokens, said):
    settings.NSFW_BUCKET_EVENTS_TOKENS = tokens
    assert found() == [("django_nsfw.E096", said)]
    with pytest.raises(SystemCheckError):
        call_command("check", tags=["nsfw"])


def test_no_address(site, settings):
    settings.ROOT_URLCONF = "tests.urls"
    assert found() == [("django_nsfw.W096", "The events of buckets have no address.")]


def test_no_bucket():
    assert found() == [
        (
            "django_nsfw.W097",
            "No watched field keeps its files in a bucket: no event will concern any.",
        )
    ]
