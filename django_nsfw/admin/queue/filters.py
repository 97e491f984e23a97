"""The panel of filters: what can be asked for, what is asked for now, and each without the rest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ...conf import nsfw_settings
from ...models import Scan
from ...permissions import restricted_to
from ...queue.asking import KNOWN, SCORE, SORTS, Question
from ...queue.words import REASONS, field_name, plain
from ...registry import registry
from ...verdict import Verdict

VERDICTS: Mapping[str, Promise] = {
    Verdict.ALLOW: pgettext_lazy("verdict", "allow"),
    Verdict.REVIEW: pgettext_lazy("verdict", "review"),
    Verdict.REJECT: pgettext_lazy("verdict", "reject"),
    Verdict.UNKNOWN: pgettext_lazy("verdict", "unknown"),
}

WHY: Mapping[str, Promise] = {
    SCORE: gettext_lazy("its score"),
    KNOWN: gettext_lazy("equals or resembles a known image"),
    **REASONS,
}

DEFAULTS = {field.name: field.default for field in fields(Question)}


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: Any
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A filter that is on, in words, and the query string of the question without it."""

    text: str
    without: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """``shadow``: whether there is a second detector that could disagree."""

    statuses: list[Choice]
    fields: list[Choice]
    reasons: list[Choice]
    verdicts: list[Choice]
    sorts: list[Choice]
    detectors: list[str]
    labels: list[str]
    asked: list[Asked]
    shadow: bool


def panel(question: Question, user: AbstractBaseUser, shown: Iterable[Scan]) -> Panel:
    """``shown`` suggests detectors and labels: asking millions of rows for theirs takes long."""
    shown = list(shown)
    may = restricted_to(user)
    labels = sorted(registry.watched if may is None else may)
    return Panel(
        statuses=_choices(dict(Scan.Status.choices), question.statuses),
        fields=_choices({label: plain(field_name(label)) for label in labels}, question.fields),
        reasons=_choices(WHY, question.reasons),
        verdicts=_choices(VERDICTS, question.verdicts),
        sorts=_choices(SORTS, (question.sort,)),
        detectors=sorted({scan.detector for scan in shown if scan.detector}),
        labels=sorted({scan.label for scan in shown if scan.label}),
        asked=list(_asked(question)),
        shadow=question.shadow or nsfw_settings.shadow is not None,
    )


def _choices(labels: Mapping[str, Any], chosen: Iterable[str]) -> list[Choice]:
    chosen = set(chosen)
    return [Choice(value=v, label=label, chosen=v in chosen) for v, label in labels.items()]


def _asked(question: Question) -> Iterator[Asked]:
    if set(question.statuses) != set(Question.statuses):
        statuses = dict(Scan.Status.choices)
        yield _one(question, _("status"), _listed(statuses, question.statuses), "statuses")
    if question.fields:
        names = {label: plain(field_name(label)) for label in question.fields}
        yield _one(question, _("field"), _listed(names, question.fields), "fields")
    if question.low is not None:
        yield _one(question, _("score from"), question.low, "low")
    if question.high is not None:
        yield _one(question, _("score to"), question.high, "high")
    if question.reasons:
        yield _one(question, _("reason"), _listed(WHY, question.reasons), "reasons")
    if question.verdicts:
        yield _one(question, _("verdict"), _listed(VERDICTS, question.verdicts), "verdicts")
    if question.detector:
        yield _one(question, _("detector"), plain(question.detector), "detector")
    if question.label:
        yield _one(question, _("label"), plain(question.label), "label")
    if question.uploader is not None:
        yield _one(question, _("uploader"), _person(question.uploader), "uploader")
    if question.min_age is not None:
        yield _one(question, _("hours old at least"), question.min_age, "min_age")
    if question.max_age is not None:
        yield _one(question, _("hours old at most"), question.max_age, "max_age")
    if question.mine:
        yield Asked(text=_("claimed by me"), without=_without(question, "mine"))
    if question.escalated:
        yield Asked(text=_("escalated"), without=_without(question, "escalated"))
    if question.shadow:
        text = _("the second detector disagrees")
        yield Asked(text=text, without=_without(question, "shadow"))


def _one(question: Question, name: str, value: Any, attribute: str) -> Asked:
    text = _("%(filter)s: %(value)s") % {"filter": name, "value": value}
    return Asked(text=text, without=_without(question, attribute))


def _without(question: Question, attribute: str) -> str:
    changed: Any = {attribute: DEFAULTS[attribute]}
    return replace(question, **changed).query()


def _listed(labels: Mapping[str, Any], values: Iterable[str]) -> str:
    return ", ".join(str(labels.get(value, value)) for value in values)


def _person(key: Any) -> str:
    found = get_user_model()._default_manager.filter(pk=key).first()
    return plain(str(found)) if found is not None else f"#{key}"
