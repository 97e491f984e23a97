"""A proposal as settings that can be put into a project."""

from collections.abc import Mapping
from pprint import pformat
from typing import Any

from django.conf import settings as django_settings

from ..conf import nsfw_settings
from ..registry import registry
from .proposal import Proposal

LINE = 88
"""Characters of a line, where values allow."""


def snippet(proposal: Proposal) -> str:
    """Python: the settings that make the proposal the policy, with what they say besides.

    What is given to a field wins over the project's policy, so that fields with thresholds of
    their own are named as well.
    """
    thresholds = {"review": proposal.review, "reject": proposal.reject}
    fields = dict(nsfw_settings.fields)
    written = []
    if proposal.field:
        changed = [proposal.field]
    else:
        policy = {**getattr(django_settings, "NSFW_POLICY", {}), **thresholds}
        written.append(_assigned("NSFW_POLICY", policy))
        changed = [
            label
            for label, one in sorted(registry.watched.items())
            if one.options.keys() & thresholds
        ]
    if changed:
        for label in changed:
            fields[label] = {**(fields.get(label) or {}), **thresholds}
        written.append(_assigned("NSFW_FIELDS", fields))
    return "\n".join(written)


def _assigned(name: str, value: Mapping[str, Any]) -> str:
    text = pformat(dict(value), width=LINE - len(name) - 3, sort_dicts=False)
    return f"{name} = {text}\n".replace("\n ", "\n" + " " * (len(name) + 4))
