"""Between what a share lies of which only some were looked at."""

import math

Z = 1.959963984540054
"""Of the normal distribution, for intervals of 95 %."""


def wilson(hits: float, trials: float) -> tuple[float, float] | None:
    """The 95 % score interval of a share, from 0 to 1; None without trials.

    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (158), 209-212, without continuity
    correction. It holds for few trials, and for shares near 0, where the usual one does not.
    """
    if not trials:
        return None
    share, square = hits / trials, Z * Z / trials
    centre = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    # Rounding leaves 1e-17 where it is 0.
    low = 0.0 if hits <= 0 else max(0.0, centre - half)
    return low, 1.0 if hits >= trials else min(1.0, centre + half)
