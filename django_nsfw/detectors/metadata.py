"""What an exported ``.onnx`` file says of itself, in the model's ``metadata_props``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .preprocessing import Preprocessing

FORMAT = "1"
"""Changes when a reader of an older release could not use the file."""

_PREFIX = "django_nsfw."


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """Enough to score and to say what scored. ``weights`` is the SHA-256 of the original file."""

    model: str
    revision: str
    weights: str
    precision: str
    labels: tuple[str, ...]
    nsfw_labels: tuple[str, ...]
    preprocessing: Preprocessing

    def to_props(self) -> dict[str, str]:
        values = {
            "format": FORMAT,
            "model": self.model,
            "revision": self.revision,
            "weights": self.weights,
            "precision": self.precision,
            "labels": json.dumps(self.labels),
            "nsfw_labels": json.dumps(self.nsfw_labels),
            "preprocessing": self.preprocessing.to_json(),
        }
        return {_PREFIX + key: value for key, value in values.items()}

    @classmethod
    def from_props(cls, props: Mapping[str, str]) -> Self:
        """``ValueError`` that says what is missing or wrong."""
        found = {k.removeprefix(_PREFIX): v for k, v in props.items() if k.startswith(_PREFIX)}
        if not found:
            raise ValueError("it carries no metadata of django_nsfw")
        if found.get("format") != FORMAT:
            raise ValueError(f"its metadata have format {found.get('format')!r}, not {FORMAT!r}")
        try:
            return cls(
                model=found["model"],
                revision=found["revision"],
                weights=found["weights"],
                precision=found["precision"],
                labels=_strings(found["labels"]),
                nsfw_labels=_strings(found["nsfw_labels"]),
                preprocessing=Preprocessing.from_json(found["preprocessing"]),
            )
        except KeyError as error:
            raise ValueError(f"its metadata lack {error.args[0]!r}") from error


def _strings(text: str) -> tuple[str, ...]:
    values = json.loads(text)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"its metadata hold {text!r} where a list of labels belongs")
    return tuple(values)
