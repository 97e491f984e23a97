"""Fetching a model from the Hugging Face hub, verified before anything loads it. No torch here."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import huggingface_hub
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ..exceptions import DetectorUnavailable
from .digests import sha256_of

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
PREPARE = "python manage.py nsfw_prepare"
FETCH_ANEW = f"Delete that folder and run: {PREPARE}"
"""Said of a folder in the hub's cache alone: nothing brings back one that is the site's own."""
UNDAMAGED = "Bring an undamaged copy of the model there."
RIGHT = "Bring the right file there, or correct the option 'sha256'."


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The files of a model as a framework saves it: ``settings`` and ``WEIGHTS``."""

    framework: str
    saved_with: str
    settings: tuple[str, ...] = (CONFIG,)

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.settings, WEIGHTS)


TIMM = Layout(framework="timm", saved_with="timm's save_for_hf(…, safe_serialization=True)")
TRANSFORMERS = Layout(
    framework="transformers",
    saved_with="save_pretrained(…) of the model and of its image processor",
    settings=(CONFIG, "preprocessor_config.json"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """A model as it was when somebody looked at it."""

    revision: str
    sha256: str
    labels: tuple[str, ...]


PINS = {
    "Marqo/nsfw-image-detection-384": Pin(
        revision="0c26ec22111b83f106d72a55f611ec35962bcb65",
        sha256="6bf2e0f64a1d20169736c2836e3a787b12379fdc08ba87f7d94a7a3d58eeefce",
        labels=("NSFW", "SFW"),
    ),
}
"""Applied where the settings name the model and no revision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A folder with the files of ``layout``. ``sha256`` is that of the weights, ``commit`` the one
    they belong to, empty for a folder of one's own."""

    folder: Path
    commit: str
    sha256: str
    layout: Layout = TIMM

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    @property
    def remedy(self) -> str:
        """What to do about files that are damaged."""
        return FETCH_ANEW if self.commit else UNDAMAGED


def fetch(
    repo: str,
    *,
    revision: str | None,
    sha256: str,
    cache_dir: Path | None,
    timeout: float,
    download_timeout: float,
    layout: Layout = TIMM,
) -> Snapshot:
    """The files of ``repo``, from the local cache or else from the hub.

    ``revision``: a commit, branch or tag; the main branch unless given. A commit that lies in the
    cache needs no network, a branch is looked up and taken from the cache where the hub does not
    answer within ``timeout`` seconds. Each file must have arrived after ``download_timeout``
    seconds. Raises ``DetectorUnavailable``.
    """
    source = _Source(repo, cache_dir, timeout, download_timeout, layout)
    first, *rest = layout.files
    config = source.file(first, revision)
    # The others are those of the commit the configuration came from, should a branch move now.
    commit = config.parent.name
    for name in rest:
        source.file(name, commit)
    return verified(f"Model {repo}", config.parent, commit=commit, sha256=sha256, layout=layout)


def local(folder: Path, *, sha256: str, layout: Layout = TIMM) -> Snapshot:
    """A folder of one's own, which must hold every file. Raises ``DetectorUnavailable``."""
    problem = missing_from(folder, layout)
    if problem:
        raise DetectorUnavailable(problem)
    return verified(f"Model {folder}", folder, commit="", sha256=sha256, layout=layout)


def verified(
    model: str, folder: Path, *, commit: str, sha256: str, layout: Layout = TIMM
) -> Snapshot:
    found = sha256_of(folder / WEIGHTS)
    if sha256 and found != sha256:
        raise DetectorUnavailable(
            f"{model} was not loaded: {folder / WEIGHTS} has SHA-256 {found}, not {sha256} as "
            f"expected. {FETCH_ANEW if commit else RIGHT}"
        )
    return Snapshot(folder=folder, commit=commit, sha256=found, layout=layout)


def missing_from(folder: Path, layout: Layout = TIMM) -> str:
    """What a local folder lacks, as a sentence with the remedy; empty where it is complete."""
    if not folder.is_dir():
        return f"Model {folder}: there is no such folder. Correct the option 'model'."
    for name in layout.files:
        if not (folder / name).is_file():
            pickles = sorted(p.name for s in ("*.bin", "*.pth", "*.pt") for p in folder.glob(s))
            if name == WEIGHTS and pickles:
                return f"Model {folder}: {_pickle(pickles[0])}"
            return (
                f"Model {folder}: {name} is missing. Save the model there with {layout.saved_with}."
            )
    return ""


def is_cached(repo: str, *, revision: str, cache_dir: Path | None, layout: Layout = TIMM) -> bool:
    """Whether all files of that commit, branch or tag are there already. No network."""
    return all(
        isinstance(
            huggingface_hub.try_to_load_from_cache(
                repo, name, revision=revision, cache_dir=cache_dir
            ),
            str,
        )
        for name in layout.files
    )


class _Source:
    """One repository on the hub."""

    def __init__(
        self,
        repo: str,
        cache_dir: Path | None,
        timeout: float,
        download_timeout: float,
        layout: Layout,
    ) -> None:
        self.repo = repo
        self.cache_dir = cache_dir
        self.timeout = timeout
        self.download_timeout = download_timeout
        self.layout = layout

    def file(self, name: str, revision: str | None) -> Path:
        """The path of a file in the cache, downloaded unless it is there."""
        cached = self._cached(name, revision)
        # A commit never changes; a branch is asked for anew.
        if cached is not None and revision == cached.parent.name:
            return cached
        try:
            self._ask(name, revision)
        except (EntryNotFoundError, RevisionNotFoundError, RepositoryNotFoundError) as error:
            self._refuse(name, revision, error)
        except Exception as error:  # noqa: BLE001 - the client's HTTP library varies
            if cached is not None:
                return cached
            self._refuse(name, revision, error)
        return self._download(name, revision)

    def _download(self, name: str, revision: str | None) -> Path:
        """In a thread of its own, because the client resumes a download that is cut off for as
        long as each attempt brings a byte. One that is given up goes on to fill the cache."""
        arrived: list[Path | Exception] = []

        def run() -> None:
            try:
                path = huggingface_hub.hf_hub_download(
                    self.repo,
                    name,
                    revision=revision,
                    cache_dir=self.cache_dir,
                    etag_timeout=self.timeout,
                )
                arrived.append(Path(path))
            except Exception as error:  # noqa: BLE001 - told in the thread that waits
                arrived.append(error)

        thread = threading.Thread(target=run, name=f"fetch {self.repo}", daemon=True)
        thread.start()
        thread.join(self.download_timeout)
        if not arrived:
            raise DetectorUnavailable(
                f"Model {self.repo}: {name} has not arrived within {self.download_timeout:g} s. "
                f"Check the network, then run: {PREPARE}"
            )
        if isinstance(arrived[0], Exception):
            self._refuse(name, revision, arrived[0])
        return arrived[0]

    def _cached(self, name: str, revision: str | None) -> Path | None:
        try:
            return Path(
                huggingface_hub.hf_hub_download(
                    self.repo,
                    name,
                    revision=revision,
                    cache_dir=self.cache_dir,
                    local_files_only=True,
                )
            )
        except LocalEntryNotFoundError:
            return None
        except ValueError as error:
            raise DetectorUnavailable(
                f"Model {self.repo}: {error}. Correct the option 'model'."
            ) from error

    def _ask(self, name: str, revision: str | None) -> None:
        """Whether the hub has the file, asked once.

        ``hf_hub_download`` asks again and again for minutes where nothing is cached and the hub
        is down, and the upload that waits for this has seconds.
        """
        url = huggingface_hub.hf_hub_url(self.repo, name, revision=revision)
        huggingface_hub.get_hf_file_metadata(url, timeout=self.timeout)

    def _refuse(self, name: str, revision: str | None, error: Exception) -> NoReturn:
        raise DetectorUnavailable(
            f"Model {self.repo}: {self._reason(name, revision, error)}"
        ) from error

    def _reason(self, name: str, revision: str | None, error: Exception) -> str:
        """Cause and remedy. A gated repository is also one that is not found: order matters."""
        if isinstance(error, OfflineModeIsEnabled):
            return (
                f"{name} is not in the local cache and HF_HUB_OFFLINE is set. "
                f"Fetch it where there is a network: {PREPARE}"
            )
        if isinstance(error, GatedRepoError):
            return (
                "the repository is gated. Accept its terms on the hub, set HF_TOKEN, then run: "
                f"{PREPARE}"
            )
        if isinstance(error, RepositoryNotFoundError):
            return (
                "the hub has no such repository, or it is private. Correct the option 'model', "
                f"or set HF_TOKEN, then run: {PREPARE}"
            )
        if isinstance(error, RevisionNotFoundError):
            return f"the hub has no revision {revision!r} of it. Correct the option 'revision'."
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            if name == WEIGHTS and self._has_pickle(revision):
                return _pickle("pytorch_model.bin")
            return (
                f"the repository has no {name}. Name a model saved by {self.layout.framework} as "
                "safetensors."
            )
        if "Timeout" in type(error).__name__:
            cause = f"the hub did not answer within {self.timeout:g} s"
        else:
            cause = f"{name} cannot be fetched from the hub ({_short(error)})"
        return f"{cause}. Check the network, then run: {PREPARE}"

    def _has_pickle(self, revision: str | None) -> bool:
        try:
            self._ask("pytorch_model.bin", revision)
        except Exception:  # noqa: BLE001 - it only makes the message more helpful
            return False
        return True


def _pickle(name: str) -> str:
    return (
        f"it has its weights only as a pickle ({name}), which can run any code when it is loaded, "
        "and is refused. Use a model saved as safetensors."
    )


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no details"])[0].rstrip(".")
