"""Writing a loaded model of timm or transformers to one self-describing ``.onnx`` file.

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

from ..exceptions import DetectorUnavailable, ExportRefused
from .digests import sha256_of
from .fused_attention import fused_attention
from .metadata import Metadata
from .onnx import OnnxDetector
from .parity import TOLERANCE, Parity
from .torch_classifier import TorchClassifier

PRECISIONS = ("fp32", "fp16", "int8")
"""Of the weights in the file: as they are, as half floats, or as integers of 8 bits."""

OPSET = 20
"""The first with Gelu as one operator; the attention of 23 is slower by a quarter."""

OUTPUT = "probabilities"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    path: Path
    size: int
    """Bytes."""
    sha256: str
    parity: Parity
    metadata: Metadata


def export(
    detector: TorchClassifier,
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
    ``thresholds`` than the original's, at full ``precision`` differs from it by more than
    ``tolerance``, or at a lower one moves too far. The file resizes with Pillow; where the
    original does not, the differences of scores are those from the original with Pillow.
    """
    if precision not in PRECISIONS:
        raise ExportRefused(f"There is no precision {precision!r}, only {', '.join(PRECISIONS)}.")
    if precision != "fp32" and not thresholds:
        raise ExportRefused(
            f"Nothing says whether {precision} is good enough: no policy that names this detector "
            f"({detector.name}) has a threshold. Name its alias as 'detector' in NSFW_POLICY or "
            "for a field, and a 'review' or 'reject' there."
        )
    metadata = dataclasses.replace(_metadata(detector), precision=precision)
    if not pictures:
        raise ExportRefused("There is no picture to compare the file with the original on.")
    if path.exists() and not path.is_file():
        raise ExportRefused(f"{path} is no file. Name a file.")
    if path.exists() and not replace:
        raise ExportRefused(f"{path} exists. Name another file, or have it replaced.")
    if not path.parent.is_dir():
        raise ExportRefused(f"There is no folder {path.parent}.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            draft = Path(folder) / path.name
            _write(detector.scoring(), metadata, draft)
            _label(_lowered(draft, precision), metadata, draft)
            parity = _compared(detector, draft, pictures, thresholds)
            parity.refuse(precision, tolerance)
            exported = Exported(
                path=path,
                size=draft.stat().st_size,
                sha256=sha256_of(draft),
                parity=parity,
                metadata=metadata,
            )
            draft.replace(path)
    except OSError as error:
        raise ExportRefused(f"{path} cannot be written: {error.strerror or error}.") from error
    return exported


def _metadata(detector: TorchClassifier) -> Metadata:
    if detector.snapshot is None:
        raise ExportRefused(f"{detector.name} is not loaded.")
    if detector.precision != "fp32" or detector.device != "cpu":
        raise ExportRefused(
            f"{detector.name} is loaded as {detector.precision} on {detector.device}. "
            "Export it from an alias with fp32 on the processor."
        )
    try:
        preprocessing = detector.preprocessing()
    except ValueError as error:
        raise ExportRefused(
            f"{detector.name} cannot be exported: no file could bring pictures to it as it is "
            f"used to ({error}). Use it with torch, as it is."
        ) from error
    return Metadata(
        model=detector.model_name,
        revision=detector.snapshot.commit,
        weights=detector.snapshot.sha256,
        precision=detector.precision,
        labels=detector.labels,
        nsfw_labels=tuple(sorted(detector.nsfw_labels)),
        preprocessing=preprocessing,
    )


def _write(module: torch.nn.Module, metadata: Metadata, path: Path) -> None:
    """With torch's exporter by tracing: its graphs ran as fast or faster than the other's, in two
    thirds of the memory for a batch. A trace may be wrong for other inputs than its own, and that
    is what the comparison of scores is for."""
    side = metadata.preprocessing.side
    example = torch.zeros(2, 3, side, side)
    try:
        with warnings.catch_warnings(), fused_attention():
            # That torch prefers its other exporter, and what a trace cannot follow.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            torch.onnx.export(
                module.eval(),
                (example,),
                path,
                dynamo=False,
                opset_version=OPSET,
                input_names=["pixels"],
                output_names=[OUTPUT],
                dynamic_axes={"pixels": {0: "batch"}, OUTPUT: {0: "batch"}},
            )
    except OSError:  # of the disk, and not of the model
        raise
    except Exception as error:  # The exporter raises what the model's own code raises.
        raise ExportRefused(
            f"{metadata.model} cannot be exported: {type(error).__name__}: {error}"
        ) from error


def _lowered(path: Path, precision: str) -> onnx.ModelProto:
    """The model at ``path`` with weights of ``precision``; what goes in and out is float32.

    The converters are onnxruntime's own: half floats, or dynamic quantization of matrices, one
    scale for each channel. Convolutions in integers take twice the time and move scores far.
    """
    if precision == "int8":
        quantize_dynamic(
            _announced(path),
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
    model = onnx.load(path)
    return _halved(model) if precision == "fp16" else model


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """In half floats but for the last step, softmax or sigmoid: of a score near 1 three digits
    would be left, and of one near 0 nothing."""
    (last,) = (node.name for node in model.graph.node if OUTPUT in node.output)
    model = convert_float_to_float16(model, keep_io_types=True, node_block_list=[last])
    nodes = model.graph.node
    (step,) = (node for node in nodes if node.name == last)
    # What it gives is rounded all the same, and cast back.
    for cast in [node for node in nodes if node.input == step.output or OUTPUT in node.output]:
        nodes.remove(cast)
    step.output[0] = OUTPUT
    return model


def _announced(path: Path) -> onnx.ModelProto:
    """The model, as one that needs none of the passes that quantization asks for in the log."""
    model = onnx.load(path)
    add_pre_process_metadata(model)
    return model


def _label(model: onnx.ModelProto, metadata: Metadata, path: Path) -> None:
    onnx.helper.set_model_props(model, metadata.to_props())
    onnx.save(model, path)


def _compared(
    detector: TorchClassifier,
    path: Path,
    pictures: Sequence[Image],
    thresholds: Collection[float],
) -> Parity:
    """The file is asked one picture at a time, and in batches."""
    configured = reference = detector.predict(pictures)
    if (pillow := detector.resizing_with_pillow()) is not detector:
        reference = pillow.predict(pictures)
    exported = OnnxDetector(path=path, nsfw_labels=sorted(detector.nsfw_labels))
    try:
        exported.load()
        single = [scores for picture in pictures for scores in exported.predict([picture])]
        found = single, exported.predict(pictures)
    except DetectorUnavailable as error:
        raise ExportRefused(f"No file was written: {error}") from error
    return Parity.of(
        found=found,
        reference=reference,
        configured=configured,
        thresholds=thresholds,
        independent=detector.independent,
    )
