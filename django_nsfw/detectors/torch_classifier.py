"""What classifiers on torch share: options, files of the hub, batches, scores."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import torch
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from PIL.Image import Image

from ..exceptions import DetectorUnavailable
from ..scores import Scores
from . import hub, options, outputs
from .base import Detector, Identity, available_cpus
from .preprocessing import Preprocessing

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Built:
    """A model as its framework built it, on the processor."""

    module: torch.nn.Module
    labels: tuple[str, ...]
    """As the model names its classes, in order; empty where it does not."""
    classes: int
    side: int
    """Pixels of the shorter side of what the model sees."""
    preprocessing: str
    """As the identity has it."""
    independent: bool = False
    """Whether the classes do not exclude each other: each is a sigmoid, and no softmax."""


class TorchClassifier(Detector):
    """``model``: ``hf_hub:owner/name[@revision]`` or ``local-dir:/path``.

    ``revision``: of the hub, instead of ``@``. ``sha256``: of ``model.safetensors``, checked
    before it is loaded. A model of ``hub.PINS`` without a revision gets both from there.
    ``labels``: the classes in order, where the model does not say. ``nsfw_labels``: those that
    count; the well-known ones of ``outputs.WELL_KNOWN`` unless given. ``device``: "cpu", "auto"
    (a GPU where there is one) or a device of torch. ``precision``: "fp32", "bf16", "fp16".
    ``threads``: set for the whole process, as torch has it; left alone unless given or more than
    the process may use. ``batch_size``: images in one forward pass. ``cache_dir``: where files
    of the hub are kept, the hub's own cache unless given. ``timeout``: seconds in which the hub
    must answer; ``download_timeout``: seconds in which a file of it must have arrived.

    A subclass says how its framework builds a model from a folder and brings a picture to it.
    """

    layout: ClassVar[hub.Layout]

    def __init__(
        self,
        *,
        model: str,
        revision: str | None = None,
        sha256: str | None = None,
        nsfw_labels: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        device: str = "cpu",
        precision: str = "fp32",
        threads: int | None = None,
        batch_size: int = 8,
        cache_dir: str | Path | None = None,
        timeout: float = 10,
        download_timeout: float = 300,
    ) -> None:
        self._folder, self._repo, at = _parse(model)
        if at and revision and at != revision:
            raise ImproperlyConfigured(
                f"'model' names the revision {at!r} and 'revision' {revision!r}. Give one."
            )
        self.name = self._repo or str(self._folder)
        self._revision = at or revision
        pin = None if self._revision else hub.PINS.get(self._repo)
        self._revision = pin.revision if pin else self._revision
        if self._folder is not None and self._revision:
            raise ImproperlyConfigured("'revision' is for models of the hub, not for a folder.")
        self._sha256 = options.digest(sha256) or (pin.sha256 if pin else "")
        self._pinned_labels = pin.labels if pin else ()
        self._labels = options.names("labels", labels)
        self._chosen = options.names("nsfw_labels", nsfw_labels)
        self._device = _device(device)
        self._precision = options.one_of("precision", precision, tuple(PRECISIONS))
        self._threads = None if threads is None else options.thread_count(threads)
        self.max_batch = options.positive("batch_size", batch_size)
        self._cache_dir = None if cache_dir is None else options.file_path("cache_dir", cache_dir)
        self._timeout = options.seconds("timeout", timeout)
        self._download_timeout = options.seconds("download_timeout", download_timeout)
        self.module: torch.nn.Module | None = None
        self.independent = False
        self.snapshot: hub.Snapshot | None = None

    @abstractmethod
    def _build(self, snapshot: hub.Snapshot) -> Built:
        """The model of these verified files, and no others. May raise whatever it likes."""

    @abstractmethod
    def _pixels(self, image: Image) -> torch.Tensor:
        """An RGB picture of any size → 3 × height × width, as float32 on the processor."""

    @abstractmethod
    def _logits(self, module: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
        """n × 3 × height × width → n × classes."""

    @abstractmethod
    def preprocessing(self) -> Preprocessing:
        """What ``_pixels`` does, to be done without torch. ``ValueError`` where it cannot be."""

    def resizing_with_pillow(self) -> Self:
        """The same model, loaded once, on pictures that Pillow resizes: itself where it does."""
        return self

    def scoring(self) -> torch.nn.Module:
        """n × 3 × height × width → n × classes, as probabilities: one module to be traced."""
        return _Scoring(self, self._loaded())

    @property
    def weights_path(self) -> Path | None:
        """None before ``load()``."""
        return self.snapshot.weights if self.snapshot else None

    @property
    def model_name(self) -> str:
        """As the identity has it: the repository, or the name of a folder of one's own."""
        return self._repo or (self._folder.name if self._folder else "")

    @property
    def precision(self) -> str:
        return self._precision

    @property
    def device(self) -> str:
        return str(self._device)

    def load(self) -> None:
        snapshot = self._snapshot()
        built, module = self._on_device(snapshot)
        self.labels = self._labels_of(built)
        self.nsfw_labels = outputs.nsfw_labels_of(self.name, self.labels, self._chosen)
        self.input_side = built.side
        self.independent = built.independent or built.classes == 1
        self.identity = str(
            Identity(
                model=self.model_name,
                revision=snapshot.commit,
                weights=snapshot.sha256,
                engine=f"torch-{self._device.type}",
                precision=self._precision,
                preprocessing=built.preprocessing,
                counting=outputs.counting(self.labels, self.nsfw_labels),
            )
        )
        self.snapshot = snapshot
        self._set_threads()
        self.module = module

    def predict(self, images: Sequence[Image]) -> list[Scores]:
        module = self._loaded()
        scores: list[Scores] = []
        for start in range(0, len(images), self.max_batch):
            batch = [
                self._pixels(image if image.mode == "RGB" else image.convert("RGB"))
                for image in images[start : start + self.max_batch]
            ]
            rows = self._probabilities(module, torch.stack(batch))
            scores += outputs.scores_of(self.name, self.labels, self.nsfw_labels, rows)
        return scores

    def check(self) -> list[CheckMessage]:
        prepare = f"Fetch it with: {hub.PREPARE}"
        if self._folder is not None:
            problem = hub.missing_from(self._folder, self.layout)
            hint = f"Point the option 'model' at a folder with {', '.join(self.layout.files)}."
            return [Error(problem, hint=hint, id="django_nsfw.E020")] if problem else []
        messages: list[CheckMessage] = []
        if not self._revision:
            messages.append(
                Warning(
                    f"Model {self._repo} is configured without a revision: its scores may change "
                    "from one start to the next.",
                    hint="Name a commit in the option 'revision' and its digest in 'sha256'.",
                    id="django_nsfw.W022",
                )
            )
        revision = self._revision or "main"
        if not hub.is_cached(
            self._repo, revision=revision, cache_dir=self._cache_dir, layout=self.layout
        ):
            messages.append(
                Warning(
                    f"Model {self._repo} is not in the local cache: the first upload would wait "
                    "for its download.",
                    hint=prepare,
                    id="django_nsfw.W021",
                )
            )
        return messages

    def _loaded(self) -> torch.nn.Module:
        if self.module is None:
            raise DetectorUnavailable(f"{self.name} was not loaded before its first use.")
        return self.module

    def _snapshot(self) -> hub.Snapshot:
        if self._folder is not None:
            return hub.local(self._folder, sha256=self._sha256, layout=self.layout)
        return hub.fetch(
            self._repo,
            revision=self._revision,
            sha256=self._sha256,
            cache_dir=self._cache_dir,
            timeout=self._timeout,
            download_timeout=self._download_timeout,
            layout=self.layout,
        )

    def _on_device(self, snapshot: hub.Snapshot) -> tuple[Built, torch.nn.Module]:
        try:
            built = self._build(snapshot)
            dtype = PRECISIONS[self._precision]
            return built, built.module.eval().requires_grad_(False).to(self._device, dtype)
        except ImproperlyConfigured:
            raise
        except Exception as error:  # safetensors, json, torch and frameworks each raise their own.
            raise DetectorUnavailable(
                f"Model {self.name} cannot be loaded from {snapshot.folder}: "
                f"{type(error).__name__}: {error}. {snapshot.remedy}"
            ) from error

    def _labels_of(self, built: Built) -> tuple[str, ...]:
        if self._pinned_labels and built.labels != self._pinned_labels:
            raise DetectorUnavailable(
                f"Model {self.name} has the labels {', '.join(built.labels) or 'none'} where "
                f"{', '.join(self._pinned_labels)} were pinned. Delete "
                f"its folder in the cache and run: {hub.PREPARE}"
            )
        labels = self._labels or built.labels
        if not labels:
            raise ImproperlyConfigured(
                f"Model {self.name} does not name its {built.classes} classes. Name them, in its "
                "order, in the option 'labels'."
            )
        if len(labels) != built.classes:
            raise ImproperlyConfigured(
                f"'labels' has {len(labels)} names ({', '.join(labels)}) for the {built.classes} "
                f"classes of {self.name}."
            )
        return labels

    def _probabilities(self, module: torch.nn.Module, batch: torch.Tensor) -> list[list[float]]:
        try:
            with torch.inference_mode():
                pixels = batch.to(self._device, PRECISIONS[self._precision])
                logits = self._logits(module, pixels)
                rows: list[list[float]] = probabilities(logits, self.independent).tolist()
        except RuntimeError as error:
            raise DetectorUnavailable(
                f"Model {self.name} cannot answer on {self._device}: {error}. "
                "Use another 'device' or a smaller 'batch_size'."
            ) from error
        return rows

    def _set_threads(self) -> None:
        """torch counts the processors of the machine; a container may use fewer."""
        allowed = self._threads or available_cpus()
        if self._threads or torch.get_num_threads() > allowed:
            torch.set_num_threads(allowed)


