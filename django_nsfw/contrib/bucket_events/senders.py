"""Who may say that something arrived: whoever knows a token."""

import base64
import binascii
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import constant_time_compare

SHORTEST = 20
"""Characters of a token. Those that ``secrets.token_urlsafe()`` makes have 43."""


def tokens() -> Sequence[str]:
    """``NSFW_BUCKET_EVENTS_TOKENS``: each of them is good, so that one can replace another.

    Raises ``ImproperlyConfigured``, which never shows a token.
    """
    given = getattr(settings, "NSFW_BUCKET_EVENTS_TOKENS", None)
    if not isinstance(given, (list, tuple)) or not given:
        raise ImproperlyConfigured(
            "NSFW_BUCKET_EVENTS_TOKENS must be a list of tokens: without one anybody could send "
            "events."
        )
    for place, token in enumerate(given):
        if not isinstance(token, str) or len(token) < SHORTEST or not token.isascii():
            raise ImproperlyConfigured(
                f"NSFW_BUCKET_EVENTS_TOKENS[{place}] must be a text of at least {SHORTEST} ASCII "
                "characters: python -c 'import secrets; print(secrets.token_urlsafe())'."
            )
    return given


def is_trusted(authorization: str) -> bool:
    """``Bearer TOKEN``, the token alone, or ``Basic`` with the token as the password."""
    scheme, _, rest = authorization.strip().partition(" ")
    said = rest.strip() or scheme
    if scheme.lower() == "basic":
        try:
            said = base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    # Every one is compared, so that the time tells nothing of which it was.
    return sum(constant_time_compare(said, token) for token in tokens()) > 0
