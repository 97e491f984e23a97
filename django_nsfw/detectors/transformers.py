"""Any image classifier of transformers, on torch."""

import copy
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch
from django.core.exceptions import ImproperlyConfigured
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification
from transformers.utils import logging as transformers_logging

from . import hub
from .preprocessing import Preprocessing, versioned
from .samples import drawn_pictures, noise
from .torch_classifier import Built, TorchClassifier

PROBES = ((640, 480), (300, 900))
"""Sizes of pictures that must all come to the model in one size."""

LOCAL: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}

NOT_NUMBERS = frozenset({"image_processor_type", "processor_class", "disable_grouping"})
"""Attributes of an image processor that change nothing in what it returns."""


class TransformersDetector(TorchClassifier):
    """A model that transformers knows as an image classifier, with its image processor.

    For the options see :class:`TorchClassifier`. The image processor is the one that transformers'
    own pipeline picks: with torchvision or with Pillow, as release and installation have it. The
    identity says which. Code that comes with a model is never run.

    Several classes are read as a softmax; a single one, and classes that the model says do not
    exclude each other, as a sigmoid each.
    """

    layout = hub.TRANSFORMERS

    def _build(self, snapshot: hub.Snapshot) -> Built:
        with _alone(snapshot) as folder, _without_progress_bars():
            module, found = self._from_pretrained(folder)
        if missing := sorted(found["missing_keys"]):
            # transformers would go on with random numbers in their place.
            raise ValueError(f"{hub.WEIGHTS} lacks {len(missing)} tensors, such as {missing[0]}")
        config = module.config
        if config.problem_type == "regression":
            raise ImproperlyConfigured(
                f"Model {self.name} gives quantities, and no probabilities of classes (its "
                "problem_type is 'regression')."
            )
        side = self._side()
        return Built(
            module=module,
            labels=_labels(config),
            classes=config.num_labels,
            side=side,
            preprocessing=versioned(_summary(self._processor, side)),
            independent=config.problem_type == "multi_label_classification",
        )

    def preprocessing(self) -> Preprocessing:
        pillow = self.resizing_with_pillow()
        name = type(pillow._processor).__name__
        try:
            found = Preprocessing.from_image_processor(pillow._processor.to_dict())
        except (KeyError, TypeError) as error:
            raise ValueError(f"{name} does not say how: {error!r}") from error
        # Of these the middle lies at and between pixels, even and odd ones.
        cut = [noise(found.edge + more, found.edge) for more in range(4)]
        for picture in [*drawn_pictures(), *cut]:
            ours, theirs = torch.from_numpy(found(picture)), pillow._pixels(picture)
            if ours.shape != theirs.shape or not torch.allclose(ours, theirs, atol=1e-5):
                raise ValueError(f"{name} does more than resize, cut and normalize")
        return found

    def resizing_with_pillow(self) -> Self:
        if self.snapshot is None or _library(self._processor) == "pil":
            return self
        # Before release 5 it was told otherwise.
        told = {"backend": "pil"} if hasattr(self._processor, "backend") else {"use_fast": False}
        other = copy.copy(self)
        with _alone(self.snapshot) as folder:
            other._processor = AutoImageProcessor.from_pretrained(folder, **LOCAL, **told)
        return other

    def _from_pretrained(self, folder: str) -> tuple[Any, Mapping[str, Any]]:
        """The model and what is to be said of its weights."""
        try:
            self._processor = AutoImageProcessor.from_pretrained(folder, **LOCAL)
            module, found = AutoModelForImageClassification.from_pretrained(
                folder, **LOCAL, use_safetensors=True, output_loading_info=True
            )
        except ValueError as error:
            if "trust_remote_code" in str(error):
                raise ImproperlyConfigured(
                    f"Model {self.name} comes with code of its own, which is never run. Name one "
                    "of an architecture that transformers knows."
                ) from error
            raise
        return module, found

    def _pixels(self, image: Image.Image) -> torch.Tensor:
        # One at a time, as the pipeline. Few rows of pixels could be taken for channels.
        found = self._processor(
            images=[image], return_tensors="pt", input_data_format="channels_last"
        )
        pixels: torch.Tensor = found["pixel_values"][0]
        return pixels

    def _logits(self, module: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = module(pixel_values=batch, return_dict=True).logits
        return logits

    def _side(self) -> int:
        """Asked of the processor: its settings say it in many ways."""
        one, other = (tuple(self._pixels(Image.new("RGB", size)).shape) for size in PROBES)
        if one != other or len(one) != 3:
            raise ImproperlyConfigured(
                f"The image processor of {self.name} makes {one} of one picture and {other} of "
                "another. It must bring all to one size, as channels, height and width."
            )
        return int(min(one[1:]))


@contextmanager
def _alone(snapshot: hub.Snapshot) -> Iterator[str]:
    """A folder with the files of ``snapshot`` alone.

    transformers would follow others that lie there to weights that nobody verified (adapters,
    shards), or prefer them (``processor_config.json``).
    """
    with tempfile.TemporaryDirectory(prefix="nsfw-model-") as folder:
        for name in snapshot.layout.files:
            source, target = (snapshot.folder / name).resolve(), Path(folder) / name
            try:
                target.symlink_to(source)
            except OSError:  # Windows asks for a privilege.
                shutil.copyfile(source, target)
        yield folder


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """A log of a server is no terminal."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _labels(config: Any) -> tuple[str, ...]:
    """In the order of the outputs. Names that transformers made up itself are none."""
    labels = tuple(str(config.id2label.get(place, "")) for place in range(config.num_labels))
    made_up = tuple(f"LABEL_{place}" for place in range(config.num_labels))
    return () if labels == made_up or not all(labels) else labels


def _summary(processor: Any, side: int) -> str:
    """Size, filter and library of the resizing, and a digest of everything the processor knows."""
    values = {
        key: value
        for key, value in processor.to_dict().items()
        if value is not None and key not in NOT_NUMBERS and not key.startswith("_")
    }
    name = type(processor).__name__
    told = json.dumps([name, values], sort_keys=True, default=str)
    resampling = values.get("resample")
    if isinstance(resampling, int):
        resampling = Image.Resampling(resampling).name.lower()
    digest = hashlib.sha256(told.encode()).hexdigest()[:8]
    return f"{side}-{resampling}-{_library(processor)}-{digest}"


def _library(processor: Any) -> str:
    """Before release 5 the class says it."""
    fast = type(processor).__name__.endswith("Fast")
    return getattr(processor, "backend", "") or ("torchvision" if fast else "pil")
