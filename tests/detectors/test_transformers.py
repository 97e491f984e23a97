import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from django.core.exceptions import ImproperlyConfigured
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    ViTForImageClassification,
    pipeline,
)
from transformers.utils import logging as transformers_logging

from django_nsfw.detectors import hub
from django_nsfw.detectors.transformers import TransformersDetector
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.images import VERSION

from .conftest import as_array
from .hub_server import COMMIT, HubServer
from .transformers_models import ADAMCODD, FALCONSAI, SMALL, SMALL_PROCESSOR, write

pytestmark = pytest.mark.torch

BASE = {
    "falconsai": (FALCONSAI, {"image_size": 224}, ("normal", "nsfw")),
    "adamcodd": (ADAMCODD, {"image_size": 384}, ("sfw", "nsfw")),
}


@pytest.fixture(autouse=True)
def no_progress_bars():
    """Of the models that the tests write."""
    transformers_logging.disable_progress_bar()
    yield
    transformers_logging.enable_progress_bar()


@pytest.fixture(scope="session", params=BASE)
def base(request, tmp_path_factory):
    """Folder, labels and side of a model of a published one's very architecture: 340 MB."""
    processor, architecture, labels = BASE[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    yield write(folder, processor, labels, **architecture), labels, architecture["image_size"]
    shutil.rmtree(folder)


@pytest.fixture
def small(tmp_path):
    """``small(processor={…}, labels=…, **architecture)``: a model that loads at once."""

    def small(processor=(), labels=("normal", "nsfw"), **architecture):
        return write(
            tmp_path, {**SMALL_PROCESSOR, **dict(processor)}, labels, **{**SMALL, **architecture}
        )

    return small


def load(folder, **options):
    detector = TransformersDetector(model=f"local-dir:{folder}", **options)
    detector.load()
    return detector


def by_the_pipeline(folder, pictures, labels):
    """n × labels, one picture after the other."""
    classify = pipeline("image-classification", model=str(folder))
    rows = [{one["label"]: one["score"] for one in classify(picture)} for picture in pictures]
    return np.array([[row[label] for label in labels] for row in rows])


def test_models_of_the_published_architectures_score_from_the_hub_as_the_pipeline_does(
    base, pictures, tmp_path
):
    folder, labels, side = base
    server = HubServer("somebody/a-model", {p.name: p.read_bytes() for p in folder.iterdir()})
    chosen = pictures[::5]  # each costs a second here
    for place, picture in enumerate(chosen):
        picture.save(tmp_path / f"{place:02}.png")
    code = (
        "import django, json, pathlib, sys; django.setup()\n"
        "from PIL import Image\n"
        "from django_nsfw.detectors.transformers import TransformersDetector\n"
        "d = TransformersDetector(model='hf_hub:somebody/a-model', batch_size=3)\n"
        "d.load()\n"
        "pictures = [Image.open(p) for p in sorted(pathlib.Path(sys.argv[1]).glob('*.png'))]\n"
        "scores = [[*s.labels.values(), s.nsfw] for s in d.predict(pictures)]\n"
        "print(json.dumps([d.identity, d.labels, d.input_side, scores]))\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(tmp_path / "hub"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    server.close()
    shutil.rmtree(tmp_path / "hub", ignore_errors=True)

    assert done.returncode == 0, done.stderr
    identity, said, input_side, scores = json.loads(done.stdout)
    found, expected = np.array(scores), by_the_pipeline(folder, chosen, labels)
    assert len({picture.size for picture in chosen}) == len(chosen) == 4
    assert np.abs(found[:, :2] - expected).max() <= 1e-5
    assert expected.std(axis=0).min() > 0.001, "all scores alike would prove nothing"
    assert found[:, 2].tolist() == found[:, 1].tolist()
    assert (tuple(said), input_side) == (labels, side)
    assert identity.startswith(f"somebody/a-model@{COMMIT[:12]} sha256:")
    assert f"pre:{VERSION}/{side}-bilinear-" in identity
    downloads = {r.removeprefix("GET ") for r in server.requests if r.startswith("GET ")}
    # Of files; the client may have questions of its own.
    assert {name for name in downloads if not name.startswith("/")} == set(hub.TRANSFORMERS.files)


@pytest.mark.parametrize(
    "processor",
    [
        pytest.param({}, id="as Falconsai"),
        pytest.param({"resample": 3}, id="bicubic"),
        pytest.param({"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]}, id="mean"),
        pytest.param(
            {
                "image_processor_type": "CLIPImageProcessor",
                "size": {"shortest_edge": 80},
                "do_center_crop": True,
                "crop_size": {"height": 64, "width": 64},
                "resample": 3,
            },
            id="short side and centre crop",
        ),
        pytest.param(
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 64}},
            id="another class",
        ),
        pytest.param({"image_processor_type": None, "feature_extractor_type": "ViTFeatureExtractor",
                      "size": 64}, id="as written years ago"),
    ],
)  # fmt: skip
def test_scores_are_those_of_the_pipeline_whatever_the_image_processor(small, pictures, processor):
    folder = small(processor)
    config = json.loads((folder / "preprocessor_config.json").read_text())
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    expected = by_the_pipeline(folder, pictures, ("normal", "nsfw"))

    detector = load(folder)

    assert np.abs(as_array(detector.predict(pictures)) - expected).max() <= 1e-5
    assert expected.std(axis=0).min() > 0.001, "all scores alike would prove nothing"
    assert detector.input_side == 64


@pytest.mark.parametrize("size", [(1, 1), (9, 1), (1, 9), (3, 7), (7, 3)], ids=str)
def test_few_pixels_are_not_taken_for_channels(small, size):
    detector = load(small())
    random = np.random.default_rng(20)
    few = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    resized = np.asarray(few.resize((64, 64), Image.Resampling.BILINEAR)).transpose(2, 0, 1)

    found = detector._pixels(few).numpy()

    assert np.abs(found - (resized / 127.5 - 1)).max() < 1.01 / 127.5  # a level of 255


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_modes_other_than_rgb_are_converted(small, pictures, mode):
    detector = load(small())
    picture = pictures[0].convert(mode)

    found = as_array(detector.predict([picture, picture.convert("RGB")]))

    assert found[0].tolist() == found[1].tolist()


def test_it_says_what_it_is(small):
    folder = small()
    detector = load(folder)
    weights = hub.sha256_of(folder / "model.safetensors")
    processor = AutoImageProcessor.from_pretrained(folder)
    library = getattr(processor, "backend", "pil")  # before release 5 the default

    assert detector.labels == ("normal", "nsfw")
    assert detector.nsfw_labels == {"nsfw"}
    assert detector.weights_path == folder / "model.safetensors"
    assert detector.identity == (
        f"{folder.name} sha256:{weights[:12]} torch-cpu/fp32 "
        f"pre:{VERSION}/64-bilinear-{library}-{detector.identity[-15:-7]} nsfw:1"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"resample": 3},
        {"image_mean": [0.5, 0.5, 0.4]},
        {"image_std": [0.5, 0.5, 0.4]},
        {"rescale_factor": 0.5},
        {"do_normalize": False},
        {"image_processor_type": "DeiTImageProcessor", "do_center_crop": False},
    ],
    ids=str,
)
def test_another_preprocessing_is_another_identity(small, change):
    before = load(small()).identity
    assert load(small()).identity == before

    assert load(small(change)).identity != before


