"""A model of the very architecture of Marqo/nsfw-image-detection-384, with weights of our own.

The published weights are not needed to measure time. These are drawn at random from a fixed seed,
with a head scaled so that scores of different pictures differ.
"""

import json
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

from django_nsfw.detectors.export import export
from django_nsfw.detectors.samples import drawn_pictures
from django_nsfw.detectors.timm import TimmDetector

ARCHITECTURE = "vit_tiny_patch16_384"
HEAD_SCALE = 60.0
SEED = 20


def local_dir(folder: Path) -> Path:
    """Write the model the way the hub serves it, and return the folder that timm loads."""
    path = folder / "marqo-architecture"
    path.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    model = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=2)
    with torch.no_grad():
        model.head.weight.mul_(HEAD_SCALE)
    save_file(model.state_dict(), str(path / "model.safetensors"))
    config = {
        "architecture": ARCHITECTURE,
        "num_classes": 2,
        "num_features": 192,
        "pretrained_cfg": {
            "tag": "seeded",
            "input_size": [3, 384, 384],
            "fixed_input_size": True,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": 2,
            "pool_size": None,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
            "label_names": ["NSFW", "SFW"],
        },
    }
    (path / "config.json").write_text(json.dumps(config))
    return path


def exported(model: Path) -> Path:
    """The ONNX file of a model written by ``local_dir``, beside it."""
    target = model / "model.onnx"
    if not target.exists():
        detector = TimmDetector(model=f"local-dir:{model}")
        detector.load()
        export(detector, target, pictures=drawn_pictures())
    return target
