"""Modules whose framework is not installed are left out; the rest of the suite runs without."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from django_nsfw.detectors import detectors
from django_nsfw.detectors.samples import drawn_pictures

_NEEDS = {
    "onnxruntime": ["test_onnx.py"],
    "huggingface_hub": ["test_hub.py"],
    "torch": ["test_export.py", "test_timm.py"],
    "transformers": ["test_export_transformers.py", "test_transformers.py"],
}
collect_ignore = [
    name for package, names in _NEEDS.items() if find_spec(package) is None for name in names
]


@pytest.fixture
def configure(settings):
    """``configure(alias={"BACKEND": …})``: these detectors and no others, nothing remembered."""

    def configure(**specs):
        settings.NSFW_DETECTORS = specs

    yield configure
    detectors.reset()


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    """Free photographs and drawings of many sizes and modes, as RGB: twenty in all."""
    folder = Path(skimage.__file__).parent / "data"
    names = (
        "astronaut.png chelsea.png chessboard_RGB.png clock_motion.png coffee.png color.png "
        "horse.png hubble_deep_field.jpg logo.png page.png phantom.png rocket.jpg"
    )
    photographs = [Image.open(folder / name).convert("RGB") for name in names.split()]
    return [*photographs, *drawn_pictures()]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """The architecture of the default model with random weights, as timm saves it for the hub."""
    timm = pytest.importorskip("timm")
    torch = pytest.importorskip("torch")
    from timm.models import save_for_hf

    torch.manual_seed(20)
    model = timm.create_model("vit_tiny_patch16_384", num_classes=2)
    with torch.no_grad():
        model.head.weight.normal_(0, 0.2)  # timm starts with zeros, which score all alike
    folder = tmp_path_factory.mktemp("model")
    config = {"label_names": ["NSFW", "SFW"], "num_classes": 2}
    save_for_hf(model, folder, model_config=config, safe_serialization=True)
    return folder


@pytest.fixture(scope="session")
def original(model_folder):
    """The model of ``model_folder``, loaded by timm."""
    from django_nsfw.detectors.timm import TimmDetector

    detector = TimmDetector(model=f"local-dir:{model_folder}")
    detector.load()
    return detector


@pytest.fixture(scope="session")
def original_scores(original, pictures) -> np.ndarray:
    return as_array(original.predict(pictures))


def as_array(scores) -> np.ndarray:
    """n × labels."""
    return np.array([list(one.labels.values()) for one in scores])
