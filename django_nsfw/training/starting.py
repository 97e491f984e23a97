"""The model that training starts from: of the hub, a folder, or an architecture with no weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.data.config import resolve_model_data_config

from ..detectors import hub
from ..exceptions import DetectorUnavailable, TrainingRefused
from . import LABELS
from .batches import DataConfig, seed_all
from .recipe import Recipe

DEFAULT = "hf_hub:timm/vit_tiny_patch16_384.augreg_in21k_ft_in1k"
"""What ``Marqo/nsfw-image-detection-384`` was fine-tuned from."""

TIMEOUT, DOWNLOAD_TIMEOUT = 30.0, 1800.0
"""Seconds for an answer of the hub, and for a file of it."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """``name`` is what the model card says the model was trained from. ``folder`` is None for
    random weights of ``architecture``."""

    name: str
    architecture: str
    folder: Path | None


def find(start: str, *, scratch: bool) -> Start:
    """``start``: ``hf_hub:owner/name[@revision]``, ``local-dir:/path``, or with ``scratch`` the
    name of an architecture of timm. Raises ``TrainingRefused``."""
    if scratch:
        if not timm.is_model(start):
            raise TrainingRefused(
                f"timm has no architecture {start!r}. Its names: timm.list_models()."
            )
        return Start(name=f"random weights of {start}", architecture=start, folder=None)
    source, _, rest = start.partition(":")
    try:
        if source == "local-dir" and rest:
            snapshot = hub.local(Path(rest), sha256="")
            name = f"{Path(rest).resolve().name} (SHA-256 {snapshot.sha256})"
        elif source in ("hf_hub", "hf-hub") and rest.count("/") == 1:
            repo, _, revision = rest.partition("@")
            pin = None if revision else hub.PINS.get(repo)
            snapshot = hub.fetch(
                repo,
                revision=revision or (pin.revision if pin else None),
                sha256=pin.sha256 if pin else "",
                cache_dir=None,
                timeout=TIMEOUT,
                download_timeout=DOWNLOAD_TIMEOUT,
            )
            name = f"{repo}@{snapshot.commit} (SHA-256 {snapshot.sha256})"
        else:
            raise TrainingRefused(
                f"The start is {start!r}. It must be 'hf_hub:owner/name', "
                "'hf_hub:owner/name@revision' or 'local-dir:/path'; for random weights give "
                "--scratch and an architecture."
            )
        config = json.loads((snapshot.folder / hub.CONFIG).read_text())
        return Start(name=name, architecture=config["architecture"], folder=snapshot.folder)
    except DetectorUnavailable as error:
        # nsfw_prepare fetches what the settings name; this is fetched here.
        said = str(error).replace(f"run: {hub.PREPARE}", "run this command again.")
        raise TrainingRefused(said.replace("the option 'model'", "the start")) from error
    except (ValueError, KeyError) as error:
        raise TrainingRefused(
            f"The start {start} has no configuration of timm in {hub.CONFIG}."
        ) from error


def build(start: Start, recipe: Recipe) -> tuple[torch.nn.Module, DataConfig]:
    """The model with a head for ``LABELS``, and how pictures are brought to it.

    Random weights are those of the recipe's seed. Raises ``TrainingRefused``.
    """
    seed_all("weights", recipe.seed)
    arguments: dict[str, Any] = {"drop_rate": recipe.drop, "drop_path_rate": recipe.drop_path}
    try:
        model = _create(start, arguments, recipe.img_size)
    except Exception as error:  # safetensors, json, timm and torch each raise their own
        raise TrainingRefused(
            f"The model to start from, {start.name}, cannot be built with "
            f"{', '.join(f'{key} {value}' for key, value in arguments.items())}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if recipe.img_size is not None:
        size = (3, recipe.img_size, recipe.img_size)
        model.pretrained_cfg["input_size"] = size  # type: ignore[operator, index, assignment]
        model.pretrained_cfg.pop("test_input_size", None)  # type: ignore[operator, union-attr]
    data_config: DataConfig = resolve_model_data_config(model)  # type: ignore[no-untyped-call]
    _try(start, model, data_config)
    return model, data_config


def _try(start: Start, model: torch.nn.Module, data_config: DataConfig) -> None:
    """With a blank picture. A model may take none of that size, or none with colours."""
    height, width = data_config["input_size"][1:]
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 3, height, width))
    except Exception as error:  # each layer raises its own
        raise TrainingRefused(
            f"The model to start from, {start.name}, takes no colour pictures of "
            f"{width} × {height} pixels: {error}"
        ) from error


def _create(start: Start, arguments: dict[str, Any], img_size: int | None) -> torch.nn.Module:
    name = start.architecture if start.folder is None else f"local-dir:{start.folder}"
    options = {"pretrained": start.folder is not None, **_head(start), **arguments}
    if img_size is not None:
        try:
            sized: torch.nn.Module = timm.create_model(name, img_size=img_size, **options)
            return sized
        except TypeError as error:
            if "img_size" not in str(error):
                raise
            # It takes pictures of any size, and so has no such argument.
    model: torch.nn.Module = timm.create_model(name, **options)
    return model


def _head(start: Start) -> dict[str, Any]:
    """timm replaces a head that has another number of classes, and keeps one of two. That may
    mean something else: it is kept only where its labels are ours."""
    if start.folder is None:
        return {"num_classes": len(LABELS)}
    config = json.loads((start.folder / hub.CONFIG).read_text())
    names = config.get("label_names", config.get("pretrained_cfg", {}).get("label_names"))
    if names is not None and tuple(names) == LABELS:
        return {}
    return {"num_classes": len(LABELS), "pretrained_cfg_overlay": {"num_classes": -1}}
