import io
import re

import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf

from django_nsfw.detectors.timm import TimmDetector
from django_nsfw.exceptions import TrainingRefused
from django_nsfw.limits import Limits
from django_nsfw.training.events import EpochDone, Finished, Learned, Prepared
from django_nsfw.training.recipe import Recipe
from django_nsfw.training.running import train
from django_nsfw.training.settings import Machine, Settings
from django_nsfw.training.workplace import Workplace

from .conftest import collection

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
SMALL = Recipe(batch_size=4, epochs=3, warmup_epochs=1, lr=0.01, img_size=32)


@pytest.fixture
def start(tmp_path):
    """A vision transformer with a head of a thousand classes, as the hub has them."""
    torch.manual_seed(3)
    model = timm.create_model("test_vit", num_classes=1000)
    save_for_hf(model, tmp_path / "start", safe_serialization=True)
    return f"local-dir:{tmp_path / 'start'}"


def test_a_transformer_of_another_size_is_loaded_by_the_detector_as_it_is(samples, start, tmp_path):
    work = Workplace(tmp_path / "ours")
    settings = Settings(recipe=SMALL, start=start, held_out=0.3)

    events = list(
        train(lambda: collection(samples), settings, Machine(device="cpu"), work, Limits())
    )

    assert [type(event) for event in events] == [
        Prepared, *[Learned, Learned, EpochDone] * 3, Finished,
    ]  # fmt: skip
    assert (events[0].counted.train, events[0].counted.held_out) == ((4, 4), (2, 2))
    detector = TimmDetector(model=f"local-dir:{work.output}")
    detector.load()
    assert detector.input_side == 32
    assert detector.labels == ("NSFW", "SFW")
    best = min((e for e in events if isinstance(e, EpochDone)), key=lambda e: e.measured.loss)
    assert events[-1].epoch == best.epoch
    image = Image.open(io.BytesIO(samples[0].open().read())).convert("RGB")
    (scores,) = detector.predict([image])
    assert 0 < scores.nsfw < 1
    card = (work.output / "README.md").read_text()
    assert re.search(r"Trained from: start \(SHA-256 [0-9a-f]{64}\)", card)
    assert "- Architecture: test_vit, 32 × 32 pixels" in card
    assert not work.folder.exists()


def test_patience_ends_a_run_that_gets_no_better(samples, start, tmp_path):
    recipe = Recipe(
        batch_size=4, epochs=50, warmup_epochs=0, lr=1e-9, img_size=32, sched="none", drop=0.0
    )
    settings = Settings(recipe=recipe, start=start, held_out=0.3, patience=1)

    events = list(
        train(
            lambda: collection(samples),
            settings,
            Machine(device="cpu"),
            Workplace(tmp_path / "ours"),
            Limits(),
        )
    )

    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert len(epochs) < 50
    assert epochs[-1].best is False
    assert events[-1].epoch == len(epochs) - 1


def test_a_precision_that_is_none():
    with pytest.raises(TrainingRefused) as caught:
        Machine(device="cpu", precision="fp8").resolved()

    assert str(caught.value) == (
        "The precision is 'fp8'. It must be one of: auto, fp32, bf16, fp16."
    )


def test_on_a_processor_nothing_is_rounded_unasked():
    device, precision = Machine(device="cpu").resolved()

    assert (device.type, precision) == ("cpu", "fp32")
