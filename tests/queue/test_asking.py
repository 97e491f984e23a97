"""Questions as query strings: what they say, what they are written as, and what makes no sense."""

import pytest
from django.contrib.auth import get_user_model
from django.http import QueryDict

from django_nsfw.models.assessed import LABEL_LENGTH
from django_nsfw.queue.asking import LONGEST_AGE, MANY, Question


def asked(query="") -> Question:
    return Question.of(QueryDict(query))


EVERYTHING = (
    "status=approved&status=held&field=host.Asset.file&field=host.Photo.image&low=0.25&high=0.5"
    "&reason=score&reason=timeout&verdict=review&detector=timm%2Fa&label=explicit&uploader=7"
    "&min_age=1&max_age=48&mine=1&escalated=1&sort=uncertainty"
)


def test_nothing_asked_for_is_what_waits_the_oldest_first():
    question = asked()
    assert question == Question()
    assert (question.statuses, question.sort) == (("held", "flagged"), "-age")
    assert question.query() == ""


def test_everything_can_be_asked_for():
    assert asked(EVERYTHING) == Question(
        statuses=("approved", "held"),
        fields=("host.Asset.file", "host.Photo.image"),
        low=0.25,
        high=0.5,
        reasons=("score", "timeout"),
        verdicts=("review",),
        detector="timm/a",
        label="explicit",
        uploader=7,
        min_age=1,
        max_age=48,
        mine=True,
        escalated=True,
        sort="uncertainty",
    )


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        (EVERYTHING, EVERYTHING),
        ("status=flagged&status=held&sort=-age", ""),
        ("status=held", "status=held"),
        ("status=held&status=held&status=approved", "status=approved&status=held"),
        ("sort=score&label=explicit&page=3&csrf=x", "label=explicit&sort=score"),
        ("low=0.50", "low=0.5"),
        ("low=0&high=1", "low=0.0&high=1.0"),
        ("low=&high=&label=&uploader=&mine=&sort=&status=", ""),
        ("mine=0&escalated=0", ""),
        ("label=a%26b%3D%C3%A9", "label=a%26b%3D%C3%A9"),
        ("min_age=007", "min_age=7"),
        ("label=one&label=two", "label=two"),
    ],
)
def test_the_same_question_is_the_same_text(query, canonical):
    question = asked(query)
    assert question.query() == canonical
    assert asked(question.query()).query() == canonical
    assert question.problems == ()


@pytest.mark.parametrize(
    ("query", "key", "shown"),
    [
        ("status=lost", "status", "lost"),
        ("field=Photo.image", "field", "Photo.image"),
        ("field=host.Photo.image.x", "field", "host.Photo.image.x"),
        ("low=-0.1", "low", "-0.1"),
        ("high=1.1", "high", "1.1"),
        ("low=nan", "low", "nan"),
        ("low=inf", "low", "inf"),
        ("low=half", "low", "half"),
        ("low=0.6&high=0.5", "high", "0.5"),
        ("reason=DROP TABLE", "reason", "DROP TABLE"),
        ("verdict=maybe", "verdict", "maybe"),
        ("detector=a%00b", "detector", "a\\x00b…"),
        ("label=a%0Ab", "label", "a\\nb…"),
        ("label=a%E2%80%AEb", "label", "a\\u202eb…"),
        ("uploader=me", "uploader", "me"),
        ("uploader=%00", "uploader", "\\x00…"),
        ("uploader=99999999999999999999", "uploader", "99999999999999999999"),
        ("min_age=-1", "min_age", "-1"),
        ("min_age=1.5", "min_age", "1.5"),
        ("min_age=%D9%A3", "min_age", "٣"),
        (f"max_age={LONGEST_AGE + 1}", "max_age", str(LONGEST_AGE + 1)),
        ("mine=yes", "mine", "yes"),
        ("sort=name", "sort", "name"),
        (f"label={'x' * (LABEL_LENGTH + 1)}", "label", f"{'x' * 40}…"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_said(query, key, shown):
    question = asked(query)
    assert question.problems == (f"“{shown}” was left out: it is no value for “{key}”.",)
    assert question.query() == ("low=0.6" if query.startswith("low=0.6") else "")


def test_one_mistake_does_not_cost_the_rest():
    question = asked("status=held&status=lost&low=0.5&high=2&sort=score")
    assert (question.statuses, question.low, question.high) == (("held",), 0.5, None)
    assert question.sort == "score"
    assert len(question.problems) == 2


def test_a_filter_has_so_many_values_and_no_more():
    question = asked("&".join(f"field=a.B.c{number:03}" for number in range(MANY + 1)))
    assert len(question.fields) == MANY
    assert question.problems == ("At most 50 values can be chosen for “field”.",)


def test_people_are_named_by_keys_of_their_kind():
    assert asked("uploader=0012").uploader == get_user_model()._meta.pk.to_python("12")
