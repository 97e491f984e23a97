"""Modules whose packages are not installed are left out; the rest of the suite runs without."""

import io
from importlib.util import find_spec

import pytest

from django_nsfw.evaluation.reading import Collection
from django_nsfw.evaluation.samples import Sample
from tests.conftest import picture

collect_ignore = (
    [
        f"test_{name}.py"
        for name in (
            "batches",
            "benchmarks",
            "exporting",
            "learning",
            "measuring",
            "running",
            "starting",
            "workplace",
        )
    ]
    if find_spec("torch") is None or find_spec("sklearn") is None
    else []
)


def sample(name, *, nsfw, body: bytes, **more) -> Sample:
    return Sample(name=name, nsfw=nsfw, open=lambda: io.BytesIO(body), **more)


def collection(samples) -> Collection:
    return Collection(samples=samples, left_out=(), duplicates=0)


@pytest.fixture
def samples() -> list[Sample]:
    """Twelve small pictures, every other one NSFW."""
    return [
        sample(f"{seed}.png", nsfw=seed % 2 == 0, body=picture(seed=seed, format="PNG"))
        for seed in range(12)
    ]


@pytest.fixture
def one_thread():
    """Processors that others work on, too: threads that wait for each other take far longer."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
