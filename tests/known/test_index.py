"""The index is exact: it finds what comparing with everything finds, and nothing else."""

import random

import pytest

from django_nsfw.models import KnownImage
from django_nsfw.models.known import MAX_DISTANCE, key_of, neighbours, slot_keys

ENTRIES = 400


def flipped(value, bits, rng):
    for bit in rng.sample(range(256), bits):
        value ^= 1 << bit
    return value


def spread(value, bits_of_slot):
    """``value`` with so many bits changed in each slot, from its lowest on."""
    for slot, bits in enumerate(bits_of_slot):
        value ^= ((1 << bits) - 1) << (16 * slot)
    return value


def learn(values, **fields):
    for value in values:
        pdq = f"{value:064x}"
        known = KnownImage.objects.create(
            key=key_of("", pdq),
            pdq=pdq,
            **{"quality": 100, "outcome": "reject", "source": "list"} | fields,
        )
        known.index()


def brute(values, wanted):
    return min(((value ^ wanted).bit_count() for value in values), default=256)


def test_a_hash_has_272_keys_and_every_one_fits_an_integer_column():
    for value in (0, (1 << 256) - 1, random.Random(1).getrandbits(256)):
        keys = list(neighbours(value))
        assert len(keys) == len({*keys}) == 272
        assert {*slot_keys(value)} < {*keys}
        assert 0 <= min(keys) <= max(keys) < 1 << 20


@pytest.mark.parametrize(
    "bits_of_slot",
    [[2] * 15 + [1], [1] + [2] * 15, [2] * 7 + [1] + [2] * 8, [16, 15] + [0] * 14, [0] * 16],
    ids=["the last slot alone", "the first", "one in the middle", "two slots", "none"],
)
def test_the_hardest_neighbours_are_found(bits_of_slot, db):
    value = random.Random(7).getrandbits(256)
    learn([value])
    match = KnownImage.objects.similar([f"{spread(value, bits_of_slot):064x}"])
    assert match.distance == sum(bits_of_slot)


def test_one_bit_too_far_is_no_match_though_a_slot_is_the_same(db):
    value = random.Random(7).getrandbits(256)
    learn([value])
    assert KnownImage.objects.similar([f"{spread(value, [16, 16] + [0] * 14):064x}"]) is None


def test_at_every_distance_the_answer_is_that_of_comparing_with_everything(db):
    rng = random.Random(11)
    values = [rng.getrandbits(256) for _ in range(ENTRIES)]
    learn(values)
    for distance in range(60):
        wanted = flipped(rng.choice(values), distance, rng)
        nearest = brute(values, wanted)
        match = KnownImage.objects.similar([f"{wanted:064x}"])
        expected = nearest if nearest <= MAX_DISTANCE else None
        assert (match and match.distance) == expected


def test_the_nearest_of_several_is_named(db):
    value = random.Random(3).getrandbits(256)
    learn([value ^ 0b111, value ^ 0b1, value ^ 0b11])
    match = KnownImage.objects.similar([f"{value:064x}"])
    assert match.distance == 1
    assert KnownImage.objects.get(pk=match.known).pdq == f"{value ^ 1:064x}"


def test_ones_own_word_comes_before_that_of_a_list_and_the_newest_before_the_rest(db):
    value = random.Random(3).getrandbits(256)
    learn([value], source="b")
    learn([value], source="")
    learn([value], source="c")
    match = KnownImage.objects.similar([f"{value:064x}"])
    assert KnownImage.objects.get(pk=match.known).source == ""


@pytest.mark.parametrize(("quality", "found"), [(49, False), (50, True)])
def test_quality(quality, found, db):
    value = random.Random(3).getrandbits(256)
    learn([value], quality=quality)
    assert (KnownImage.objects.similar([f"{value:064x}"]) is not None) is found


@pytest.mark.parametrize("hashes", [1, 8])
def test_one_query_however_many_hashes(hashes, db, django_assert_num_queries):
    rng = random.Random(5)
    values = [rng.getrandbits(256) for _ in range(hashes)]
    learn(values[-1:])
    with django_assert_num_queries(1):
        match = KnownImage.objects.similar([f"{value:064x}" for value in values])
    assert match.distance == 0
