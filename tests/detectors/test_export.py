import errno
import io
import json
import os
import re

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from django_nsfw.detectors import detectors
from django_nsfw.detectors.export import export
from django_nsfw.detectors.onnx import OnnxDetector
from django_nsfw.detectors.samples import drawn_pictures
from django_nsfw.detectors.timm import TimmDetector
from django_nsfw.exceptions import ExportRefused

from .conftest import as_array

pytestmark = pytest.mark.torch
TIMM = "django_nsfw.detectors.timm.TimmDetector"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model small enough to export in a moment."""
    import timm
    import torch
    from timm.models import save_for_hf

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(20)
    model = timm.create_model("test_vit", num_classes=2)
    config = {"label_names": ["NSFW", "SFW"], "num_classes": 2}
    save_for_hf(model, folder, model_config=config, safe_serialization=True)
    detector = TimmDetector(model=f"local-dir:{folder}")
    detector.load()
    return detector, folder


@pytest.fixture(scope="module")
def exported(original, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    return export(original, path, pictures=drawn_pictures())


def test_the_exported_file_scores_as_the_original(original_scores, exported, pictures):
    detector = OnnxDetector(path=exported.path, sha256=exported.sha256)
    detector.load()
    expected = original_scores

    one_by_one = [scores for picture in pictures for scores in detector.predict([picture])]

    assert np.abs(as_array(detector.predict(pictures)) - expected).max() <= 1e-4
    assert np.abs(as_array(one_by_one) - expected).max() <= 1e-4
    assert exported.parity.difference == exported.parity.as_configured <= 1e-4
    assert (exported.parity.pictures, exported.size) == (8, exported.path.stat().st_size)


def test_attention_is_one_operator(exported):
    import onnx

    operators = [node.op_type for node in onnx.load(exported.path).graph.node]

    assert operators.count("MultiHeadAttention") == 12  # one a block
    assert operators.count("Softmax") == 1  # that of the probabilities


def test_attention_that_is_not_plain_is_exported_as_it_is():
    import torch
    from torch.nn import functional

    from django_nsfw.detectors.fused_attention import fused_attention

    usual = functional.scaled_dot_product_attention
    query = torch.rand(1, 2, 5, 4)
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    with fused_attention():
        masked = functional.scaled_dot_product_attention(query, query, query, attn_mask=mask)
        causal = functional.scaled_dot_product_attention(query, query, query, is_causal=True)
    assert torch.equal(masked, usual(query, query, query, attn_mask=mask))
    assert torch.equal(causal, usual(query, query, query, is_causal=True))
    assert functional.scaled_dot_product_attention is usual


def test_the_exported_file_says_what_it_is(original, exported):
    detector = OnnxDetector(path=exported.path)
    detector.load()

    assert detector.identity == original.identity.replace("torch-cpu", "onnxruntime-cpu")
    assert detector.labels == original.labels
    assert detector.nsfw_labels == original.nsfw_labels
    assert detector.input_side == 384
    assert b"site-packages" not in exported.path.read_bytes(), "paths of the exporting machine"


def test_nothing_but_the_file_is_left(exported):
    assert list(exported.path.parent.iterdir()) == [exported.path]


def test_scores_that_differ_leave_no_file_and_the_one_in_place_alone(tiny, tmp_path):
    detector, _ = tiny
    path = tmp_path / "m.onnx"
    path.write_bytes(b"in use")

    with pytest.raises(ExportRefused, match=r"m\.onnx exists"):
        export(detector, path, pictures=drawn_pictures())
    with pytest.raises(ExportRefused, match=r"^No file was written: the scores of the exported"):
        # Two engines never agree to less than nothing.
        export(detector, path, pictures=drawn_pictures(), tolerance=-1.0, replace=True)

    assert path.read_bytes() == b"in use"
    assert list(tmp_path.iterdir()) == [path]


def test_a_verdict_that_changes_leaves_no_file(tiny, tmp_path):
    """However little the scores differ: a threshold may lie between the two."""
    detector, _ = tiny
    pictures = drawn_pictures()
    done = export(detector, tmp_path / "first.onnx", pictures=pictures, thresholds={0.95, 0.05})
    assert [at.threshold for at in done.parity.thresholds] == [0.05, 0.95]
    file = OnnxDetector(path=done.path)
    file.load()
    both = zip(detector.predict(pictures), file.predict(pictures), strict=True)
    between = max(
        max(one.nsfw, other.nsfw) for one, other in both if one.nsfw != other.nsfw
    )  # one of the two reaches it

    with pytest.raises(ExportRefused, match=r"^No file was written: at the threshold 0\.\d+ the "):
        export(detector, tmp_path / "second.onnx", pictures=pictures, thresholds={0.95, between})
    assert [path.name for path in tmp_path.iterdir()] == ["first.onnx"]


@pytest.mark.parametrize(("precision", "share"), [("fp16", 0.6), ("int8", 0.6)])
def test_lower_precisions_are_smaller_and_say_what_they_are(tiny, tmp_path, precision, share):
    detector, _ = tiny
    full = export(detector, tmp_path / "full.onnx", pictures=drawn_pictures())

    done = export(
        detector, tmp_path / "low.onnx", pictures=drawn_pictures(), thresholds={0.95},
        precision=precision,
    )  # fmt: skip

    assert done.size < share * full.size
    assert 0 < done.parity.difference < 0.05
    file = OnnxDetector(path=done.path)
    file.load()
    assert f"onnxruntime-cpu/{precision} " in file.identity
    assert file.identity != detector.identity


def test_a_lower_precision_is_held_to_the_verdicts(tiny, tmp_path):
    detector, _ = tiny
    pictures, path = drawn_pictures(), tmp_path / "m.onnx"
    closest = max(scores.nsfw for scores in detector.predict(pictures))

    with pytest.raises(ExportRefused, match="Nothing says whether int8 is good enough: no policy"):
        export(detector, path, pictures=pictures, precision="int8")
    with pytest.raises(ExportRefused, match=r"There is no precision 'int4', only fp32, fp16, int8"):
        export(detector, path, pictures=pictures, thresholds={0.5}, precision="int4")
    refused = []
    for threshold in (closest, closest + 1e-9):  # one of the two is between the scores
        try:
            export(
                detector, path, pictures=pictures, thresholds={threshold}, precision="int8",
                replace=True,
            )  # fmt: skip
        except ExportRefused as error:
            refused.append(str(error))
    assert len(refused) == 1
    assert "would be another one at int8. Scores differ by up to " in refused[0]


def test_what_cannot_be_exported_says_why(tiny, tmp_path):
    detector, folder = tiny
    path = tmp_path / "m.onnx"

    with pytest.raises(ExportRefused, match="no picture to compare"):
        export(detector, path, pictures=[])
    with pytest.raises(ExportRefused, match="There is no folder"):
        export(detector, tmp_path / "none" / "m.onnx", pictures=drawn_pictures())
    with pytest.raises(ExportRefused, match="is not loaded"):
        export(TimmDetector(model=f"local-dir:{folder}"), path, pictures=drawn_pictures())
    rough = TimmDetector(model=f"local-dir:{folder}", precision="bf16")
    rough.load()
    with pytest.raises(ExportRefused, match="is loaded as bf16 on cpu"):
        export(rough, path, pictures=drawn_pictures())


def test_a_full_disk_is_a_sentence(tiny, tmp_path, monkeypatch):
    detector, _ = tiny

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("onnx.save", full)
    with pytest.raises(ExportRefused, match=r"m\.onnx cannot be written: No space left on device"):
        export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())
    assert list(tmp_path.iterdir()) == []


def test_a_preprocessing_that_needs_torch_is_refused(tiny, tmp_path):
    _, folder = tiny
    config = json.loads((folder / "config.json").read_text())
    config["pretrained_cfg"]["crop_mode"] = "border"
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    detector = TimmDetector(model=f"local-dir:{tmp_path}")
    detector.load()

    with pytest.raises(ExportRefused, match="crop mode 'border' is none of: center, squash"):
        export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())


def test_the_command_writes_a_file_and_says_how_to_use_it(tiny, tmp_path, configure, pictures):
    _, folder = tiny
    configure(default={"BACKEND": TIMM, "OPTIONS": {"model": f"local-dir:{folder}"}})
    shown = tmp_path / "pictures"
    shown.mkdir()
    (shown / "below").mkdir()
    pictures[0].save(shown / "below/a.png")
    (shown / "b.txt").write_text("no picture")
    out, err = io.StringIO(), io.StringIO()
    path = tmp_path / "m.onnx"

    call_command("nsfw_export", output=path, pictures=shown, stdout=out, stderr=err)

    assert f"{path}: {path.stat().st_size:,} bytes" in out.getvalue()
    assert "Largest difference of a score from the original's on 9 pictures: " in out.getvalue()
    assert "Verdicts that changed at the thresholds 0.4, 0.5, 0.95: none" in out.getvalue()
    assert "How far a score" not in out.getvalue()
    assert f"{shown}/b.txt left out: " in err.getvalue()
    namespace: dict = {}
    exec(out.getvalue().split("Use it with:")[1], namespace)
    configure(**namespace["NSFW_DETECTORS"])
    assert detectors["default"].labels == ("NSFW", "SFW")


def test_the_command_says_what_a_lower_precision_does(tiny, tmp_path, configure):
    _, folder = tiny
    configure(default={"BACKEND": TIMM, "OPTIONS": {"model": f"local-dir:{folder}"}})
    out = io.StringIO()

    call_command("nsfw_export", output=tmp_path / "m.onnx", precision="int8", stdout=out)

    said = re.sub(r"\d\.\d+(e-\d+)?(?= at )", "…", out.getvalue())
    assert (
        "\nThe closest score to one of them lies 0.032 from 0.5. Pictures of your own, with "
        in said
    )
    assert "\nHow far a score just there may move: … at 0.4, … at 0.5, … at 0.95\n" in said


def test_one_class_stays_a_sigmoid(tmp_path, pictures):
    import timm
    from timm.models import save_for_hf

    config = {"label_names": ["nsfw"], "num_classes": 1}
    model = timm.create_model("test_vit", num_classes=1)
    save_for_hf(model, tmp_path, model_config=config, safe_serialization=True)
    detector = TimmDetector(model=f"local-dir:{tmp_path}")
    detector.load()

    done = export(detector, tmp_path / "m.onnx", pictures=drawn_pictures())

    file = OnnxDetector(path=done.path)
    file.load()
    found, expected = as_array(file.predict(pictures)), as_array(detector.predict(pictures))
    assert np.abs(found - expected).max() <= 1e-4
    assert expected.max() < 0.999, "a softmax of one class is always 1"


def test_the_command_refuses_mistakes(tiny, tmp_path, configure):
    _, folder = tiny
    configure(
        default={"BACKEND": TIMM, "OPTIONS": {"model": f"local-dir:{folder}"}},
        other={"BACKEND": "tests.detectors.backends.Plain"},
    )
    there = tmp_path / "there.onnx"
    there.touch()
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, message in (
        ({"output": empty, "force": True}, "empty is no file. Name a file."),
        ({"output": tmp_path / "m", "pictures": empty}, "empty has no picture that can be read."),
        ({"output": there}, "there.onnx exists. Give --force to replace it."),
        ({"output": tmp_path / "m", "pictures": tmp_path / "no"}, "There is no folder"),
        ({"output": tmp_path / "m", "detector": "no"}, "has no detector 'no'. Configured: "),
        (
            {"output": tmp_path / "m", "detector": "other"},
            "'other' is of the class Plain. Only a TimmDetector and a TransformersDetector can be "
            "exported.",
        ),
    ):
        with pytest.raises(CommandError) as caught:
            call_command("nsfw_export", **options)
        assert message in str(caught.value)
