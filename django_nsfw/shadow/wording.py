"""Thresholds that were carried over, as a piece of settings to be read, checked and pasted."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from .thresholds import Replacement


def snippet(carried: Sequence[Replacement]) -> str:
    """Python, with what each number stands on in a comment beside it. Lines that cannot be told
    are comments as well. Empty where there are no thresholds."""
    return "\n".join(_lines(carried))


def _lines(carried: Sequence[Replacement]) -> Iterator[str]:
    by_setting: dict[str, list[Replacement]] = defaultdict(list)
    for one in carried:
        by_setting[one.threshold.setting].append(one)
    for deciding, shadow in sorted({(one.deciding, one.shadow) for one in carried}):
        if shadow:
            yield f"# In place of {deciding}"
            yield f"# for {shadow}"
    for setting in ("NSFW_POLICY", "NSFW_FIELDS", "NSFWValidator"):
        if by_setting[setting]:
            yield from _block(setting, by_setting[setting])


def _block(setting: str, carried: Sequence[Replacement]) -> Iterator[str]:
    if setting == "NSFW_POLICY":
        yield "NSFW_POLICY = {"
        for one in carried:
            yield f"    {_entry(one)}"
        yield "}"
        return
    by_label: dict[str, list[Replacement]] = defaultdict(list)
    for one in carried:
        by_label[one.threshold.labels[0]].append(one)
    if setting == "NSFW_FIELDS":
        yield "NSFW_FIELDS = {"
    for label, own in sorted(by_label.items()):
        start, end = ("{", "}") if setting == "NSFW_FIELDS" else ("NSFWValidator(", ")")
        indent = "    " if setting == "NSFW_FIELDS" else "# "
        name = f"{json.dumps(label)}: " if setting == "NSFW_FIELDS" else f"{label}: "
        yield f"{indent}{name}{start}"
        for one in own:
            yield f"{indent}    {_entry(one)}"
        yield f"{indent}{end}," if setting == "NSFW_FIELDS" else f"{indent}{end}"
    if setting == "NSFW_FIELDS":
        yield "}"


def _entry(one: Replacement) -> str:
    carried, what = one.carried, one.threshold.what
    keyword = one.threshold.setting == "NSFWValidator"
    key = f"{what}=" if keyword else f'"{what}": '
    if carried.new is None:
        return f"# {what}: {said(one)}"
    return f"{key}{carried.new!r},  # {said(one)}"


def said(one: Replacement) -> str:
    """What a number stands on, in English: it is read by who edits settings."""
    carried = one.carried
    words = f"was {carried.old:g}; {carried.above:,} of {carried.pairs:,} pictures reach it"
    if carried.new is None:
        return f"{words}, so nothing can be said"
    if carried.kept != carried.above:
        words += f", {carried.kept:,} now, for many scores are equal"
    words += f"; 95 %: {carried.low:.4f} to {carried.high:.4f}"
    return f"{words}; TOO FEW to rely on" if carried.few else words
