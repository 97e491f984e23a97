"""TransformersDetector against transformers' own pipeline, on ViT-B/16 of 224 pixels."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers import ViTConfig, ViTForImageClassification, pipeline

from django_nsfw.detectors.base import available_cpus
from django_nsfw.detectors.samples import drawn_pictures
from django_nsfw.detectors.transformers import TransformersDetector

BATCH = 4
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "size": {"height": 224, "width": 224},
}
"""Of Falconsai/nsfw_image_detection."""
ROUNDS = 3
SEED = 20


def main(arguments: Sequence[str]) -> None:
    torch.set_num_threads(available_cpus())
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        detector = TransformersDetector(model=f"local-dir:{folder}", batch_size=BATCH)
        detector.load()
        classify = pipeline("image-classification", model=folder)
    pictures = drawn_pictures()[::2]
    ways: dict[str, Callable[[], object]] = {
        "pipeline, one by one": lambda: [classify(picture) for picture in pictures],
        f"pipeline, batches of {BATCH}": lambda: classify(pictures, batch_size=BATCH),
        "detector, one by one": lambda: [detector.predict([picture]) for picture in pictures],
        f"detector, batches of {BATCH}": lambda: detector.predict(pictures),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):  # in turn, so that a slow moment hits all; the first round warms
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - start) / len(pictures))
    median = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, seconds in median.items():
        print(f"{name:24} {seconds * 1000:6.1f} ms an image")
    for how in ("one by one", f"batches of {BATCH}"):
        ratio = median[f"detector, {how}"] / median[f"pipeline, {how}"]
        print(f"{how}: the detector takes {ratio:.2f} of the pipeline")
    difference = max(
        abs(scores.labels[one["label"]] - one["score"])
        for scores, said in zip(detector.predict(pictures), classify(pictures), strict=True)
        for one in said
    )
    print(f"largest difference of a score: {difference:.1e}")


def _write(folder: Path) -> None:
    torch.manual_seed(SEED)
    labels = {0: "normal", 1: "nsfw"}
    model = ViTForImageClassification(
        ViTConfig(id2label=labels, label2id={label: place for place, label in labels.items()})
    )
    with torch.no_grad():
        model.classifier.weight.normal_(0, 0.2)  # its own would score all nearly alike
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
