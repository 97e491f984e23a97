"""Models of transformers as ONNX files. What holds for every export is in ``test_export``."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from transformers import (
    AutoImageProcessor,
    BeitConfig,
    ConvNextConfig,
    SiglipConfig,
    SwinConfig,
    ViTConfig,
)
from transformers.utils import logging as transformers_logging

from django_nsfw.detectors.export import export
from django_nsfw.detectors.onnx import OnnxDetector
from django_nsfw.detectors.samples import drawn_pictures
from django_nsfw.detectors.transformers import TransformersDetector
from django_nsfw.exceptions import ExportRefused
from django_nsfw.images import VERSION

from .conftest import as_array
from .hub_server import COMMIT, HubServer, point_client_at
from .transformers_models import ADAMCODD, FALCONSAI, SMALL, SMALL_PROCESSOR, write, write_any

pytestmark = pytest.mark.torch

BICUBIC = {**SMALL_PROCESSOR, "resample": 3}
SHORT_SIDE = {
    **BICUBIC,
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 81},
    "do_center_crop": True,
    "crop_size": {"height": 64, "width": 64},
}
CUT = {
    **BICUBIC,
    "image_processor_type": "DeiTImageProcessor",
    "size": {"height": 75, "width": 75},
    "do_center_crop": True,
    "crop_size": {"height": 64, "width": 64},
}
CONVNEXT = {
    **BICUBIC,
    "image_processor_type": "ConvNextImageProcessor",
    "size": {"shortest_edge": 64},
    "crop_pct": 0.875,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
MANY = {"embed_dim": 24, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4, "image_size": 64}
FEW = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 16}


@pytest.fixture(autouse=True)
def no_progress_bars():
    """Of the models that the tests write."""
    transformers_logging.disable_progress_bar()
    yield
    transformers_logging.enable_progress_bar()


def load(folder, **options):
    detector = TransformersDetector(model=f"local-dir:{folder}", **options)
    detector.load()
    return detector


def loaded(path, **options):
    detector = OnnxDetector(path=path, **options)
    detector.load()
    return detector


def with_pillow(folder):
    """The detector, told by hand to resize with Pillow."""
    detector = load(folder)
    told = {"backend": "pil"} if hasattr(detector._processor, "backend") else {"use_fast": False}
    detector._processor = AutoImageProcessor.from_pretrained(folder, **told)
    return detector


ALONE = """
import sys, django; django.setup()
from PIL import Image
from django_nsfw.detectors.onnx import OnnxDetector
d = OnnxDetector(path=sys.argv[1]); d.load()
print(d.predict([Image.open(sys.argv[2]).convert("RGB")])[0].nsfw)
assert not {"torch", "transformers", "torchvision"} & set(sys.modules)
"""


@pytest.mark.parametrize(
    ("processor", "side", "labels"),
    [
        pytest.param(FALCONSAI, 224, ("normal", "nsfw"), id="Falconsai"),
        pytest.param(ADAMCODD, 384, ("sfw", "nsfw"), id="AdamCodd"),
    ],
)
def test_the_published_architectures_are_exported_from_the_hub(
    processor, side, labels, tmp_path, configure, monkeypatch, pictures
):
    """ViT-B/16 as wide as theirs, one of its twelve layers deep."""
    folder, path = tmp_path / "model", tmp_path / "m.onnx"
    folder.mkdir()
    write(folder, processor, labels, image_size=side, num_hidden_layers=1)
    server = HubServer("somebody/a-model", {p.name: p.read_bytes() for p in folder.iterdir()})
    point_client_at(server.endpoint, monkeypatch)
    options = {"model": "hf_hub:somebody/a-model", "cache_dir": str(tmp_path / "cache")}
    backend = "django_nsfw.detectors.transformers.TransformersDetector"
    configure(default={"BACKEND": backend, "OPTIONS": options})
    out = io.StringIO()

    call_command("nsfw_export", output=path, stdout=out)

    server.close()
    assert "Verdicts that changed at the thresholds 0.4, 0.5, 0.95: none" in out.getvalue()
    resized = "From 'default' as it is, which resizes with torchvision and not with Pillow: "
    assert (resized in out.getvalue()) == ("-torchvision-" in load(folder).identity)
    file, chosen = loaded(path), pictures[::4]
    found, expected = as_array(file.predict(chosen)), as_array(with_pillow(folder).predict(chosen))
    assert np.abs(found - expected).max() <= 1e-4
    assert expected.std(axis=0).min() > 0.001, "all scores alike would prove nothing"
    assert file.identity.startswith(f"somebody/a-model@{COMMIT[:12]} sha256:")
    assert file.identity.endswith(
        f"onnxruntime-cpu/fp32 pre:{VERSION}/{side}-bilinear-squash1-m0.5-s0.5 nsfw:1"
    )
    assert (file.labels, file.nsfw_labels, file.input_side) == (labels, {"nsfw"}, side)
    assert b"site-packages" not in path.read_bytes(), "paths of the exporting machine"
    chosen[0].save(tmp_path / "a.png")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, path, tmp_path / "a.png"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(found[0, 1], abs=1e-6)


KINDS = {
    "ViT": (ViTConfig(**SMALL), SMALL_PROCESSOR, "64-bilinear-squash1-m0.5-s0.5", 2),
    "Swin": (SwinConfig(**MANY), BICUBIC, "64-bicubic-squash1-m0.5-s0.5", 0),
    "SigLIP": (
        SiglipConfig(text_config=FEW, vision_config={**SMALL, "patch_size": 16}),
        {**BICUBIC, "image_processor_type": "SiglipImageProcessor"},
        "64-bicubic-squash1-m0.5-s0.5",
        2,
    ),
    "BEiT, with biases": (
        BeitConfig(**SMALL, use_relative_position_bias=True),
        {**BICUBIC, "image_processor_type": "BeitImageProcessor", "do_center_crop": False},
        "64-bicubic-squash1-m0.5-s0.5",
        0,
    ),
    "ConvNeXt": (
        ConvNextConfig(hidden_sizes=[16, 32], depths=[1, 1], num_stages=2),
        CONVNEXT,
        "64-bicubic-center0.876712-down-m0.485,0.456,0.406-s0.229,0.224,0.225",
        0,
    ),
    "short side and cut": (
        ViTConfig(**SMALL),
        SHORT_SIDE,
        "64-bicubic-center0.790123-down-m0.5-s0.5",
        2,
    ),
    "squashed and cut": (ViTConfig(**SMALL), CUT, "64-bicubic-squash0.853333-down-m0.5-s0.5", 2),
    "values up to 255": (
        ViTConfig(**SMALL),
        {**SMALL_PROCESSOR, "do_rescale": False, "image_mean": [127.5] * 3, "image_std": [64] * 3},
        "64-bilinear-squash1-m0.5-s0.25098",
        2,
    ),
}


@pytest.mark.parametrize(("config", "processor", "summary", "fused"), KINDS.values(), ids=KINDS)
def test_every_kind_scores_as_the_original_with_pillow(
    config, processor, summary, fused, tmp_path, pictures
):
    import onnx

    folder = write_any(tmp_path, config, processor)
    done = export(load(folder), tmp_path / "m.onnx", pictures=drawn_pictures())

    file, original, chosen = loaded(done.path), with_pillow(folder), pictures[::2]
    found, expected = as_array(file.predict(chosen)), as_array(original.predict(chosen))
    assert np.abs(found - expected).max() <= 1e-4
    assert expected.std(axis=0).min() > 0.001, "all scores alike would prove nothing"
    assert f" pre:{VERSION}/{summary} " in file.identity
    operators = [node.op_type for node in onnx.load(done.path).graph.node]
    assert operators.count("MultiHeadAttention") == fused


@pytest.mark.parametrize("size", [(1, 1), (9, 1), (1, 9), (3, 7), (64, 67), (66, 64)], ids=str)
@pytest.mark.parametrize("processor", [SMALL_PROCESSOR, SHORT_SIDE, CUT], ids=["", "short", "cut"])
def test_the_pixels_are_those_of_the_image_processor(size, processor, tmp_path):
    detector = with_pillow(write(tmp_path, processor, **SMALL))
    random = np.random.default_rng(20)
    few = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))

    assert np.abs(detector.preprocessing()(few) - detector._pixels(few).numpy()).max() <= 1e-5


def test_what_torchvision_resizes_is_compared_with_both(tmp_path):
    detector = load(write(tmp_path, SMALL_PROCESSOR, **SMALL))
    if "-torchvision-" not in detector.identity:
        pytest.skip("transformers resizes with Pillow here")

    parity = export(detector, tmp_path / "m.onnx", pictures=drawn_pictures()).parity

    assert parity.difference < 1e-5
    assert 1e-5 < parity.as_configured < 0.01


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("kind", ["ViT", "Swin", "ConvNeXt"])
def test_lower_precisions_with_and_without_fused_attention(
    kind, precision, tmp_path, pictures, caplog
):
    import onnx

    config, processor, *_ = KINDS[kind]
    detector = load(write_any(tmp_path, config, processor))

    done = export(
        detector, tmp_path / "low.onnx", pictures=drawn_pictures(), thresholds={0.95},
        precision=precision,
    )  # fmt: skip

    weights = {tensor.data_type for tensor in onnx.load(done.path).graph.initializer}
    assert {"fp16": onnx.TensorProto.FLOAT16, "int8": onnx.TensorProto.INT8}[precision] in weights
    assert 0 < done.parity.difference < 0.05
    file = loaded(done.path)
    assert f"onnxruntime-cpu/{precision} " in file.identity
    difference = as_array(file.predict(pictures)) - as_array(detector.predict(pictures))
    assert np.abs(difference).max() < 0.05
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        pytest.param(("nsfw",), None, id="one class"),
        pytest.param(("sfw", "nsfw", "porn"), "multi_label_classification", id="several at once"),
    ],
)
def test_classes_that_do_not_exclude_each_other_stay_so(labels, kind, tmp_path, pictures):
    detector = load(write(tmp_path, SMALL_PROCESSOR, labels, **SMALL, problem_type=kind))

    done = export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())

    found, expected = loaded(done.path).predict(pictures), with_pillow(tmp_path).predict(pictures)
    assert np.abs(as_array(found) - as_array(expected)).max() <= 1e-4
    assert [s.nsfw for s in found] == pytest.approx([s.nsfw for s in expected], abs=2e-4)
    assert as_array(found).sum(axis=1).max() != pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            {"image_processor_type": "MobileViTImageProcessor", "do_center_crop": False,
             "do_flip_channel_order": True},
            "MobileViTImageProcessor{pil} does more than resize, cut and normalize",
            id="channels the other way round",
        ),
        pytest.param(
            {"image_processor_type": "EfficientNetImageProcessor", "include_top": True},
            "EfficientNetImageProcessor{pil} does more than resize, cut and normalize",
            id="normalizes twice",
        ),
        pytest.param(
            {"size": {"height": 64, "width": 80}},
            "size {'height': 64, 'width': 80} is no square and no short side",
            id="no square",
        ),
    ],
)  # fmt: skip
def test_a_processor_that_no_file_can_stand_for_is_refused(change, reason, tmp_path):
    detector = load(write(tmp_path, {**SMALL_PROCESSOR, **change}, **SMALL))
    pil = "Pil" if hasattr(detector._processor, "backend") else ""

    with pytest.raises(ExportRefused) as caught:
        export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())

    assert str(caught.value) == (
        f"{tmp_path} cannot be exported: no file could bring pictures to it as it is used to "
        f"({reason.replace('{pil}', pil)}). Use it with torch, as it is."
    )
    assert not (tmp_path / "m.onnx").exists()


def test_a_model_that_is_not_loaded_or_not_exact_is_refused(tmp_path):
    folder, path = write(tmp_path, SMALL_PROCESSOR, **SMALL), tmp_path / "m.onnx"

    with pytest.raises(ExportRefused, match="is not loaded"):
        export(TransformersDetector(model=f"local-dir:{folder}"), path, pictures=drawn_pictures())
    with pytest.raises(ExportRefused, match="is loaded as bf16 on cpu"):
        export(load(folder, precision="bf16"), path, pictures=drawn_pictures())


def test_another_choice_of_labels_travels(tmp_path):
    folder = write(tmp_path, SMALL_PROCESSOR, ("drawing", "sexy", "porn"), **SMALL)
    detector = load(folder, nsfw_labels=["sexy", "porn"])

    done = export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())

    assert loaded(done.path).nsfw_labels == {"sexy", "porn"}
    assert loaded(done.path, nsfw_labels=["porn"]).nsfw_labels == {"porn"}
    assert json.loads(done.metadata.to_props()["django_nsfw.nsfw_labels"]) == ["porn", "sexy"]
