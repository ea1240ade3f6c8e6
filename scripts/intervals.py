"""95 % intervals of shares and of means that cannot be negative, as harness/statistics/bounded.h has them.

For files from before November 2026, whose intervals are ± 1.96 standard errors and may pass 0 or 1.
"""
import math

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
