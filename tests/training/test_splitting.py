import pytest

from django_nsfw.exceptions import TrainingRefused
from django_nsfw.training.splitting import split


def test_the_share_of_each_class_is_held_out():
    nsfw = [True] * 40 + [False] * 160

    found = split(nsfw, range(200), share=0.1, seed=1)

    assert sum(nsfw[place] for place in found.held_out) == 4
    assert len(found.held_out) == 20
    assert sorted((*found.train, *found.held_out)) == list(range(200))
    assert found == split(nsfw, range(200), share=0.1, seed=1)
    assert found != split(nsfw, range(200), share=0.1, seed=2)


def test_a_group_is_never_on_both_sides():
    nsfw = [place % 3 == 0 for place in range(300)]
    groups = [place // 5 for place in range(300)]

    found = split(nsfw, groups, share=0.2, seed=1)

    assert {groups[p] for p in found.train}.isdisjoint(groups[p] for p in found.held_out)
    assert len(found.held_out) == pytest.approx(60, abs=5)
    assert (found.groups, found.disagreeing) == (60, 60)


@pytest.mark.parametrize(
    ("nsfw", "groups"),
    [([True, True, True, False, False], [0, 0, 0, 1, 2]), ([True, False, False], [0, 1, 2])],
    ids=["all of a class look alike", "one picture of a class"],
)
def test_a_class_that_cannot_be_divided_is_refused(nsfw, groups):
    with pytest.raises(TrainingRefused) as caught:
        split(nsfw, groups, share=0.5, seed=1)

    assert str(caught.value) == (
        f"The {sum(nsfw)} pictures that are NSFW cannot be divided into some to train on and some "
        "to measure with: they look like each other, or are too few. Add others."
    )


@pytest.mark.parametrize("share", [0, 1, -0.1, 2])
def test_a_share_that_is_none(share):
    with pytest.raises(TrainingRefused, match=r"It must be between 0 and 1\."):
        split([True, False], [0, 1], share=share, seed=1)
