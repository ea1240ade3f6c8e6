"""95 % intervals: of shares and of means that cannot be negative, as harness/statistics/bounded.h has them, and Student's.

The first two are for files from before November 2026, whose intervals are ± 1.96 standard errors and may pass 0 or 1.
"""
import math

# Student's t at 0.975, by degrees of freedom (scipy.stats.t.ppf, which the product does not need).
T_95 = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 5: 2.5706, 6: 2.4469, 7: 2.3646, 8: 2.3060, 9: 2.2622, 10: 2.2281, 11: 2.2010,
        12: 2.1788, 13: 2.1604, 14: 2.1448, 15: 2.1314, 16: 2.1199, 17: 2.1098, 18: 2.1009, 19: 2.0930, 29: 2.0452}
NORMAL_95 = 1.959963984540054


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n, which stays within [0, 1] (Wilson 1927)."""
    z = NORMAL_95
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def log_interval(mean: float, half: float) -> tuple[float, float]:
    """The 95 % interval of a positive mean on a log scale (delta method), which stays above 0; `half` is that of ± `half`."""
    return mean * math.exp(-half / mean), mean * math.exp(half / mean)


def half_width(differences, quantiles: dict[int, float] = T_95) -> float:
    """Of Student's interval; NaN for a number of repetitions whose degrees of freedom `quantiles` lacks.  differences: an array or a Series."""
    return float(quantiles.get(len(differences) - 1, math.nan) * differences.std(ddof=1) / math.sqrt(len(differences)))
