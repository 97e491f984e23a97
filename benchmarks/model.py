"""The model alone: ONNX Runtime and torch eager against this machine's matrix-multiply peak."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.architecture import exported, local_dir

GFLOP = 9.4
"""Of one image of 384 × 384 pixels through ViT-Ti/16: multiply-adds counted twice."""
ROUNDS = 15
SIDE = 1536


def main(arguments: Sequence[str]) -> None:
    import timm

    from django_nsfw.detectors.base import available_cpus
    from django_nsfw.detectors.onnx import OnnxDetector

    torch.set_num_threads(available_cpus())
    with tempfile.TemporaryDirectory() as folder:
        path = local_dir(Path(folder))
        model = timm.create_model(f"local-dir:{path}", pretrained=True).eval()
        detector = OnnxDetector(path=str(exported(path)))
        detector.load()
    pixels = torch.rand(1, 3, 384, 384)
    session, batch = detector._session, pixels.numpy()  # without decoding and resizing
    left, right = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)

    def eager() -> None:
        with torch.inference_mode():
            model(pixels)

    ways: dict[str, Callable[[], object]] = {
        "matmul": lambda: torch.mm(left, right),
        "torch eager": eager,
        "ONNX Runtime": lambda: session(batch),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):  # in turn, so that a slow moment hits all; the first round warms
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values[1:]) for name, values in times.items()}
    peak = 2 * SIDE**3 / 1e9 / median["matmul"]
    print(f"matrix-multiply peak: {peak:.0f} GFLOP/s in float32 on {available_cpus()} processors")
    for name in ("torch eager", "ONNX Runtime"):
        share = GFLOP / median[name] / peak
        print(f"{name:13} {median[name] * 1000:6.1f} ms an image, {share:.2f} of the peak")
    print(f"ONNX Runtime takes {median['ONNX Runtime'] / median['torch eager']:.2f} of torch eager")
