"""Claims: who has what open, for how long, and what frees it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_nsfw.decisions import approve, reject, undo
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Claim, Scan
from django_nsfw.queue.claims import claim, free, holders, renew
from django_nsfw.sweeping import sweep
from tests.conftest import upload
from tests.crashes import programs
from tests.host.models import Photo
from tests.queue.conftest import row
from tests.queue.racing import PEOPLE, ROUNDS, STARTS


@pytest.fixture
def one(db):
    return row(1)


@pytest.fixture
def ann(person):
    return person(name="ann")


@pytest.fixture
def bob(person):
    return person(name="bob")


def expire(scan):
    Claim.objects.filter(scan=scan).update(until=timezone.now())


def test_what_is_open_is_ones_own_for_five_minutes(one, ann, bob):
    before = timezone.now()
    made = claim(one, ann)
    assert timedelta(minutes=5) <= made.until - before < timedelta(minutes=5, seconds=5)
    assert (made.user, made.user_name, made.until) == (ann, "ann", Claim.objects.get().until)
    assert claim(one, bob) is None
    assert holders([one]) == {one.pk: made}


def test_the_minutes_are_a_setting(one, ann, settings):
    settings.NSFW_REVIEW = {"claim_minutes": 30}
    before = timezone.now()
    assert claim(one, ann).until - before >= timedelta(minutes=30)


def test_who_opens_it_again_keeps_it_longer(one, ann):
    Claim.objects.filter(pk=claim(one, ann).pk).update(until=timezone.now() + timedelta(seconds=9))
    assert claim(one, ann).until - timezone.now() > timedelta(minutes=4)
    expire(one)
    assert claim(one, ann).user == ann


def test_it_is_open_since_the_first_time(one, ann):
    since = claim(one, ann).since
    assert claim(one, ann).since == since
    assert renew(one, ann)
    assert Claim.objects.get().since == since


class TestWhenTheTimeIsUp:
    def test_nobody_has_it(self, one, ann):
        claim(one, ann)
        expire(one)
        assert holders([one]) == {}

    def test_somebody_else_takes_it_over(self, one, ann, bob):
        claim(one, ann)
        expire(one)
        taken = claim(one, bob)
        assert (taken.user, taken.user_name) == (bob, "bob")
        assert not renew(one, ann)
        assert holders([one])[one.pk].user == bob

    @pytest.mark.parametrize("again", [claim, renew])
    def test_whoever_comes_back_begins_anew(self, one, ann, again):
        since = claim(one, ann).since
        expire(one)
        again(one, ann)
        assert Claim.objects.get().since > since

    def test_whoever_takes_it_over_begins_anew(self, one, ann, bob):
        since = claim(one, ann).since
        expire(one)
        assert claim(one, bob).since > since

    def test_whoever_comes_back_before_anybody_else_still_has_it(self, one, ann):
        claim(one, ann)
        expire(one)
        assert renew(one, ann)
        assert holders([one])[one.pk].user == ann

    def test_the_sweep_clears_it_away(self, one, ann):
        claim(one, ann)
        assert list(sweep()) == []
        assert Claim.objects.count() == 1
        expire(one)
        assert list(sweep(dry_run=True)) == []
        assert Claim.objects.count() == 1
        assert list(sweep()) == []
        assert Claim.objects.count() == 0


def test_who_leaves_frees_their_own_and_nothing_else(one, ann, bob):
    claim(one, ann)
    free(one, bob)
    assert holders([one])[one.pk].user == ann
    free(one, ann)
    free(one, ann)
    assert claim(one, bob).user == bob


def test_nothing_can_be_renewed_that_is_not_there(one, ann):
    assert not renew(one, ann)
    assert Claim.objects.count() == 0


def test_the_claims_of_somebody_whose_account_is_deleted_are_gone(one, ann, bob):
    claim(one, ann)
    ann.delete()
    assert claim(one, bob).user == bob


def test_holders_of_many_are_one_query(ann, bob, django_assert_num_queries):
    scans = [row(number) for number in range(5)]
    claim(scans[1], ann)
    claim(scans[3], bob)
    with django_assert_num_queries(1):
        found = {pk: held.user_name for pk, held in holders(scans).items()}
    assert found == {scans[1].pk: "ann", scans[3].pk: "bob"}


class TestDeciding:
    @pytest.fixture
    def held(self, constant, db):
        constant.answer = 0.8
        return Scan.objects.get(object_pk=Photo.objects.create(image=upload()).pk)

    def test_a_claim_does_not_keep_somebody_else_from_deciding(self, held, ann, bob):
        claim(held, ann)
        approve(held, moderator=bob, version=held.version)
        assert Claim.objects.count() == 0

    def test_whoever_had_it_is_told_who_decided_what(self, held, ann, bob):
        claim(held, ann)
        seen, version = Scan.objects.get(), held.version
        decision = approve(held, moderator=bob, version=version)
        with pytest.raises(DecisionRefused) as refused:
            reject(seen, moderator=ann, version=version)
        assert refused.value.code == "stale"
        said = f"It changed since you looked: bob approved it (decision #{decision.pk})."
        assert str(refused.value) == said
        assert not renew(held, ann)

    def test_what_is_settled_or_undone_is_in_nobodys_way(self, held, ann, bob):
        claim(held, ann)
        decision = approve(held, moderator=ann)
        assert claim(held, bob).user == bob
        undo(decision, moderator=bob)
        assert claim(held, ann).user == ann

    @pytest.mark.django_db(transaction=True)
    def test_copies_that_are_settled_with_it_are_freed_with_it(self, held, ann):
        copy = Photo.objects.get()
        copy.pk, copy._state.adding = None, True
        copy.save()
        other = Scan.objects.exclude(pk=held.pk).get()
        claim(other, ann)
        approve(held, moderator=ann)
        assert Claim.objects.count() == 0


@pytest.fixture(scope="module")
def races():
    return programs.run("tests.queue.racing")


@pytest.mark.parametrize("start", STARTS)
def test_of_several_people_at_once_one_gets_it(races, start):
    ran = [race for race in races if race["start"] == start]
    assert len(ran) == ROUNDS
    for race in ran:
        if start == "somebody has it":
            assert race["outcomes"] == ["not mine"] * PEOPLE
            assert race["held_by"] == ["absent"]
        else:
            assert sorted(race["outcomes"]) == ["mine", *["not mine"] * (PEOPLE - 1)]
            assert race["held_by"] == [f"person {race['outcomes'].index('mine')}"]
