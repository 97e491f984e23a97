import io
from functools import partial

import pytest
from PIL import Image

from django_nsfw.detectors import detectors
from django_nsfw.evaluation.samples import Sample
from tests.conftest import encode
from tests.evaluation.detectors import DETECTORS


@pytest.fixture(autouse=True)
def known_detectors(settings):
    settings.NSFW_DETECTORS = DETECTORS
    detectors.reset()
    yield
    detectors.reset()


def red(score, blue=0, format="PNG") -> bytes:
    """A picture that ``Redness`` gives the score, in steps of 1 / 255; other bytes for other
    ``blue``."""
    return encode(Image.new("RGB", (24, 24), (round(score * 255), 0, blue)), format)


def sample(name, nsfw, body, **fields) -> Sample:
    return Sample(name=name, nsfw=nsfw, open=partial(io.BytesIO, body), **fields)


@pytest.fixture
def labelled(tmp_path):
    """A labelled folder: of ten pictures of each label ``Redness`` is wrong about one at 0.5."""

    def made(number=10):
        folder = tmp_path / "labelled"
        for label, wrong, right in (("nsfw", 0.1, 0.8), ("sfw", 0.9, 0.2)):
            for n in range(number):
                path = folder / label / ("drawings" if n % 2 else "photos") / f"{n} <i>.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(red(wrong if n == 0 else right, blue=n))
        return folder

    return made
