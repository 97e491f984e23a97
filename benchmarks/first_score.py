"""A fresh process, Django set up, to its first score: seconds and resident memory."""

import statistics
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.processes import run

SCRIPT = """
import tests.settings as settings
settings.NSFW_DETECTORS = {"default": json.loads(sys.argv[1])}
import django
django.setup()
from django_nsfw.assessment import assess
with open(sys.argv[2], "rb") as file:
    found = assess(file)
assert found.failure is None, found.failure
print(json.dumps({"s": time.perf_counter() - started, "mb": resident(), "nsfw": found.nsfw}))
"""
ROUNDS = 5


def main(arguments: Sequence[str]) -> None:
    import json

    import skimage

    picture = str(Path(skimage.__file__).parent / "data" / "chelsea.png")
    with tempfile.TemporaryDirectory() as folder:
        for name, spec in _detectors(Path(folder)):
            measured = [run(SCRIPT, json.dumps(spec), picture) for _ in range(ROUNDS)]
            seconds = statistics.median(one["s"] for one in measured)
            memory = statistics.median(one["mb"] for one in measured)
            print(
                f"{name:28} first score after {seconds:5.2f} s, {memory:4.0f} MB resident "
                f"(medians of {ROUNDS})",
                flush=True,
            )
    print("to be held on ONNX: 1.2 s, 200 MB")


def _detectors(folder: Path) -> list[tuple[str, dict[str, object]]]:
    found: list[tuple[str, dict[str, object]]] = [
        (
            "OpenNSFWDetector",
            {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector", "OPTIONS": {}},
        )
    ]
    if find_spec("torch") is None:
        print("TimmDetector and its export are left out: torch is not installed")
        return found
    from benchmarks.architecture import exported, local_dir

    model = local_dir(folder)
    found.append(
        (
            "OnnxDetector (Marqo's ViT)",
            {
                "BACKEND": "django_nsfw.detectors.onnx.OnnxDetector",
                "OPTIONS": {"path": str(exported(model))},
            },
        )
    )
    found.append(
        (
            "TimmDetector (Marqo's ViT)",
            {
                "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
                "OPTIONS": {"model": f"local-dir:{model}"},
            },
        )
    )
    return found
