"""A labelled picture, wherever it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A picture and what people say of it.

    ``name`` is what a report calls it. ``open`` gives its bytes, from the start, each time it is
    called; the caller closes. ``source``: the collection it belongs to, ``model_field``:
    ``"app_label.Model.field"``; both empty where there is none. ``weight``: how many pictures of
    those that a report is about it stands for. ``recorded``: identity of a detector → ``nsfw`` that
    it gave these very bytes before, so that they are not scored again. ``sha256``: of the bytes, in
    hexadecimal, and ``format``, PIL's name; empty where nobody has read them yet.
    """

    name: str
    nsfw: bool
    open: Callable[[], BinaryIO]
    source: str = ""
    model_field: str = ""
    weight: float = 1.0
    recorded: Mapping[str, float] = field(default_factory=dict)
    sha256: str = ""
    format: str = ""
