"""The pictures of a report, as SVG: one figure each, drawn without matplotlib's global state."""

from collections.abc import Callable, Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .rates import Estimate
from .results import Report, Result

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe, M. and Ito, K. (2008), "Color Universal Design": told apart by those who see few colours,
and in grey."""

STROKES = ("-", "--", "-.", ":")

INK, FAINT = "#222222", "#d9d9d9"

WIDE, HALF = (9.2, 3.9), (4.5, 4.3)
"""Inches, of 72 points."""

COMPARED = {
    "accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1",
}  # fmt: skip
AREAS = {"average_precision": "Average precision", "roc_auc": "ROC AUC"}


def comparison(report: Report) -> bytes:
    """Bars, a group for each number and a bar for each detector, with their intervals."""

    def draw(axes: Axes) -> None:
        names = [*COMPARED.values(), *AREAS.values()]
        width = 0.8 / len(report.results)
        for place, result in enumerate(report.results):
            at = [n - 0.4 + width * (place + 0.5) for n in range(len(names))]
            found = compared(result, report.threshold)
            heights = [each.value or 0.0 for each in found]
            axes.bar(at, heights, width * 0.92, color=_colour(place), label=result.alias, zorder=2)
            axes.errorbar(
                at, heights, _reach(found), fmt="none", ecolor=INK, elinewidth=1, capsize=2,
                zorder=3,
            )  # fmt: skip
            for x, each in zip(at, found, strict=True):
                if each.value is None:
                    axes.text(x, 0.01, "–", ha="center", va="bottom", color=INK)
        axes.set_xticks(range(len(names)), names)
        axes.set_ylim(0, 1.02)
        axes.grid(axis="y", color=FAINT, zorder=0)

    return _svg(WIDE, draw)


def thresholds(result: Result, report: Report) -> bytes:
    """Accuracy, precision, recall and F1 against the threshold; those of the site are marked."""

    def draw(axes: Axes) -> None:
        for place, (name, title) in enumerate(COMPARED.items()):
            points = [
                (each.threshold, value)
                for each in result.measured.thresholds
                if (value := getattr(each, name).value) is not None
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True), STROKES[place], color=_colour(place), label=title
                )
        for threshold in report.marked:
            axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
        _unit(axes, "Threshold", "")

    return _svg(WIDE, draw)


def precision_recall(report: Report) -> bytes:
    """One curve a detector; a point where it is at the threshold."""

    def draw(axes: Axes) -> None:
        for place, result in enumerate(report.results):
            if not result.measured.curve:
                continue
            recall, precision = zip(*result.measured.curve, strict=True)
            axes.step(
                recall, precision, STROKES[place % 4], where="pre", color=_colour(place),
                label=result.alias,
            )  # fmt: skip
            at = result.measured.at(report.threshold)
            if at.recall.value is not None and at.precision.value is not None:
                axes.plot(at.recall.value, at.precision.value, "o", color=_colour(place), ms=5)
        _unit(axes, "Recall", "Precision")

    return _svg(HALF, draw)


def calibration(report: Report) -> bytes:
    """The share that is NSFW against the mean score, a point a bin; on the diagonal scores are
    probabilities."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        for place, result in enumerate(report.results):
            if result.measured.calibration is None:
                continue
            bins = result.measured.calibration.bins
            shares = [each.share for each in bins]
            axes.errorbar(
                [each.mean for each in bins],
                [share.value or 0.0 for share in shares],
                _reach(shares),
                fmt=f"o{STROKES[place % 4]}",
                color=_colour(place), ms=4, linewidth=1.2, elinewidth=0.8, capsize=2,
                label=result.alias,
            )  # fmt: skip
        _unit(axes, "Mean score", "Share that is NSFW")

    return _svg(HALF, draw)


def compared(result: Result, threshold: float) -> list[Estimate]:
    """The numbers that detectors are compared by, in the order of ``COMPARED`` and ``AREAS``."""
    at = result.measured.at(threshold)
    rates = [getattr(at, name) for name in COMPARED]
    return [*rates, *(getattr(result.measured, name) for name in AREAS)]


def _unit(axes: Axes, across: str, up: str) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(color=FAINT)


def _reach(estimates: Sequence[Estimate]) -> list[list[float]]:
    """From each value down and up to the ends of its interval; nothing where it has none."""
    down, up = [], []
    for each in estimates:
        value = each.value or 0.0
        down.append(max(0.0, value - each.low) if each.low is not None else 0.0)
        up.append(max(0.0, each.high - value) if each.high is not None else 0.0)
    return [down, up]


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _svg(size: tuple[float, float], draw: Callable[[Axes], None]) -> bytes:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    draw(axes)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=4 if size is WIDE else 2, frameon=False)
    out = BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
