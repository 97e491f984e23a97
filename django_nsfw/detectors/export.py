"""Writing a loaded timm model to one self-describing ``.onnx`` file.

The file is compared with the original, pictures in and scores out, before it gets its name.
"""

import dataclasses
import tempfile
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from onnxruntime.transformers.float16 import convert_float_to_float16
from PIL.Image import Image

from ..exceptions import DetectorUnavailable, NSFWError
from ..scores import Scores
from .digests import sha256_of
from .fused_attention import DOMAIN, fused_attention
from .fused_attention import OPSET as DOMAIN_OPSET
from .metadata import Metadata
from .onnx import OnnxDetector
from .preprocessing import Preprocessing
from .timm import TimmDetector
from .torch_classifier import probabilities

TOLERANCE = 1e-4
"""Largest difference of any score at full precision, on a scale from 0 to 1."""

PRECISIONS = ("fp32", "fp16", "int8")
"""Of the weights in the file: as they are, as half floats, or as integers of 8 bits."""

OPSET = 20
"""The first with Gelu as one operator; the attention of 23 is slower by a quarter."""


class ExportRefused(NSFWError):
    """No file was written; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    path: Path
    size: int
    """Bytes."""
    sha256: str
    pictures: int
    difference: float
    """Largest difference of any score of any picture from the original's."""
    thresholds: tuple[float, ...]
    """At none of them does a picture change sides."""
    metadata: Metadata


def export(
    detector: TimmDetector,
    path: Path,
    *,
    pictures: Sequence[Image],
    thresholds: Collection[float] = (),
    precision: str = "fp32",
    tolerance: float = TOLERANCE,
    replace: bool = False,
) -> Exported:
    """Write ``detector``, which is loaded, to ``path``.

    Raises ``ExportRefused`` where a score of ``pictures`` lies on the other side of one of
    ``thresholds`` than the original's, or at full ``precision`` differs from it by more than
    ``tolerance``.
    """
    if precision not in PRECISIONS:
        raise ExportRefused(f"There is no precision {precision!r}, only {', '.join(PRECISIONS)}.")
    if precision != "fp32" and not thresholds:
        raise ExportRefused(
            f"Nothing says whether {precision} is good enough: no policy has a threshold for "
            f"{detector.name}. Give NSFW_POLICY, or a field, a 'review' or 'reject'."
        )
    module, metadata = _source(detector)
    metadata = dataclasses.replace(metadata, precision=precision)
    if not pictures:
        raise ExportRefused("There is no picture to compare the file with the original on.")
    if path.exists() and not replace:
        raise ExportRefused(f"{path} exists. Name another file, or have it replaced.")
    if not path.parent.is_dir():
        raise ExportRefused(f"There is no folder {path.parent}.")
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        _write(module, metadata, detector.input_side, draft)
        _label(_lowered(draft, precision), metadata, draft)
        expected, found = _scored(detector, draft, pictures)
        difference = max(_largest(expected, each) for each in found)
        if precision == "fp32" and not difference <= tolerance:
            raise ExportRefused(
                f"No file was written: the scores of the exported model differ from the "
                f"original's by up to {difference:.1e}, more than {tolerance:.0e}. "
                "Try other releases of torch and onnxruntime."
            )
        for threshold in sorted(thresholds):
            changed = max(_changed(expected, each, threshold) for each in found)
            if changed:
                raise ExportRefused(
                    f"No file was written: at the threshold {threshold:g} the verdict on {changed} "
                    f"of {len(pictures)} pictures would be another one at {precision}. Scores "
                    f"differ by up to {difference:.1e}: take a higher precision, or a threshold "
                    "that no picture is so close to."
                )
        exported = Exported(
            path=path,
            size=draft.stat().st_size,
            sha256=sha256_of(draft),
            pictures=len(pictures),
            difference=difference,
            thresholds=tuple(sorted(thresholds)),
            metadata=metadata,
        )
        draft.replace(path)
    return exported


class _WithProbabilities(torch.nn.Module):
    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return probabilities(self.module(pixels))


