"""What one explanation takes with Marqo's architecture on ONNX Runtime: seconds, and against the
bare detector on as many pictures.

    python -m benchmarks explaining
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.architecture import exported, local_dir
from benchmarks.pictures import camera_jpegs

PICTURES = 3
"""Camera JPEGs of 12 megapixels."""


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django_nsfw.detectors.onnx import OnnxDetector
    from django_nsfw.explaining import explain
    from django_nsfw.images import open_picture
    from django_nsfw.limits import Limits
    from django_nsfw.scores import CropScores, Ground, Scores

    limits = Limits(max_bytes=50_000_000, timeout=600)
    worst = CropScores(
        frame=0, tile=0, ground=Ground.OPAQUE, scores=Scores(labels={"NSFW": 0.5}, nsfw=0.5)
    )
    with tempfile.TemporaryDirectory() as folder:
        detector = OnnxDetector(path=str(exported(local_dir(Path(folder)))))
        detector.load()
    seconds, ratios, inferences = [], [], []
    for path in camera_jpegs((12,))[:PICTURES]:
        body = path.read_bytes()
        picture = open_picture(io.BytesIO(body), limits)
        crop = next(picture.crops(input_side=detector.input_side)).image
        found = explain(picture, worst, detector, limits)  # not timed: the first one
        taken = _timed(lambda picture=picture: explain(picture, worst, detector, limits))  # type: ignore[misc]
        bare = _timed(lambda crop=crop, n=found.inferences: detector.predict([crop] * n))  # type: ignore[misc]
        seconds.append(taken)
        ratios.append(taken / bare)
        inferences.append(found.inferences)
    print(
        f"an explanation with ViT-Ti/16 at 384 pixels: median {statistics.median(seconds):.1f} s "
        f"for {min(inferences)} to {max(inferences)} inferences, "
        f"{statistics.median(ratios):.2f} of the bare detector's time for as many"
    )


def _timed(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start