def test_what_changes_no_number_changes_no_identity(small):
    before = load(small()).identity

    assert load(small({"processor_class": "ViTProcessor"})).identity == before


def test_labels_that_transformers_made_up_are_none(small):
    folder = small(labels=None, num_labels=2)

    with pytest.raises(ImproperlyConfigured, match="does not name its 2 classes"):
        load(folder)
    with pytest.raises(ImproperlyConfigured, match=r"has 1 names \(nsfw\) for the 2 classes"):
        load(folder, labels=["nsfw"])
    assert load(folder, labels=["nsfw", "sfw"]).nsfw_labels == {"nsfw"}


def test_labels_that_nobody_knows_must_be_chosen(small):
    folder = small(labels=("a", "b"))

    with pytest.raises(ImproperlyConfigured, match=r"No label of .* is known to mean NSFW"):
        load(folder)
    assert load(folder, nsfw_labels=["b"]).nsfw_labels == {"b"}


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        pytest.param(("nsfw",), None, id="one class"),
        pytest.param(("sfw", "nsfw", "porn"), "multi_label_classification", id="several at once"),
    ],
)
def test_classes_that_do_not_exclude_each_other_are_sigmoids(small, pictures, labels, kind):
    folder = small(labels=labels, problem_type=kind)
    detector = load(folder)
    model = AutoModelForImageClassification.from_pretrained(folder)
    processor = AutoImageProcessor.from_pretrained(folder)
    with torch.inference_mode():
        logits = model(**processor(images=[pictures[0]], return_tensors="pt")).logits

    (scores,) = detector.predict(pictures[:1])

    expected = logits.sigmoid()[0].tolist()
    assert list(scores.labels.values()) == pytest.approx(expected, abs=1e-6)
    counted = sum(p for label, p in scores.labels.items() if label != "sfw")
    assert scores.nsfw == pytest.approx(min(counted, 1))


def test_quantities_are_no_scores(small):
    with pytest.raises(ImproperlyConfigured, match="problem_type is 'regression'"):
        load(small(problem_type="regression"))


def test_a_processor_that_keeps_sizes_is_refused(small):
    with pytest.raises(ImproperlyConfigured) as caught:
        load(small({"do_resize": False}))

    assert str(caught.value).endswith(
        "makes (3, 480, 640) of one picture and (3, 900, 300) of another. It must bring all to one "
        "size, as channels, height and width."
    )


