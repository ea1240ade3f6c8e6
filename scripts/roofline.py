"""What the parts of a decode step must read and how long they take, against the read bandwidth of the same run."""
from __future__ import annotations

import numpy as np
import pandas as pd
from resultfile import Result


def observed(result: Result) -> list[str]:
    """The variants whose steps were observed, in the order of the config."""
    table = result.table("step_parts")
    return [variant for variant in result.done()["variant"] if (table["variant"] == variant).any()] if len(table) else []


def bandwidth(result: Result, variant: str) -> float:
    """GB/s of the run's read loop before and after the variant's repetitions (the median); NaN where nobody measured."""
    reps = result.table("reps")
    found = reps.loc[reps["variant"] == variant, ["bandwidth_before", "bandwidth_after"]].to_numpy().ravel() if len(reps) else np.array([])
    found = found[np.isfinite(found)]
    return float(np.median(found)) if len(found) else np.nan


def parts(result: Result, variant: str) -> pd.DataFrame:
    """A row for each part, in the order of the file: medians over repetitions of its time and of the bytes that it must read.

    `gb_per_s` is their quotient, `at_bandwidth_ns` the time that the bytes take at the run's read bandwidth, and `share` how much of that
    bandwidth the part reaches; NaN where a part reads nothing or takes no time.
    """
    table = result.table("step_parts")
    rows = table[table["variant"] == variant].groupby("part", sort=False)[["time_ns", "step_bytes"]].median().astype(float)
    return with_rates(rows, bandwidth(result, variant))


def whole(result: Result, variant: str) -> pd.Series:
    """The same of all parts together."""
    sums = parts(result, variant)[["time_ns", "step_bytes"]].sum().to_frame("step").T
    return with_rates(sums, bandwidth(result, variant)).iloc[0]


def with_rates(rows: pd.DataFrame, gb_per_s: float) -> pd.DataFrame:
    known = rows["step_bytes"].gt(0) & rows["time_ns"].gt(0)
    rate = (rows["step_bytes"] / rows["time_ns"].where(known)).where(known)
    return rows.assign(gb_per_s=rate, at_bandwidth_ns=rows["step_bytes"] / gb_per_s, share=rate / gb_per_s)