def _source(detector: TimmDetector) -> tuple[torch.nn.Module, Metadata]:
    if detector.module is None or detector.snapshot is None:
        raise ExportRefused(f"{detector.name} is not loaded.")
    if detector.precision != "fp32" or detector.device != "cpu":
        raise ExportRefused(
            f"{detector.name} is loaded as {detector.precision} on {detector.device}. "
            "Export it from an alias with fp32 on the processor."
        )
    try:
        preprocessing = Preprocessing.from_data_config(detector.data_config)
    except ValueError as error:
        raise ExportRefused(
            f"{detector.name} cannot be exported: its preprocessing needs torch ({error})."
        ) from error
    metadata = Metadata(
        model=detector.model_name,
        revision=detector.snapshot.commit,
        weights=detector.snapshot.sha256,
        precision=detector.precision,
        labels=detector.labels,
        nsfw_labels=tuple(sorted(detector.nsfw_labels)),
        preprocessing=preprocessing,
    )
    return detector.module, metadata


def _write(module: torch.nn.Module, metadata: Metadata, side: int, path: Path) -> None:
    """With torch's exporter by tracing: its graphs ran as fast or faster than the other's, in two
    thirds of the memory for a batch. A trace may be wrong for other inputs than its own, and that
    is what the comparison of scores is for."""
    example = torch.zeros(2, 3, side, side)
    try:
        with warnings.catch_warnings(), fused_attention():
            # That torch prefers its other exporter, and what a trace cannot follow.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            torch.onnx.export(
                _WithProbabilities(module).eval(),
                (example,),
                path,
                dynamo=False,
                opset_version=OPSET,
                custom_opsets={DOMAIN: DOMAIN_OPSET},
                input_names=["pixels"],
                output_names=["probabilities"],
                dynamic_axes={"pixels": {0: "batch"}, "probabilities": {0: "batch"}},
            )
    except Exception as error:  # The exporter raises what the model's own code raises.
        raise ExportRefused(
            f"{metadata.model} cannot be exported: {type(error).__name__}: {error}"
        ) from error


def _lowered(path: Path, precision: str) -> onnx.ModelProto:
    """The model at ``path`` with weights of ``precision``; what goes in and out is float32.

    The converters are onnxruntime's own: half floats, or dynamic quantization, one scale for each
    matrix of weights.
    """
    if precision == "int8":
        quantize_dynamic(
            _announced(path),
            path,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of fused attention
        )
    model = onnx.load(path)
    if precision == "fp16":
        model = convert_float_to_float16(model, keep_io_types=True)
    if precision != "fp32":  # what fused attention gives has no type there, which none would load
        del model.graph.value_info[:]
    return model


def _announced(path: Path) -> onnx.ModelProto:
    """The model, as one that needs none of the passes that quantization asks for in the log."""
    model = onnx.load(path)
    add_pre_process_metadata(model)
    return model


def _label(model: onnx.ModelProto, metadata: Metadata, path: Path) -> None:
    onnx.helper.set_model_props(model, metadata.to_props())
    onnx.save(model, path)


def _scored(
    detector: TimmDetector, path: Path, pictures: Sequence[Image]
) -> tuple[Sequence[Scores], tuple[Sequence[Scores], ...]]:
    """By the original, and by the file: one picture at a time, and in batches."""
    expected = detector.predict(pictures)
    exported = OnnxDetector(path=path, nsfw_labels=sorted(detector.nsfw_labels))
    try:
        exported.load()
        single = [scores for picture in pictures for scores in exported.predict([picture])]
        return expected, (single, exported.predict(pictures))
    except DetectorUnavailable as error:
        raise ExportRefused(f"No file was written: {error}") from error


def _largest(left: Sequence[Scores], right: Sequence[Scores]) -> float:
    return max(
        abs(probability - other.labels[label])
        for one, other in zip(left, right, strict=True)
        for label, probability in one.labels.items()
    )


def _changed(left: Sequence[Scores], right: Sequence[Scores], threshold: float) -> int:
    sides = (
        (one.nsfw >= threshold, other.nsfw >= threshold)
        for one, other in zip(left, right, strict=True)
    )
    return sum(before != after for before, after in sides)
