"""Prints what a reviewer recomputes from /tables/steps alone: whether a difference depends on which steps one looks at.

    .venv/bin/python scripts/audit/even_odd.py RESULT.h5…

For each variant its difference to its baseline in ms over all steps, over even and over odd ones, each with a half-width (95 %, Student
over the differences of repetition means; none below 5 repetitions).  The truth does not depend on whether a step's number is even: where
these disagree, what ran before a step shows.  Beside them: how much longer the model waited for rows, which should explain the difference
or less than it, and the bytes that a step asked for and the kernel moved.  Reads results of any schema_version.
"""
from __future__ import annotations

import argparse
import pathlib
import sys

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from intervals import T_95, half_width  # noqa: E402
from resultfile import Result, ResultError, main_guard  # noqa: E402

T_OF_FIVE = {freedom: t for freedom, t in T_95.items() if freedom >= 4}  # fewer than five repetitions have no half-width here
LOOKS = {"all": (0, 1), "even": (0,), "odd": (1,)}
HEADER = f"{'variant':<28}{'all':>19}{'even':>19}{'odd':>19}{'Δ wait':>9}{'asked':>9}{'moved':>11}"


def repetition_means(steps: pd.DataFrame, halves: tuple[int, ...]) -> pd.DataFrame:
    """ns of a step by repetition (rows) and variant (columns), over steps whose number is even (0), odd (1) or both."""
    kept = steps[(steps["step"] % 2).isin(halves)]
    return kept.groupby(["rep", "variant"])["step_ns"].mean().unstack("variant")


def difference(steps: pd.DataFrame, variant: str, baseline: str, halves: tuple[int, ...]) -> tuple[float, float]:
    """(mean, half-width) of the difference of step times in ms."""
    means = repetition_means(steps, halves)
    apart = ((means[variant] - means[baseline]) / 1e6).dropna()
    return float(apart.mean()), half_width(apart, T_OF_FIVE)


def line(result: Result, variant: str) -> str:
    steps, baseline = result.table("steps"), result.baseline_of(variant)
    looks = [difference(steps, variant, baseline, halves) for halves in LOOKS.values()]
    means = steps.groupby("variant")[["ple_wait_ns", "bytes_asked", "bytes_moved"]].mean()
    waited = (means["ple_wait_ns"][variant] - means["ple_wait_ns"][baseline]) / 1e6
    shown = "".join(f"{f'{value:+.4f} ± {half:.4f}' if half == half else f'{value:+.4f}':>19}" for value, half in looks)
    return f"{variant[:27]:<28}{shown}{waited:>+9.3f}{means['bytes_asked'][variant]:>9,.0f}{means['bytes_moved'][variant]:>11,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULT.h5")
    for path in parser.parse_args().results:
        result = Result(path)
        steps = result.table("steps")
        if not len(steps):
            raise ResultError(f"{path}: no steps were timed in it; expected a result with /tables/steps")
        print(f"{path}: differences in ms per step\n{HEADER}")
        timed = set(steps["variant"])
        for row in result.table("variants").itertuples():
            if row.status == "done" and row.variant in timed and row.baseline in timed and row.baseline != row.variant:
                print(line(result, row.variant))


if __name__ == "__main__":
    main_guard(main)
