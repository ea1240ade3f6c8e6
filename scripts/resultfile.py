"""A result file as pandas tables, and the statistics that figures and report share.  Both read nothing but result files."""
from __future__ import annotations

import json
import pathlib
import sys

import h5py
import numpy as np
import pandas as pd

RESAMPLES = 2000
BLOCK = 32  # neighbouring steps are resampled together, because the state of the machine affects them alike
BASELINE_STRATEGY = "resident"


class ResultError(Exception):
    """An error that the user can correct.  Its message is one line: what is wrong and what to do."""


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class Result:
    """One .h5 file: `meta` (dict), `table(name)`, `curve(name)`; see results/README.md for the columns."""

    def __init__(self, path: str | pathlib.Path):
        self.path = pathlib.Path(path)
        self.worth = pd.DataFrame()  # the arms that a figure draws beside this result (arms.worth)
        if not self.path.exists():
            raise ResultError(f"{path}: no such result; `build/plelab run CONFIG.yaml` writes one")
        try:
            with h5py.File(self.path, "r") as file:
                self.meta = {k: _text(v) for k, v in file["meta"].attrs.items()} if "meta" in file else {}
                for key, item in file["meta"].items() if "meta" in file else ():
                    self.meta[key] = _text(item[()])
                self._tables = {k: self._frame(v) for k, v in file.get("tables", {}).items()}
                self._curves = {k: self._frame(v) for k, v in file.get("curves", {}).items()}
                self.training = {k: self._frame(v) for k, v in file.get("training", {}).items()}  # keys are runs, NAME_SEED
                self._curve_units = {k: {a: _text(b) for a, b in v.attrs.items()} for k, v in file.get("curves", {}).items()}
        except OSError as error:
            raise ResultError(f"{path}: not a result file ({error})") from None

    @staticmethod
    def _frame(dataset) -> pd.DataFrame:
        frame = pd.DataFrame(dataset[...])
        for column in frame.columns[frame.dtypes == object]:
            frame[column] = frame[column].map(_text)
        return frame

    def table(self, name: str) -> pd.DataFrame:
        return self._tables.get(name, pd.DataFrame())

    def curve(self, name: str) -> pd.DataFrame:
        return self._curves.get(name, pd.DataFrame())

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def weights(self) -> str:
        return str(self.meta.get("weights", "unlabelled"))

    def done(self) -> pd.DataFrame:
        """Variants that finished, in the order of the config."""
        variants = self.table("variants")
        return variants[variants["status"] == "done"] if len(variants) else variants

    def baseline(self) -> str | None:
        variants = self.done()
        exact = variants[variants["exact"] == 1] if len(variants) else variants  # a transform makes a resident variant inexact
        resident = exact[exact["strategy"] == BASELINE_STRATEGY] if len(exact) else exact
        return None if not len(resident) else resident["variant"].iloc[0]

    def options(self, variant: str) -> dict:
        row = self.table("variants").set_index("variant").loc[variant]
        try:
            return json.loads(row["options"])
        except (json.JSONDecodeError, KeyError):
            return {}

    def steps_ms(self, variant: str, column: str = "step_ns") -> np.ndarray:
        steps = self.table("steps")
        if not len(steps):
            return np.array([])
        return steps.loc[steps["variant"] == variant, column].to_numpy() / 1e6

    def accuracy(self, variant: str, metric: str) -> tuple[float, float, float]:
        """(value, low, high) of the first task that has the metric; NaN when it was not measured."""
        table = self.table("accuracy")
        if not len(table):
            return (np.nan,) * 3
        rows = table[(table["variant"] == variant) & (table["metric"] == metric)]
        return tuple(rows[["value", "low", "high"]].iloc[0]) if len(rows) else (np.nan,) * 3

    def memory(self, variant: str, counter: str, phase: str | None = None) -> float:
        """The median of a counter over repetitions, in bytes: of `phase`, or of the phase with the largest median."""
        table = self.table("memory")
        if not len(table):
            return np.nan
        rows = table[(table["variant"] == variant) & (table["counter"] == counter)]
        if phase:
            rows = rows[rows["phase"] == phase]
        return float(rows.groupby("phase")["bytes"].median().max()) if len(rows) else np.nan


def paired_difference_ms(result: Result, variant: str, baseline: str) -> tuple[float, float, float]:
    """The mean difference to the baseline in ms per token, as (value, low, high) of a 95 % interval.

    Steps are paired by (repetition, position); repetitions are resampled, then blocks of steps within them.
    """
    steps = result.table("steps")
    if not len(steps):
        return (np.nan,) * 3
    wide = steps.pivot_table(index=["rep", "step"], columns="variant", values="step_ns")
    if variant not in wide or baseline not in wide:
        return (np.nan,) * 3
    difference = ((wide[variant] - wide[baseline]) / 1e6).dropna()
    per_rep = [group.to_numpy() for _, group in difference.groupby(level="rep")]
    return bootstrap_mean(per_rep)


def bootstrap_mean(per_rep: list[np.ndarray]) -> tuple[float, float, float]:
    per_rep = [r for r in per_rep if len(r)]
    if not per_rep:
        return (np.nan,) * 3
    generator = np.random.default_rng(0)
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        chosen = generator.integers(len(per_rep), size=len(per_rep))
        means[i] = np.mean([_resample_blocks(per_rep[c], generator) for c in chosen])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.mean([r.mean() for r in per_rep])), float(low), float(high)


def _resample_blocks(values: np.ndarray, generator: np.random.Generator) -> float:
    block = min(BLOCK, len(values))
    starts = generator.integers(len(values) - block + 1, size=-(-len(values) // block))
    return float(np.mean(values[starts[:, None] + np.arange(block)]))


def main_guard(main) -> None:
    """Runs a script's main.  A ResultError is printed as one line and exits with code 2."""
    try:
        main()
    except ResultError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