class _Scoring(torch.nn.Module):
    def __init__(self, detector: TorchClassifier, module: torch.nn.Module) -> None:
        super().__init__()
        self._detector, self.module = detector, module

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits = self._detector._logits(self.module, pixels)
        return probabilities(logits, self._detector.independent)


def probabilities(logits: torch.Tensor, independent: bool = False) -> torch.Tensor:
    """n × classes → the same, each in [0, 1], as float32: softmax, or sigmoid for one class and
    for classes that are ``independent``."""
    logits = logits.float()
    alone = independent or logits.shape[-1] == 1
    return logits.sigmoid() if alone else logits.softmax(dim=-1)


def _parse(model: str) -> tuple[Path | None, str, str]:
    """Folder or None, repository or "", revision or ""."""
    source, _, rest = model.partition(":") if isinstance(model, str) else ("", "", "")
    if source == "local-dir" and rest:
        return Path(rest), "", ""
    repo, _, revision = rest.partition("@")
    owner, slash, name = repo.partition("/")
    if source in ("hf_hub", "hf-hub") and owner and slash and name and "/" not in name:
        return None, repo, revision
    raise ImproperlyConfigured(
        f"'model' is {model!r}. It must be 'hf_hub:owner/name', 'hf_hub:owner/name@revision' or "
        "'local-dir:/path'."
    )


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ImproperlyConfigured(
            f"'device' is {device!r}. It must be 'cpu', 'auto' or a device of torch."
        ) from error
