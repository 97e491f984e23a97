"""Any image classifier of timm, on torch."""

from collections.abc import Mapping
from typing import Any

import timm
import torch
from PIL.Image import Image
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform

from . import hub
from .preprocessing import Preprocessing, summary
from .torch_classifier import Built, TorchClassifier


class TimmDetector(TorchClassifier):
    """A model that timm can build. For the options see :class:`TorchClassifier`.

    Several classes are read as a softmax, a single one as a sigmoid: the probability of its
    label.
    """

    layout = hub.TIMM
    data_config: Mapping[str, Any] = {}

    def _build(self, snapshot: hub.Snapshot) -> Built:
        module = timm.create_model(f"local-dir:{snapshot.folder}", pretrained=True)
        if module.num_classes != module.pretrained_cfg["num_classes"]:  # type: ignore[index]
            # timm goes on without the head of the weights, with random numbers in its place.
            raise ValueError(
                f"{hub.CONFIG} has {module.num_classes} classes in one place and "
                f"{module.pretrained_cfg['num_classes']} in another"  # type: ignore[index]
            )
        self.data_config = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
        self._transform = create_transform(**self.data_config, is_training=False)
        return Built(
            module=module,
            labels=tuple(module.pretrained_cfg.get("label_names") or ()),  # type: ignore[operator, union-attr]
            classes=int(module.num_classes),  # type: ignore[arg-type]
            side=min(self.data_config["input_size"][1:]),
            preprocessing=summary(self.data_config),
        )

    def preprocessing(self) -> Preprocessing:
        return Preprocessing.from_data_config(self.data_config)

    def _pixels(self, image: Image) -> torch.Tensor:
        pixels: torch.Tensor = self._transform(image)
        return pixels

    def _logits(self, module: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = module(batch)
        return logits
