"""The model card: what the model was made of, how, and how good it is."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from .dividing import Counted
from .recipe import Recipe

PACKAGES = ("django-nsfw", "timm", "torch", "torchvision", "pillow", "pdqhash")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """``epoch``: of those that were trained, the one whose weights these are, from 1.
    ``evaluation``: numbers of what was held out; ``thresholds`` the rows of its table."""

    name: str
    start: str
    architecture: str
    side: int
    recipe: Recipe
    counted: Counted
    share: float
    epoch: int
    trained: int
    device: str
    precision: str
    evaluation: Mapping[str, float]
    thresholds: tuple[tuple[float, float, float, float], ...]


def write(facts: Facts) -> str:
    """The card, in Markdown."""
    counted, recipe = facts.counted, facts.recipe
    arguments = "\n".join(
        f"{name}: {_plain(value)}" for name, value in sorted(recipe.arguments().items())
    )
    rows = "\n".join(
        f"| {threshold:g} | {accuracy:.4f} | {precision:.4f} | {recall:.4f} |"
        for threshold, accuracy, precision, recall in facts.thresholds
    )
    numbers = "\n".join(f"| {name} | {value:.4f} |" for name, value in facts.evaluation.items())
    versions = "\n".join(f"- {name} {version(name)}" for name in PACKAGES)
    return f"""\
---
tags:
- image-classification
- timm
library_name: timm
license: other  # to be filled in, with regard to the weights that the training started from
---
# Model card for {facts.name}

Tells NSFW pictures from others. Like all models it makes mistakes; what counts as NSFW is what the
labels of its training pictures say.

- Architecture: {facts.architecture}, {facts.side} × {facts.side} pixels
- Trained from: {facts.start}
- Classes, in order: NSFW, SFW

## Data

| | NSFW | SFW |
|---|---|---|
| trained on | {counted.train[0]} | {counted.train[1]} |
| held out | {counted.held_out[0]} | {counted.held_out[1]} |

About {facts.share:g} of each class was held out. The pictures form {counted.groups} groups of what
looks alike (PDQ hashes at most 31 bits apart, directly or over others); each group is on one side
as a whole. In {counted.disagreeing} of them labels differ. {counted.duplicates} further files had
the same bytes, and {counted.left_out} could not be used.

## Evaluation

On what was held out. These pictures also chose the epoch whose weights were kept, which flatters
them a little.

| | |
|---|---|
{numbers}

| threshold | accuracy | precision | recall |
|---|---|---|---|
{rows}

## Use

```python
NSFW_DETECTORS = {{
    "default": {{
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {{"model": "local-dir:/path/to/{facts.name}"}},
    }},
}}
```

## Training

Weights of epoch {facts.epoch} of {facts.trained}, that with the smallest loss on what was held out.
Trained on {facts.device} in {facts.precision}. `training.jsonl` has a line for each epoch.

### Args

```yml
{arguments}
```

### Versions

- Python {platform.python_version()}
{versions}
"""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
