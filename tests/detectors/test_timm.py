import json
import os
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch
from django.core.exceptions import ImproperlyConfigured
from PIL import Image
from timm.data import create_transform, resolve_model_data_config

from django_nsfw.detectors import detectors, hub
from django_nsfw.detectors.preprocessing import Preprocessing
from django_nsfw.detectors.timm import TimmDetector
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.images import VERSION

from .conftest import as_array
from .hub_server import COMMIT, HubServer

pytestmark = pytest.mark.torch
MARQO = "hf_hub:Marqo/nsfw-image-detection-384"


@pytest.fixture
def tiny_folder(tmp_path):
    """``tiny_folder(num_classes, label_names)``: a small model that loads at once."""

    def save(num_classes=2, label_names=("NSFW", "SFW"), **config):
        model = timm.create_model("test_vit", num_classes=num_classes)
        config = {"num_classes": num_classes, **config}
        if label_names:
            config["label_names"] = list(label_names)
        from timm.models import save_for_hf

        save_for_hf(model, tmp_path, model_config=config, safe_serialization=True)
        return tmp_path

    return save


def load(folder, **options):
    detector = TimmDetector(model=f"local-dir:{folder}", **options)
    detector.load()
    return detector


def test_scores_are_those_of_timms_own_transform_and_model(
    original, original_scores, model_folder, pictures
):
    model = timm.create_model(f"local-dir:{model_folder}", pretrained=True).eval()
    transform = create_transform(**resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        expected = np.stack(
            [model(transform(p).unsqueeze(0)).softmax(-1)[0].numpy() for p in pictures]
        )

    assert len(pictures) >= 20
    assert np.abs(original_scores - expected).max() <= 1e-5
    assert expected.std(axis=0).min() > 0.001, "all scores alike would prove nothing"
    found = original.predict(pictures[:2])
    assert [one.nsfw for one in found] == [one.labels["NSFW"] for one in found]


def test_it_says_what_it_is(original, model_folder):
    weights = hub.sha256_of(model_folder / "model.safetensors")

    assert original.labels == ("NSFW", "SFW")
    assert original.nsfw_labels == {"NSFW"}
    assert original.input_side == 384
    assert original.identity == (
        f"{model_folder.name} sha256:{weights[:12]} torch-cpu/fp32 "
        f"pre:{VERSION}/384-bicubic-center1-m0.5-s0.5 nsfw:0"
    )


@pytest.mark.parametrize("crop_mode", ["center", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "lanczos"])
@pytest.mark.parametrize(("side", "crop_pct"), [(384, 1.0), (224, 0.875), (97, 0.9), (64, 1.2)])
def test_preprocessing_without_torch_gives_the_same_tensor(
    pictures, crop_mode, interpolation, side, crop_pct
):
    config = {
        "input_size": (3, side, side),
        "crop_pct": crop_pct,
        "crop_mode": crop_mode,
        "interpolation": interpolation,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    }
    ours, theirs = Preprocessing.from_data_config(config), create_transform(**config)

    for picture in [*pictures[::3], Image.new("RGB", (3, 7), (9, 8, 7))]:
        assert np.abs(ours(picture) - theirs(picture).numpy()).max() <= 1e-6


def test_it_downloads_from_the_hub_and_then_does_without(model_folder, tmp_path):
    files = {path.name: path.read_bytes() for path in model_folder.iterdir()}
    server = HubServer("somebody/a-model", files)
    code = (
        "import django; django.setup()\n"
        "from PIL import Image\n"
        "from django_nsfw.detectors.timm import TimmDetector\n"
        "for _ in range(2):\n"
        "    d = TimmDetector(model='hf_hub:somebody/a-model')\n"
        "    d.load()\n"
        "    print(d.identity, d.predict([Image.new('RGB', (9, 9))])[0].nsfw, flush=True)\n"
        "    input()\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(tmp_path),
    }
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        downloaded = process.stdout.readline()
        server.close()
        rest, _ = process.communicate("\n\n", timeout=60)

    assert process.returncode == 0
    assert downloaded.startswith(f"somebody/a-model@{COMMIT[:12]} sha256:")
    assert rest == downloaded


def test_the_default_model_is_pinned():
    detector = TimmDetector(model=MARQO)
    pin = hub.PINS["Marqo/nsfw-image-detection-384"]

    assert (detector._revision, detector._sha256) == (pin.revision, pin.sha256)
    assert TimmDetector(model=f"{MARQO}@main")._sha256 == ""


def test_the_labels_of_a_pinned_model_must_be_the_pinned_ones(tiny_folder, monkeypatch):
    detector = TimmDetector(model=MARQO)
    folder = tiny_folder(label_names=("SFW", "NSFW"))
    monkeypatch.setattr(hub, "fetch", lambda *args, **kwargs: hub.local(folder, sha256=""))

    with pytest.raises(DetectorUnavailable, match="has the labels SFW, NSFW where NSFW, SFW were"):
        detector.load()


def test_damaged_weights_are_unavailable(tiny_folder):
    folder = tiny_folder()
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])

    with pytest.raises(DetectorUnavailable, match=r"cannot be loaded .*\. Bring an undamaged copy"):
        load(folder)


