"""Numbers as a report says them."""

from .rates import AtThreshold, Estimate

NONE = "–"


def percent(estimate: Estimate) -> str:
    """``93.4 %``."""
    return NONE if estimate.value is None else f"{estimate.value * 100:.1f} %"


def interval(estimate: Estimate) -> str:
    """``91.0–95.2``, in percent; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low * 100:.1f}–{estimate.high * 100:.1f}"


def share(estimate: Estimate) -> str:
    """``93.4 % (91.0–95.2)``, or what there is of it."""
    between = interval(estimate)
    return percent(estimate) + (f" ({between})" if between else "")


def number(value: float) -> str:
    """With thousands; sums of weights have a decimal where they need one."""
    whole = round(value)
    return f"{whole:,}" if abs(value - whole) < 0.05 else f"{value:,.1f}"


def threshold(value: float) -> str:
    """As it was configured, with two decimals at least."""
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def sentence(alias: str, at: AtThreshold) -> str:
    """What the detector does at a threshold, for people who read no tables."""
    flags = [
        f"{share(estimate)} of the {what}"
        for estimate, what in ((at.recall, "NSFW pictures"), (at.fpr, "safe ones"))
        if estimate.value is not None
    ]
    said = [f"{alias} flags {' and '.join(flags)}"] if flags else []
    if at.precision.value is not None:
        said.append(f"{share(at.precision)} of what {'it' if flags else alias} flags is NSFW")
    return f"At {threshold(at.threshold)}, {'; '.join(said)}." if said else ""
