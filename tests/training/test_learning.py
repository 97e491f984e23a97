import copy
import math

import pytest
import timm
import torch
from timm.loss import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy

from django_nsfw.exceptions import TrainingStopped
from django_nsfw.training.learning import Learner
from django_nsfw.training.recipe import Recipe

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
CPU = torch.device("cpu")


def learner(recipe=None, *, precision="fp32", micro_batch=None, model=None, drop=0.0):
    torch.manual_seed(1)
    model = model or timm.create_model(
        "test_vit", num_classes=2, img_size=32, drop_rate=drop, drop_path_rate=drop
    )
    recipe = recipe or Recipe(batch_size=8, lr=0.01)
    return Learner(model, recipe, device=CPU, precision=precision, micro_batch=micro_batch)


def a_batch(number=8):
    generator = torch.Generator().manual_seed(2)
    soft = torch.rand(number, 1, generator=generator)
    return torch.rand(number, 3, 32, 32, generator=generator), torch.cat([soft, 1 - soft], 1)


def weights(learner):
    return torch.cat([value.flatten() for value in learner.model.state_dict().values()])


@pytest.mark.parametrize("micro_batch", [1, 3, 4])
def test_parts_of_a_batch_give_the_update_of_the_whole(micro_batch):
    whole, parts = learner(micro_batch=8), learner(micro_batch=micro_batch)

    losses = [one.learn(a_batch(), epoch=0, number=0) for one in (whole, parts)]

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    # AdamW's first update has the size of lr whatever the gradient's: compare the gradients.
    for left, right in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.allclose(left.grad, right.grad, rtol=1e-3, atol=1e-6)


class Greedy(torch.nn.Module):
    """Has memory for three pictures."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3 * 32 * 32, 2)
        self.sizes = []

    def forward(self, pictures):
        self.sizes.append(len(pictures))
        if len(pictures) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return self.head(pictures.flatten(1))


def test_what_does_not_fit_goes_in_halves_and_counts_once():
    short, plenty = Greedy(), Greedy()
    plenty.load_state_dict(short.state_dict())
    halved, parts = learner(model=short, micro_batch=8), learner(model=plenty, micro_batch=2)

    for one in (halved, parts):
        one.learn(a_batch(), epoch=0, number=0)

    assert short.sizes == [8, 4, 2, 2, 2, 2]
    assert halved.micro_batch == 2
    assert torch.equal(weights(halved), weights(parts))


def test_memory_for_no_picture_at_all_is_said():
    class Full(Greedy):
        def forward(self, pictures):
            raise torch.OutOfMemoryError("no more")

    with pytest.raises(
        TrainingStopped, match=r"^The memory of cpu does not hold a single picture: no more$"
    ):
        learner(model=Full()).learn(a_batch(), epoch=0, number=0)


def test_a_loss_that_is_no_number_stops():
    pictures, targets = a_batch()

    with pytest.raises(TrainingStopped) as caught:
        learner().learn((pictures * math.nan, targets), epoch=4, number=7)

    assert str(caught.value) == (
        "The loss of batch 7 of epoch 5 is not a number. Give a smaller lr, or precision fp32."
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_it_learns_in_every_precision(precision):
    one = learner(precision=precision)

    losses = [one.learn(a_batch(), epoch=0, number=number) for number in range(12)]

    assert losses[-1] < losses[0]
    assert bool(one.state()["scaler"]) == (precision == "fp16")
    assert {value.dtype for value in one.model.parameters()} == {torch.float32}


def test_what_is_restored_goes_on_as_it_would_have():
    recipe = Recipe(batch_size=8, lr=0.01, epochs=5)
    first, second = learner(recipe, drop=0.2), learner(recipe, drop=0.2)
    first.learn(a_batch(), epoch=0, number=0)
    first.end_epoch(0, 0.5)

    second.restore(copy.deepcopy(first.state()))
    for one in (first, second):
        one.learn(a_batch(), epoch=1, number=0)

    assert torch.equal(weights(first), weights(second))
    assert first.lr == second.lr


@pytest.mark.parametrize(
    ("changes", "loss"),
    [
        ({}, SoftTargetCrossEntropy),
        ({"mixup": 0}, SoftTargetCrossEntropy),
        ({"mixup": 0, "cutmix": 0}, LabelSmoothingCrossEntropy),
        ({"mixup": 0, "cutmix": 0, "smoothing": 0}, torch.nn.CrossEntropyLoss),
    ],
    ids=["mixed", "cut only", "smoothed", "plain"],
)
def test_the_loss_is_the_one_that_timm_takes(changes, loss):
    assert type(learner(Recipe(**changes))._loss) is loss


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"lr": 1e-5, "weight_decay": [0.0, 2e-5], "class": "AdamW"}),
        (
            {"opt": "sgd", "momentum": 0.7, "warmup_epochs": 0, "lr": 0.1, "weight_decay": 0.0},
            {"lr": 0.1, "weight_decay": [0.0], "class": "SGD", "momentum": 0.7},
        ),
    ],
    ids=["as on the card", "another one"],
)
def test_the_optimiser_is_made_by_timm(changes, expected):
    optimizer = learner(Recipe(**changes)).optimizer

    assert type(optimizer).__name__ == expected.pop("class")
    assert sorted({g["weight_decay"] for g in optimizer.param_groups}) == expected.pop(
        "weight_decay"
    )
    assert {name: optimizer.param_groups[0][name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        (
            {"epochs": 6, "warmup_epochs": 2, "lr": 5e-5},
            [1e-5, 3e-5, *(2.5e-5 * (1 + math.cos(math.pi * t / 6)) for t in range(2, 6))],
        ),
        (
            {"epochs": 4, "warmup_epochs": 2, "warmup_prefix": True, "lr": 5e-5, "min_lr": 1e-6},
            [
                1e-5,
                3e-5,
                *(1e-6 + 2.45e-5 * (1 + math.cos(math.pi * t / 4)) for t in range(4)),
            ],
        ),
        ({"sched": "none", "epochs": 3, "warmup_epochs": 1}, [5e-5] * 3),
    ],
    ids=["warm-up within", "warm-up in front", "no schedule"],
)
def test_the_learning_rate_of_every_epoch(changes, rates):
    one, found = learner(Recipe(**changes)), []

    for epoch in range(one.epochs):
        found.append(one.lr)
        one.end_epoch(epoch, 1.0)

    assert found == pytest.approx(rates)
