"""On a CUDA device: evaluation and training, against the loops of timm's own scripts.

Evaluation against that of ``validate.py``, training against that of ``train.py``, on the same files
and with the same model, in bf16. Where there is no such device it says so.

    python -m benchmarks.cuda [PICTURES]
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.training import ARCHITECTURE, BATCH, PICTURES, PRECISION, SIDE, SIZE


def main(arguments: Sequence[str]) -> None:
    import torch

    if not torch.cuda.is_available():
        print(f"left out: torch {torch.__version__} finds no CUDA device here", flush=True)
        return
    number = int(arguments[0]) if arguments else PICTURES["cuda"]
    compare(torch.device("cuda"), number, ARCHITECTURE, SIDE, batch=BATCH["cuda"])


def compare(device: Any, number: int, architecture: str, side: int, *, batch: int) -> None:
    """Any device will do, so that this can be tried without a GPU."""
    from benchmarks import training

    with tempfile.TemporaryDirectory() as folder:
        paths = training.drawn(Path(folder), number)
        _evaluation(device, paths, architecture, side, batch)
        training.compare(device, paths, architecture, side, batch=batch)


def _evaluation(
    device: Any, paths: Sequence[Path], architecture: str, side: int, batch: int
) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.test import override_settings

    from benchmarks.evaluation import evaluate
    from benchmarks.training import in_turn
    from django_nsfw.detectors import detectors
    from django_nsfw.memo import memo

    def ours() -> None:
        memo.clear()  # the same bytes again would cost no inference
        evaluate(paths, "default")

    model, config, folder = _saved(paths[0].parent / "model", architecture, side)
    detector = {
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {
            "model": f"local-dir:{folder}",
            "device": str(device),
            "precision": PRECISION[device.type],
            "batch_size": batch,
        },
    }
    with override_settings(NSFW_DETECTORS={"default": detector}):
        detectors.reset()
        ways = {
            "validate": lambda: _validate(device, model, config, paths, batch),
            "ours": ours,
        }
        rates, ratio = in_turn(ways, len(paths))
    detectors.reset()
    print(
        f"evaluation, {device.type}, {len(paths):,} files of {SIZE} × {SIZE}, {architecture} at "
        f"{side} pixels, batches of {batch}, {PRECISION[device.type]}: timm's validate loop "
        f"{rates['validate']:,.1f} pictures a second, ours {rates['ours']:,.1f}, ratio {ratio:.2f}",
        flush=True,
    )


def _saved(folder: Path, architecture: str, side: int) -> tuple[Any, Any, Path]:
    """A model with random weights, how pictures are brought to it, and its folder."""
    from timm.models import save_for_hf

    from django_nsfw.training import LABELS, starting
    from django_nsfw.training.recipe import Recipe

    recipe = Recipe(img_size=side, drop_path=0.0)
    model, config = starting.build(starting.find(architecture, scratch=True), recipe)
    save_for_hf(model, folder, model_config={"label_names": list(LABELS)}, safe_serialization=True)
    return model, config, folder


def _validate(device: Any, model: Any, config: Any, paths: Sequence[Path], batch: int) -> None:
    import torch
    from timm.data import create_loader
    from timm.utils import accuracy

    from benchmarks.training import Files
    from django_nsfw.training.settings import Machine

    loader = create_loader(
        Files(paths), config["input_size"], batch, interpolation=config["interpolation"],
        mean=config["mean"], std=config["std"], crop_pct=config["crop_pct"],
        crop_mode=config["crop_mode"], num_workers=Machine().readers(device), device=device,
        pin_memory=device.type == "cuda", persistent_workers=False,
    )  # fmt: skip
    loss_of = torch.nn.CrossEntropyLoss().to(device)
    half = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
    model.to(device).eval()
    with torch.inference_mode():
        for pictures, targets in loader:
            with half:
                answers = model(pictures)
                loss = loss_of(answers, targets)
            loss.item()
            accuracy(answers.detach(), targets, topk=(1,))[0].item()


if __name__ == "__main__":
    main(sys.argv[1:])
