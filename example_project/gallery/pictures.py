"""The pictures of the demo. All are free to use: photographs that ship with scikit-image, in the
public domain or under CC0 as its documentation says of each, and two details of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a visitor uploads: the title and the file with its name."""

    title: str
    name: str
    body: bytes


class PicturesMissing(Exception):
    """scikit-image is not installed, or ships other files."""


def demo_pictures() -> Iterator[Picture]:
    """In the order in which they are uploaded. Raises ``PicturesMissing``."""
    folder = _folder()

    def photograph(title: str, name: str) -> Picture:
        return Picture(title=title, name=name, body=_read(folder / name))

    yield photograph("Retina of a left eye", "retina.jpg")  # Mikael Häggström, CC0
    # Harmless, as is the saucer below, and open_nsfw errs: why people must look.
    yield Picture(
        title="Retina, closer",
        name="retina-detail.png",
        body=_detail(folder / "retina.jpg", (0, 247, 423, 670)),
    )
    yield photograph("Launch of DSCOVR", "rocket.jpg")  # SpaceX, public domain
    yield photograph("Hubble eXtreme Deep Field", "hubble_deep_field.jpg")  # NASA, public domain
    yield photograph("The photographer", "camera.png")  # Lav Varshney, CC0
    yield Picture(
        title="Saucer, out of focus",
        name="saucer.png",
        body=_detail(folder / "coffee.png", (0, 120, 240, 360), _out_of_focus),
    )
    yield photograph("Coffee at Pikolo", "coffee.png")  # Rachel Michetti, CC0
    yield photograph("Eileen Collins", "astronaut.png")  # NASA, public domain
    yield photograph("Chelsea", "chelsea.png")  # Stéfan van der Walt, CC0
    # Refused by the form: the content is not what the name says, and more pixels than a small
    # file should have.
    yield Picture(title="Chelsea again", name="chelsea.jpg", body=_read(folder / "chelsea.png"))
    yield Picture(title="A very large nothing", name="large.png", body=_large())


def _folder() -> Path:
    """In the installed package, which is looked up and not imported."""
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise PicturesMissing(
            "The pictures of the demo come with scikit-image: pip install scikit-image"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PicturesMissing(
            f"{path} is missing; the demo knows the files of scikit-image 0.26."
        ) from None


def _detail(
    path: Path,
    box: tuple[int, int, int, int],
    treat: Callable[[Image.Image], Image.Image] | None = None,
) -> bytes:
    with Image.open(BytesIO(_read(path))) as photograph:
        detail = photograph.convert("RGB").crop(box).resize((480, 480))
    return _png(treat(detail) if treat else detail)


def _out_of_focus(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(16))


def _large() -> bytes:
    """81 megapixels of white in a few kilobytes."""
    return _png(Image.new("1", (9000, 9000), 1))


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
