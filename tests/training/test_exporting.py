"""A trained model leaves as one file: from labelled pictures to a server without torch."""

import json

import numpy as np
import pytest

from django_nsfw.detectors.onnx import OnnxDetector
from django_nsfw.detectors.samples import drawn_pictures
from django_nsfw.detectors.timm import TimmDetector
from django_nsfw.limits import Limits
from django_nsfw.training.recipe import Recipe
from django_nsfw.training.running import train
from django_nsfw.training.settings import Machine, Settings
from django_nsfw.training.workplace import Workplace

from .conftest import collection

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_trained_model_is_exported_with_its_labels(precision, samples, tmp_path):
    pytest.importorskip("onnx")
    from django_nsfw.detectors.export import export

    recipe = Recipe(batch_size=4, epochs=1, warmup_epochs=0, lr=0.01, img_size=32)
    settings = Settings(recipe=recipe, start="test_vit", scratch=True, held_out=0.3)
    work = Workplace(tmp_path / "ours")
    list(train(lambda: collection(samples), settings, Machine(device="cpu"), work, Limits()))
    trained = TimmDetector(model=f"local-dir:{work.output}")
    trained.load()

    done = export(
        trained, tmp_path / "m.onnx", pictures=drawn_pictures(), thresholds={0.95},
        precision=precision,
    )  # fmt: skip

    file = OnnxDetector(path=done.path, sha256=done.sha256)
    file.load()
    assert json.loads((work.output / "config.json").read_text())["label_names"] == ["NSFW", "SFW"]
    assert (file.labels, file.nsfw_labels, file.input_side) == (("NSFW", "SFW"), {"NSFW"}, 32)
    of_file, of_trained = (
        [scores.nsfw for scores in detector.predict(drawn_pictures())]
        for detector in (file, trained)
    )
    closeness = {"fp32": 1e-4, "fp16": 0.005, "int8": 0.05}[precision]
    assert np.abs(np.subtract(of_file, of_trained)).max() <= closeness
    assert np.std(of_trained) > 0.001, "all scores alike would prove nothing"
    assert file.identity == trained.identity.replace(
        "torch-cpu/fp32", f"onnxruntime-cpu/{precision}"
    )