def test_weights_that_lack_a_tensor_are_unavailable(small):
    from safetensors.torch import load_file, save_file

    folder = small()
    tensors = load_file(folder / "model.safetensors")
    del tensors["classifier.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(
        DetectorUnavailable, match=r"model\.safetensors lacks 1 tensors, such as classifier\.weight"
    ):
        load(folder)


def test_damaged_weights_are_unavailable(small):
    weights = small() / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])

    with pytest.raises(DetectorUnavailable, match=r"cannot be loaded .*\. Bring an undamaged copy"):
        load(weights.parent)


def test_weights_of_another_size_are_unavailable(small):
    folder = small()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))

    with pytest.raises(DetectorUnavailable, match="cannot be loaded from"):
        load(folder)


def test_a_wrong_digest_is_never_loaded(small):
    with pytest.raises(DetectorUnavailable, match=r"was not loaded: .* not 0000"):
        load(small(), sha256="0" * 64)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_must_be_complete(small, name):
    folder = small()
    (folder / name).unlink()

    with pytest.raises(DetectorUnavailable) as caught:
        load(folder)

    assert str(caught.value) == (
        f"Model {folder}: {name} is missing. Save the model there with save_pretrained(…) of the "
        "model and of its image processor."
    )


def test_a_pickle_is_refused(small):
    folder = small()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(DetectorUnavailable, match=r"only as a pickle \(pytorch_model\.bin\)"):
        load(folder)


CODE = "import pathlib\npathlib.Path({mark!r}).touch()\n"


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
def test_code_that_comes_with_a_model_is_never_run(small, tmp_path, file):
    folder = small()
    mark = tmp_path / "was run"
    (folder / "own.py").write_text(CODE.format(mark=str(mark)))
    settings = json.loads((folder / file).read_text())
    if file == "config.json":
        settings |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    else:
        settings |= {"image_processor_type": "Own", "auto_map": {"AutoImageProcessor": "own.Own"}}
    (folder / file).write_text(json.dumps(settings))

    with pytest.raises(ImproperlyConfigured) as caught:
        load(folder)

    assert str(caught.value) == (
        f"Model {folder} comes with code of its own, which is never run. Name one of an "
        "architecture that transformers knows."
    )
    assert not mark.exists()


def test_only_the_verified_files_are_looked_at(small, tmp_path):
    folder = small()
    before = load(folder).identity
    nested = {"image_processor": {**SMALL_PROCESSOR, "resample": 0}}
    (folder / "processor_config.json").write_text(json.dumps(nested))
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "x/y"}))
    assert load(folder).identity == before

    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    config = json.loads((folder / "config.json").read_text())
    config["transformers_weights"] = "other.safetensors"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DetectorUnavailable, match="cannot be loaded from"):
        load(folder)


def test_answers_that_are_not_finite_are_refused(small, pictures):
    detector = load(small())
    with torch.no_grad():
        detector.module.classifier.weight.fill_(float("nan"))

    with pytest.raises(DetectorUnavailable, match="gave an answer that is no score"):
        detector.predict(pictures[:1])


def test_lower_precision_has_an_identity_of_its_own(small, pictures):
    folder = small()
    exact, rough = load(folder), load(folder, precision="bf16")

    assert "torch-cpu/bf16" in rough.identity
    difference = as_array(exact.predict(pictures[:2])) - as_array(rough.predict(pictures[:2]))
    assert np.abs(difference).max() < 0.05


def test_weights_saved_in_half_precision_compute_in_the_one_that_is_configured(small, pictures):
    folder = small()
    ViTForImageClassification.from_pretrained(folder).half().save_pretrained(folder)

    detector = load(folder)

    assert {p.dtype for p in detector.module.parameters()} == {torch.float32}
    assert "torch-cpu/fp32" in detector.identity
    assert len(detector.predict(pictures[:2])) == 2


def test_loading_shows_no_progress_bar(small, capfd):
    folder = small()
    transformers_logging.enable_progress_bar()
    load(folder)

    assert "Loading weights" not in capfd.readouterr().err
    assert transformers_logging.is_progress_bar_enabled()


def test_checks_look_for_files_and_load_nothing(small, tmp_path):
    def ids(**options):
        return [message.id for message in TransformersDetector(**options).check()]

    folder = small()
    assert ids(model=f"local-dir:{folder}") == []
    (folder / "preprocessor_config.json").unlink()
    (problem,) = TransformersDetector(model=f"local-dir:{folder}").check()
    assert (problem.id, problem.hint) == (
        "django_nsfw.E020",
        "Point the option 'model' at a folder with config.json, preprocessor_config.json, "
        "model.safetensors.",
    )
    assert ids(model="hf_hub:some/model@abc", cache_dir=tmp_path / "cache") == ["django_nsfw.W021"]
    assert ids(model="hf_hub:some/model", cache_dir=tmp_path / "cache") == [
        "django_nsfw.W022",
        "django_nsfw.W021",
    ]
