import copy
import math

import pytest
import timm
import torch
from timm.loss import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy

from django_nsfw.exceptions import TrainingRefused, TrainingStopped
from django_nsfw.training.learning import Learner
from django_nsfw.training.recipe import Recipe

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
CPU = torch.device("cpu")
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


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


def bounded(model, most=3):
    """``model`` with memory for ``most`` pictures, which it runs out of in the middle."""

    def run_out(layer, given):
        if len(given[0]) > most:
            raise torch.OutOfMemoryError("out of memory")

    model.get_classifier().register_forward_pre_hook(run_out)
    return model


def normalising(drop):
    """A model that keeps statistics of what passes through it."""
    torch.manual_seed(4)
    return timm.create_model("test_resnet", num_classes=2, drop_rate=drop)


def learnt(one, batches=3):
    for number in range(batches):
        one.learn(a_batch(), epoch=0, number=number)
    return weights(one)


def test_what_does_not_fit_goes_in_halves_as_if_nothing_else_had_been_tried():
    halved = learner(model=bounded(normalising(drop=0.3)), micro_batch=8)
    parts = learner(model=normalising(drop=0.3), micro_batch=2)

    assert torch.equal(learnt(halved), learnt(parts))
    assert halved.micro_batch == 2


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_halves_end_where_the_whole_does(precision):
    recipe = Recipe(batch_size=8, lr=0.1, opt="sgd", warmup_epochs=0)
    whole = learner(recipe, micro_batch=8, precision=precision)
    halved = learner(recipe, micro_batch=8, precision=precision)
    before = weights(whole)
    bounded(halved.model)

    # The sums of halves are rounded otherwise, in bf16 to about three digits.
    close = {"fp32": 1e-6, "bf16": 4e-3}[precision]
    assert torch.allclose(learnt(whole), learnt(halved), rtol=0, atol=close)
    assert (weights(whole) - before).abs().max() > 0.1
    assert (whole.micro_batch, halved.micro_batch) == (8, 2)


def test_a_run_that_halved_goes_on_as_it_would_have():
    first = learner(model=bounded(normalising(drop=0.3)))
    learnt(first, batches=1)
    again = learner(model=bounded(normalising(drop=0.3)))
    again.restore(copy.deepcopy(first.state()))

    for one in (first, again):
        one.learn(a_batch(), epoch=0, number=1)

    assert torch.equal(weights(first), weights(again))


def test_what_is_measured_is_halved_too():
    one, plenty = learner(model=bounded(normalising(0.0))), learner(model=normalising(0.0))

    assert torch.allclose(one.answers(a_batch()[0]), plenty.answers(a_batch()[0]), atol=1e-6)
    assert (one.micro_batch, plenty.micro_batch) == (2, 8)


def test_memory_for_no_picture_at_all_is_said():
    with pytest.raises(
        TrainingStopped,
        match=r"^The memory of cpu does not hold a single picture: out of memory$",
    ):
        learnt(learner(model=bounded(learner().model, most=0)))


@pytest.mark.parametrize(
    ("precision", "way"),
    [
        ("fp32", "Begin anew with --force and a smaller --lr."),
        (
            "bf16",
            "Go on with --resume and --precision fp32, or begin anew with --force and a smaller "
            "--lr.",
        ),
    ],
)
def test_numbers_that_are_none_end_it(precision, way):
    pictures, targets = a_batch()
    one = learner(precision=precision)
    before = weights(one)

    with pytest.raises(TrainingRefused) as caught:
        one.learn((pictures * math.nan, targets), epoch=4, number=7)
    with pytest.raises(TrainingRefused) as said:
        one.answers(pictures * math.nan)

    assert str(caught.value) == f"The loss of batch 7 of epoch 5 is not a number. {way}"
    assert str(said.value) == f"The model has answers that are not numbers. {way}"
    assert torch.equal(weights(one), before)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_it_learns_in_every_precision(precision):
    one = learner(precision=precision)

    losses = [one.learn(a_batch(), epoch=0, number=number) for number in range(12)]

    assert losses[-1] < losses[0]
    assert one.answers(a_batch()[0]).dtype == HALVES.get(precision, torch.float32)
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


@pytest.mark.filterwarnings("ignore:Using backward.* with create_graph=True")  # torch's own
def test_an_optimiser_that_needs_second_derivatives_trains_a_vision_transformer():
    one = learner(Recipe(batch_size=8, lr=0.01, opt="adahessian", warmup_epochs=0))
    before = weights(one).clone()
    one.learn(a_batch(), epoch=0, number=0)
    assert not torch.equal(weights(one), before)


def test_an_optimiser_that_looks_ahead_is_brought_together_at_the_end_of_an_epoch():
    one = learner(Recipe(batch_size=8, lr=0.01, opt="lookahead_sgd", warmup_epochs=0))
    learnt(one, batches=2)
    one.end_batches()  # where it looks back to
    before = learnt(one, batches=2)

    one.end_batches()

    assert not torch.equal(weights(one), before)


def test_a_plateau_is_counted_on_after_a_restore():
    """timm keeps the best loss alone, and would wait ten epochs from there."""
    recipe = Recipe(batch_size=8, lr=0.01, epochs=30, sched="plateau", warmup_epochs=0)
    with pytest.warns(FutureWarning, match="deprecated"):
        first, second = learner(recipe), learner(recipe)
    for epoch in range(8):
        first.end_epoch(epoch, 0.5)

    second.restore(copy.deepcopy(first.state()))
    for epoch in range(8, 12):
        for one in (first, second):
            one.end_epoch(epoch, 0.5)

    assert (first.lr, second.lr) == pytest.approx((0.001, 0.001))


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
        ({"sched": "step", "warmup_epochs": 0, "epochs": 91}, [*[5e-5] * 90, 5e-6]),
        (
            {"sched": "step", "warmup_epochs": 0, "decay_epochs": 2, "decay_rate": 0.5},
            [5e-5 / 2 ** (epoch // 2) for epoch in range(20)],
        ),
        ({"sched": "multistep", "warmup_epochs": 0, "epochs": 90}, [*[5e-5] * 89, 5e-6]),
    ],
    ids=[
        "warm-up within",
        "warm-up in front",
        "no schedule",
        "steps as train.py has them",
        "other steps",
        "milestones as train.py has them",
    ],
)
def test_the_learning_rate_of_every_epoch(changes, rates):
    one, found = learner(Recipe(**changes)), []

    for epoch in range(one.epochs):
        found.append(one.lr)
        one.end_epoch(epoch, 1.0)

    assert found == pytest.approx(rates)
