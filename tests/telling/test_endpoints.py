"""``NSFW_WEBHOOKS``: what it may be, what is said where it may not, and how a message is signed."""

import base64
import datetime

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from standardwebhooks import Webhook

from django_nsfw.webhooks.endpoints import EVENTS, endpoints
from tests.telling.receiver import OTHER_SECRET, SECRET

URL = "https://hooks.example.org/nsfw"
URLS = "must have an http(s) 'url' of at most 500 characters."
SECRETS = "needs a 'secret' that is 'whsec_' and 24 to 64 random bytes in base64."


def of(size):
    return "whsec_" + base64.b64encode(b"x" * size).decode()


def test_defaults(settings):
    settings.NSFW_WEBHOOKS = [{"url": URL, "secret": SECRET}]
    [endpoint] = endpoints()
    assert (endpoint.url, endpoint.events) == (URL, EVENTS)
    assert "MfKQ" not in repr(endpoint)


WRONG = {
    "no dictionary": ("x", "must be a dictionary."),
    "another key": ({"event": []}, "has no key 'event'. Valid keys: url, secret, events."),
    "no url": ({"url": None}, "needs a 'url'."),
    "a space": ({"url": "https://a b"}, "needs a 'url'."),
    "another scheme": ({"url": "ftp://a"}, URLS),
    "a file": ({"url": "file:///etc/passwd"}, URLS),
    "no port": ({"url": "https://a:99999999/"}, URLS),
    "too long": ({"url": "https://a/" + "x" * 500}, URLS),
    "a password": (
        {"url": "https://u:p@a/"},
        "must not have a password in its 'url': requests are signed.",
    ),
    "not encrypted": (
        {"url": "http://hooks.example.org"},
        "must begin with https://: what is sent is signed, not encrypted.",
    ),
    "no secret": ({"secret": None}, SECRETS),
    "no secrets": ({"secret": []}, "needs a 'secret'."),
    "no prefix": ({"secret": "abc"}, SECRETS),
    "no base64": ({"secret": "whsec_***"}, SECRETS),
    "too short": ({"secret": of(23)}, SECRETS),
    "too long a secret": ({"secret": of(65)}, SECRETS),
    "no events": ({"events": []}, "must name its 'events' in a list."),
    "one event": ({"events": "image.held"}, "must name its 'events' in a list."),
    "another event": (
        {"events": ["image.seen"]},
        "has no event 'image.seen'. Valid events: image.held, image.released, image.rejected, "
        "decision.undone.",
    ),
}


@pytest.mark.parametrize(("given", "complaint"), WRONG.values(), ids=WRONG)
def test_e060_says_what_is_wrong_and_no_secret(settings, given, complaint):
    right = {"url": URL, "secret": SECRET}
    settings.NSFW_WEBHOOKS = [{**right, **given} if isinstance(given, dict) else given]
    with pytest.raises(ImproperlyConfigured) as error:
        endpoints()
    assert str(error.value) == f"NSFW_WEBHOOKS[0] {complaint}"
    found = [m for m in checks.run_checks(tags=["nsfw"]) if m.id == "django_nsfw.E060"]
    assert [m.msg for m in found] == [f"NSFW_WEBHOOKS[0] {complaint}"]


def test_e060_another_type_and_two_of_the_same(settings):
    settings.NSFW_WEBHOOKS = {"url": URL}
    with pytest.raises(ImproperlyConfigured, match="must be a list of endpoints"):
        endpoints()
    settings.NSFW_WEBHOOKS = [{"url": URL, "secret": SECRET}] * 2
    with pytest.raises(ImproperlyConfigured) as error:
        endpoints()
    assert str(error.value) == "NSFW_WEBHOOKS[1] has the same 'url' as another one."


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_secret(settings, size):
    settings.NSFW_WEBHOOKS = [{"url": URL, "secret": of(size)}]
    assert [len(key) for key in endpoints()[0].keys] == [size]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/", "http://[::1]/", "http://localhost/", "https://10.0.0.1/"]
)
def test_loopback_needs_no_https_and_private_addresses_are_the_sites_own(settings, url):
    settings.NSFW_WEBHOOKS = [{"url": url, "secret": SECRET}]
    assert endpoints()[0].url == url


def test_while_developing_http_is_enough(settings):
    settings.DEBUG = True
    settings.NSFW_WEBHOOKS = [{"url": "http://receiver:8000/", "secret": SECRET}]
    assert endpoints()[0].url == "http://receiver:8000/"


def test_a_signature_as_the_reference_library_makes_it(settings):
    settings.NSFW_WEBHOOKS = [{"url": URL, "secret": [SECRET, OTHER_SECRET]}]
    at, body = 1674087231, '{"type":"image.held"}'
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    expected = [Webhook(secret).sign("msg_1", moment, body) for secret in (SECRET, OTHER_SECRET)]
    assert endpoints()[0].signature("msg_1", at, body) == " ".join(expected)
