"""From the rows a model puts out to scores, and which of its labels count as NSFW."""

from collections.abc import Collection, Iterable, Sequence

from django.core.exceptions import ImproperlyConfigured

from ..exceptions import DetectorUnavailable
from ..scores import Scores

WELL_KNOWN = frozenset(
    {"nsfw", "porn", "porno", "pornography", "pornographic", "hentai", "explicit", "nude"}
    | {"nudity", "sexual", "sexually explicit", "adult", "unsafe", "not safe for work"}
)
"""Labels that count as NSFW unless the option ``nsfw_labels`` says otherwise, in lower case with
``-`` and ``_`` as spaces. "sexy", "racy" and "suggestive" are left out: in the data sets that
have them they mean clothed people, and a beach would fill the queue. "drawings" and "neutral"
are the safe classes of the same data sets."""


def nsfw_labels_of(model: str, labels: Sequence[str], chosen: Sequence[str]) -> frozenset[str]:
    """The labels that count: the chosen ones, or those of ``labels`` that are well known.

    A choice that the model does not have, or nothing to choose from, is a mistake of the
    settings: guessing here would make every picture look safe.
    """
    if chosen:
        for label in chosen:
            if label not in labels:
                raise ImproperlyConfigured(
                    f"'nsfw_labels' names {label!r}, which {model} does not have. "
                    f"Its labels: {', '.join(labels)}."
                )
        return frozenset(chosen)
    known = frozenset(label for label in labels if _normal(label) in WELL_KNOWN)
    if not known:
        raise ImproperlyConfigured(
            f"No label of {model} is known to mean NSFW. Name those that do in the option "
            f"'nsfw_labels'. Its labels: {', '.join(labels)}."
        )
    return known


def counting(labels: Sequence[str], nsfw_labels: Collection[str]) -> str:
    """Places of the outputs that count, for an identity: another choice makes other scores."""
    return ",".join(str(place) for place, label in enumerate(labels) if label in nsfw_labels)


def scores_of(
    model: str,
    labels: Sequence[str],
    nsfw_labels: Collection[str],
    rows: Iterable[Sequence[float]],
) -> list[Scores]:
    """One ``Scores`` a row of probabilities. A row that is none means a broken model."""
    try:
        return [Scores.of(labels, row, nsfw_labels) for row in rows]
    except ValueError as error:
        raise DetectorUnavailable(
            f"{model} gave an answer that is no score ({error}). Its weights or its hardware are "
            "broken: fetch the weights again, or use another device."
        ) from error


def _normal(label: str) -> str:
    return label.strip().lower().replace("-", " ").replace("_", " ")
