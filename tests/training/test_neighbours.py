import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from django_nsfw.models import known
from django_nsfw.training import gathering, neighbours


def near(rng, hash, bits):
    """``hash`` with so many of its 256 bits turned."""
    flipped = np.unpackbits(hash.view(np.uint8))
    flipped[rng.choice(256, bits, replace=False)] ^= 1
    return np.packbits(flipped).view(np.uint64)


def same_partition(found, expected):
    pairs = set(zip(found.tolist(), expected.tolist(), strict=True))
    return len(pairs) == len(set(found.tolist())) == len(set(expected.tolist()))


def by_brute_force(hashes):
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(-1)
    return connected_components(distances <= 31)[1]


@pytest.mark.parametrize("crowd", [neighbours.CROWD, 1], ids=["in pairs", "walked through"])
@pytest.mark.parametrize("pairs_at_once", [neighbours.PAIRS_AT_ONCE, 7])
def test_groups_are_those_of_comparing_each_with_each(monkeypatch, crowd, pairs_at_once):
    monkeypatch.setattr(neighbours, "CROWD", crowd)
    monkeypatch.setattr(neighbours, "PAIRS_AT_ONCE", pairs_at_once)
    rng = np.random.default_rng(3)
    hashes = list(rng.integers(0, 2**64, (150, 4), dtype=np.uint64))
    for bits in [0, 1, 15, 16, 30, 31, 31, 31, 32, 33, 40, 64] * 12:
        hashes.append(near(rng, hashes[rng.integers(len(hashes))], bits))
    hashes = np.array(hashes)

    assert same_partition(neighbours.components(hashes), by_brute_force(hashes))


def test_a_chain_is_one_group_though_its_ends_are_far_apart():
    rng = np.random.default_rng(5)
    chain = [rng.integers(0, 2**64, 4, dtype=np.uint64)]
    for _ in range(9):
        chain.append(near(rng, chain[-1], 31))
    assert np.bitwise_count(chain[0] ^ chain[-1]).sum() > 62

    assert len(set(neighbours.components(np.array(chain)).tolist())) == 1


def test_a_film_among_many_pictures_is_one_group():
    """Four thousand frames that are all alike have eight million pairs; none is compared twice."""
    rng = np.random.default_rng(7)
    lone = rng.integers(0, 2**64, (10_000, 4), dtype=np.uint64)
    still = np.unpackbits(lone[0].view(np.uint8))
    noise = np.zeros((4_000, 256), np.uint8)
    noise[np.arange(4_000)[:, None], rng.integers(0, 256, (4_000, 12))] = 1
    frames = np.packbits(still ^ noise, axis=1).view(np.uint64)

    found = neighbours.components(np.concatenate([lone, frames]))

    assert len(set(found[10_000:].tolist()) | {found[0]}) == 1
    assert len(set(found[:10_000].tolist())) == 10_000


def test_no_picture_at_all():
    assert neighbours.components(neighbours.packed([])).tolist() == []


def test_the_same_picture_is_what_it_is_for_known_images():
    assert neighbours.MAX_DISTANCE == known.MAX_DISTANCE
    assert gathering.MIN_QUALITY == known.MIN_QUALITY
