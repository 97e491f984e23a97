"""The real client of the hub against a server on loopback. Nothing here imports torch."""

import hashlib
import os
import time
from errno import ECONNREFUSED

import pytest
from huggingface_hub import constants

from django_nsfw.detectors import hub
from django_nsfw.exceptions import DetectorUnavailable

from .hub_server import COMMIT, HubServer, point_client_at

REPO = "somebody/a-model"
WEIGHTS = bytes(range(256)) * 4096  # what is in them does not matter here
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
RUN = "run: python manage.py nsfw_prepare"


@pytest.fixture
def server(monkeypatch):
    server = HubServer(REPO, {"config.json": b"{}", "model.safetensors": WEIGHTS})
    point_client_at(server.endpoint, monkeypatch)
    yield server
    server.close()


@pytest.fixture
def fetch(server, tmp_path):
    def fetch(
        repo=REPO,
        *,
        revision=None,
        sha256="",
        timeout=5.0,
        download_timeout=20.0,
        layout=hub.TIMM,
    ):
        return hub.fetch(
            repo,
            revision=revision,
            sha256=sha256,
            cache_dir=tmp_path / "cache",
            timeout=timeout,
            download_timeout=download_timeout,
            layout=layout,
        )

    return fetch


def refusal(fetch, **options):
    with pytest.raises(DetectorUnavailable) as caught:
        fetch(**options)
    return str(caught.value)


@pytest.mark.parametrize("revision", [None, "main", COMMIT], ids=["none", "branch", "commit"])
def test_a_model_is_downloaded_and_named_by_its_commit(fetch, revision):
    snapshot = fetch(revision=revision, sha256=SHA256)

    assert (snapshot.commit, snapshot.sha256) == (COMMIT, SHA256)
    assert snapshot.weights.read_bytes() == WEIGHTS


def test_a_commit_in_the_cache_asks_nobody(fetch, server):
    first = fetch(revision=COMMIT)
    server.requests.clear()

    assert fetch(revision=COMMIT) == first
    assert server.requests == []


def test_a_branch_in_the_cache_is_looked_up_and_not_downloaded_again(fetch, server):
    first = fetch()
    server.requests.clear()

    assert fetch() == first
    assert not [request for request in server.requests if request.startswith("GET")]


def test_a_branch_that_moved_brings_both_new_files(fetch, server):
    fetch()
    server.commit = "d" * 40
    server.files["model.safetensors"] = b"new"

    snapshot = fetch()

    assert (snapshot.commit, snapshot.weights.read_bytes()) == ("d" * 40, b"new")


@pytest.mark.parametrize("revision", [None, COMMIT], ids=["branch", "commit"])
@pytest.mark.parametrize("mode", ["down", "broken", "slow"])
def test_the_cache_serves_while_the_hub_does_not(fetch, server, revision, mode):
    first = fetch(revision=revision)
    server.mode, server.delay = mode, 2
    if mode == "down":
        server.close()

    assert fetch(revision=revision, timeout=0.3) == first


def test_offline_mode_uses_the_cache(fetch, server, monkeypatch):
    first = fetch()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    assert fetch() == first