def test_weights_of_another_architecture_are_unavailable(tiny_folder):
    folder = tiny_folder()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architecture": "test_resnet"}))

    with pytest.raises(DetectorUnavailable, match="cannot be loaded from"):
        load(folder)


def test_a_configuration_for_which_timm_would_draw_the_head_at_random_is_refused(tiny_folder):
    folder = tiny_folder()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_classes": 1000}))

    said = r"ValueError: config.json has 2 classes in one place and 1000 in another\."
    with pytest.raises(DetectorUnavailable, match=said):
        load(folder)


def test_a_wrong_digest_is_never_loaded(tiny_folder):
    with pytest.raises(DetectorUnavailable, match=r"was not loaded: .* not 0000") as refused:
        load(tiny_folder(), sha256="0" * 64)
    # Of one's own folder there is no second copy on the hub.
    assert str(refused.value).endswith(
        "as expected. Bring the right file there, or correct the option 'sha256'."
    )


def test_a_model_without_labels_takes_them_from_the_option(tiny_folder):
    folder = tiny_folder(label_names=None)

    with pytest.raises(ImproperlyConfigured, match="does not name its 2 classes"):
        load(folder)
    with pytest.raises(ImproperlyConfigured, match=r"has 1 names \(nsfw\) for the 2 classes"):
        load(folder, labels=["nsfw"])
    assert load(folder, labels=["nsfw", "sfw"]).nsfw_labels == {"nsfw"}


def test_one_class_is_a_sigmoid(tiny_folder, pictures):
    detector = load(tiny_folder(num_classes=1, label_names=("nsfw",)))
    pixels = detector._transform(pictures[0]).unsqueeze(0)
    with torch.inference_mode():
        expected = float(detector.module(pixels).sigmoid())

    (scores,) = detector.predict(pictures[:1])

    assert scores.labels == {"nsfw": pytest.approx(expected, abs=1e-6)}
    assert scores.nsfw == scores.labels["nsfw"]


def test_answers_that_are_not_finite_are_refused(tiny_folder, pictures):
    detector = load(tiny_folder())
    with torch.no_grad():
        detector.module.head.weight.fill_(float("nan"))

    with pytest.raises(DetectorUnavailable, match="gave an answer that is no score"):
        detector.predict(pictures[:1])


def test_lower_precision_has_an_identity_of_its_own(tiny_folder, pictures):
    folder = tiny_folder()
    exact, rough = load(folder), load(folder, precision="bf16")

    assert "torch-cpu/bf16" in rough.identity
    difference = as_array(exact.predict(pictures[:2])) - as_array(rough.predict(pictures[:2]))
    assert np.abs(difference).max() < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"model": "Marqo/nsfw"},
            "'model' is 'Marqo/nsfw'. It must be 'hf_hub:owner/name', "
            "'hf_hub:owner/name@revision' or 'local-dir:/path'.",
        ),
        (
            {"model": f"{MARQO}@one", "revision": "two"},
            "'model' names the revision 'one' and 'revision' 'two'. Give one.",
        ),
        (
            {"model": "local-dir:/srv/model", "revision": "one"},
            "'revision' is for models of the hub, not for a folder.",
        ),
        (
            {"model": MARQO, "device": "abacus"},
            "'device' is 'abacus'. It must be 'cpu', 'auto' or a device of torch.",
        ),
        (
            {"model": MARQO, "precision": "int4"},
            "'precision' is 'int4', which is none of: fp32, bf16, fp16.",
        ),
    ],
)
def test_a_mistake_in_the_options_is_named(configure, options, message):
    configure(default={"BACKEND": "django_nsfw.detectors.timm.TimmDetector", "OPTIONS": options})

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors.build("default")

    assert str(caught.value) == f"NSFW_DETECTORS['default']: {message}"


def test_checks_look_for_files_and_load_nothing(tiny_folder, tmp_path):
    def ids(**options):
        return [message.id for message in TimmDetector(**options).check()]

    assert ids(model="local-dir:/nowhere") == ["django_nsfw.E020"]
    assert ids(model=f"local-dir:{tiny_folder()}") == []
    assert ids(model=MARQO, cache_dir=tmp_path / "cache") == ["django_nsfw.W021"]
    assert ids(model="hf-hub:some/model", cache_dir=tmp_path / "cache") == [
        "django_nsfw.W022",
        "django_nsfw.W021",
    ]
