"""The model card: what the model was made of, how, and how good it is."""

import platform
from dataclasses import dataclass
from importlib.metadata import version

from ..evaluation import words
from ..evaluation.metrics import Measured
from ..evaluation.rates import AtThreshold, Estimate
from .dividing import Counted
from .recipe import Recipe

PACKAGES = ("django-nsfw", "timm", "torch", "torchvision", "pillow", "pdqhash")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """``epoch``: of those that were trained, the one whose weights these are, from 1. ``loss``:
    the cross-entropy of what was held out, and ``measured`` the rest about it, with a threshold of
    ``threshold`` and others."""

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
    loss: float
    measured: Measured
    threshold: float


def write(facts: Facts) -> str:
    """The card, in Markdown."""
    counted, recipe = facts.counted, facts.recipe
    arguments = "\n".join(
        f"{name}: {_plain(value)}" for name, value in sorted(recipe.arguments().items())
    )
    rows = "\n".join(_row(each) for each in facts.measured.thresholds)
    numbers = "\n".join(f"| {name} | {said} |" for name, said in _numbers(facts).items())
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

On what was held out, with intervals of 95 %. These pictures also chose the epoch whose weights were
kept, which flatters them a little. A score of at least the threshold counts as NSFW.

| | |
|---|---|
{numbers}

| threshold | accuracy | precision | recall | false positives | false negatives |
|---|---|---|---|---|---|
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


def _numbers(facts: Facts) -> dict[str, str]:
    measured, at = facts.measured, facts.measured.at(facts.threshold)
    said = {
        f"accuracy at {words.threshold(facts.threshold)}": words.share(at.accuracy),
        "F1 there": words.share(at.f1),
        "average precision": words.share(measured.average_precision),
        "ROC AUC": words.share(measured.roc_auc),
        "cross-entropy": f"{facts.loss:.4f}",
    }
    if measured.calibration is not None:
        said["expected calibration error"] = words.percent(Estimate(value=measured.calibration.ece))
        said["Brier score"] = f"{measured.calibration.brier:.4f}"
    return said


def _row(at: AtThreshold) -> str:
    shares = (at.accuracy, at.precision, at.recall, at.fpr, at.fnr)
    cells = [words.threshold(at.threshold), *map(words.share, shares)]
    return f"| {' | '.join(cells)} |"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