def test_offline_mode_with_an_empty_cache(fetch, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    assert refusal(fetch) == (
        f"Model {REPO}: config.json is not in the local cache and HF_HUB_OFFLINE is set. "
        "Fetch it where there is a network: python manage.py nsfw_prepare"
    )


def test_a_wrong_digest_names_both_and_the_remedy(fetch, tmp_path):
    expected = "0" * 64

    message = refusal(fetch, sha256=expected)

    folder = tmp_path / "cache/models--somebody--a-model/snapshots" / COMMIT
    assert message == (
        f"Model {REPO} was not loaded: {folder}/model.safetensors has SHA-256 {SHA256}, not "
        f"{expected} as expected. Delete that folder and {RUN}"
    )


def test_damaged_files_of_the_cache_are_fetched_anew(fetch):
    assert fetch().remedy == f"Delete that folder and {RUN}"


def test_a_file_spoilt_in_the_cache_is_refused(fetch):
    snapshot = fetch(sha256=SHA256)
    snapshot.weights.resolve().write_bytes(WEIGHTS[:-1])

    assert hashlib.sha256(WEIGHTS[:-1]).hexdigest() in refusal(fetch, sha256=SHA256)


def test_a_hub_that_is_down_is_asked_once(fetch, server):
    server.close()
    start = time.monotonic()

    message = refusal(fetch)

    assert time.monotonic() - start < 2
    assert message == (
        f"Model {REPO}: config.json cannot be fetched from the hub "
        f"([Errno {ECONNREFUSED}] {os.strerror(ECONNREFUSED)}). Check the network, then {RUN}"
    )


def test_a_hub_that_has_an_error(fetch, server):
    server.mode = "broken"

    message = refusal(fetch)

    assert message.startswith(f"Model {REPO}: config.json cannot be fetched from the hub (")
    assert message.endswith(f"Check the network, then {RUN}")
    assert server.requests == ["HEAD config.json"]


def test_a_hub_that_does_not_answer_in_time(fetch, server):
    server.mode, server.delay = "slow", 2

    assert refusal(fetch, timeout=0.3) == (
        f"Model {REPO}: the hub did not answer within 0.3 s. Check the network, then {RUN}"
    )


def test_a_download_that_is_cut_off_each_time_is_given_up(fetch, server, tmp_path):
    server.mode = "half"

    message = refusal(fetch, download_timeout=1.5)
    server.mode = ""

    assert message == (
        f"Model {REPO}: config.json has not arrived within 1.5 s. Check the network, then {RUN}"
    )
    assert not list(tmp_path.rglob("snapshots/*/config.json"))


def test_a_repository_that_is_not_there(fetch):
    assert refusal(fetch, repo="somebody/else") == (
        "Model somebody/else: the hub has no such repository, or it is private. Correct the "
        f"option 'model', or set HF_TOKEN, then {RUN}"
    )


def test_a_gated_repository(fetch, server):
    server.mode = "gated"

    assert refusal(fetch) == (
        f"Model {REPO}: the repository is gated. Accept its terms on the hub, set HF_TOKEN, "
        f"then {RUN}"
    )


def test_a_revision_that_is_not_there(fetch):
    assert refusal(fetch, revision="v9") == (
        f"Model {REPO}: the hub has no revision 'v9' of it. Correct the option 'revision'."
    )


def test_a_name_that_is_none(fetch):
    message = refusal(fetch, repo="some body/else")

    assert message.startswith("Model some body/else: ")
    assert message.endswith("Correct the option 'model'.")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file(fetch, server, name):
    del server.files[name]

    assert refusal(fetch) == (
        f"Model {REPO}: the repository has no {name}. Name a model saved by timm as safetensors."
    )


PICKLE = (
    "it has its weights only as a pickle (pytorch_model.bin), which can run any code when it is "
    "loaded, and is refused. Use a model saved as safetensors."
)


def test_a_pickle_is_refused_and_not_downloaded(fetch, server):
    server.files["pytorch_model.bin"] = server.files.pop("model.safetensors")

    assert refusal(fetch) == f"Model {REPO}: {PICKLE}"
    assert "GET pytorch_model.bin" not in server.requests


def test_a_folder_of_ones_own_must_be_complete(tmp_path):
    with pytest.raises(DetectorUnavailable) as caught:
        hub.local(tmp_path / "nowhere", sha256="")
    assert str(caught.value) == (
        f"Model {tmp_path}/nowhere: there is no such folder. Correct the option 'model'."
    )

    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DetectorUnavailable, match=r"model\.safetensors is missing\. Save the"):
        hub.local(tmp_path, sha256="")

    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(DetectorUnavailable) as caught:
        hub.local(tmp_path, sha256="")
    assert str(caught.value) == f"Model {tmp_path}: {PICKLE}"

    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    assert hub.local(tmp_path, sha256=SHA256).sha256 == SHA256
    with pytest.raises(DetectorUnavailable, match="not 0000"):
        hub.local(tmp_path, sha256="0" * 64)


PREPROCESSING = "preprocessor_config.json"


def test_a_model_of_transformers_has_a_file_more(fetch, server):
    server.files[PREPROCESSING] = b"{}"

    snapshot = fetch(layout=hub.TRANSFORMERS, sha256=SHA256)

    assert sorted(path.name for path in snapshot.folder.iterdir()) == [
        "config.json", "model.safetensors", PREPROCESSING,
    ]  # fmt: skip
    assert snapshot.layout is hub.TRANSFORMERS


def test_a_branch_that_moves_meanwhile_brings_no_mixture(fetch, server):
    server.files[PREPROCESSING] = b"{}"
    first = fetch(layout=hub.TRANSFORMERS)
    server.commit = "d" * 40
    server.files[PREPROCESSING] = b"{ }"

    second = fetch(layout=hub.TRANSFORMERS)

    assert (first.folder / PREPROCESSING).read_bytes() == b"{}"
    assert (second.folder / PREPROCESSING).read_bytes() == b"{ }"
    assert {path.name for path in second.folder.iterdir()} == set(hub.TRANSFORMERS.files)


def test_a_model_of_transformers_without_that_file_is_refused(fetch):
    assert refusal(fetch, layout=hub.TRANSFORMERS) == (
        f"Model {REPO}: the repository has no {PREPROCESSING}. Name a model saved by transformers "
        "as safetensors."
    )


def test_a_model_is_cached_once_every_file_is_there(fetch, server, tmp_path):
    def cached(layout):
        return hub.is_cached(REPO, revision="main", cache_dir=tmp_path / "cache", layout=layout)

    assert not cached(hub.TIMM)
    fetch()
    assert cached(hub.TIMM)
    assert not cached(hub.TRANSFORMERS)
    server.files[PREPROCESSING] = b"{}"
    fetch(layout=hub.TRANSFORMERS)
    assert cached(hub.TRANSFORMERS)
