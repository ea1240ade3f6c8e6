"""A result file as pandas tables, and the statistics that figures and report share.  Both read nothing but result files."""
from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys

import numpy as np
import pandas as pd


STEPS_FOR_P99 = 1024  # fewer determine no 99th percentile
CONTROL_SUFFIX = "@control"  # ends the name of a baseline's twin


class ResultError(Exception):
    """An error that the user can correct.  Its message is one line: what is wrong and what to do."""


MOST_MESSAGE = 2000  # characters
# What the scripts read of the tables.  Where such a table is there, it must have these columns.
CURVE = ("series", "label", "x", "y")
COLUMNS = {
    "tables/variants": ("variant", "strategy", "options", "baseline", "exact", "status", "error", "fast_bytes", "file_bytes"),
    "tables/comparisons": ("metric", "variant", "baseline", "statistic", "value", "low", "high", "reps", "margin", "verdict", "control",
                           "p", "p_corrected"),
    "tables/steps": ("variant", "rep", "step", "step_ns", "ple_wait_ns", "ple_hidden_ns", "lookups", "hits", "bytes_asked", "bytes_moved"),
    "tables/step_parts": ("variant", "rep", "part", "time_ns", "step_bytes"),
    "tables/reps": ("variant", "rep", "ttft_ns", "prefill_ns", "bandwidth_before", "bandwidth_after"),
    "tables/memory": ("variant", "rep", "phase", "counter", "bytes"),
    "tables/accuracy": ("variant", "task", "metric", "value", "low", "high"),
    "curves/parameter_groups": CURVE, "curves/cache_locality": CURVE, "curves/cache_policies": CURVE, "curves/interleaved_users": CURVE,
    "curves/after_idle": CURVE, "curves/vocabulary_growth": CURVE, "curves/lru_by_capacity": CURVE, "curves/offload_vs_mlp": CURVE,
    "curves/domain_hits": CURVE, "curves/domain_above_lru": CURVE, "curves/domain_gap": CURVE, "curves/replayed_hits": CURVE,
    "tables/replay_row_costs": ("backend", "state", "depth", "row_bytes", "samples", "p50_ns", "p99_ns", "rows_per_s", "skipped"),
    "tables/replay_cache_hits": ("policy", "cache_bytes", "rows", "lookups", "hit_rate"),
    "tables/replay_comparisons": ("step_ms", "variant", "baseline", "control", "reps", "steps", "mean_ns", "p50_ns", "p99_ns", "difference_ns",
                                  "difference_low_ns", "difference_high_ns", "median_difference_ns", "median_difference_low_ns",
                                  "median_difference_high_ns", "margin", "verdict", "wait_ns"),
    "curves/weights_read": CURVE, "curves/encode": CURVE, "curves/loss_by_frequency": CURVE,
}
# Columns that files of schema_version 1 lack, and what they say of them.
SINCE_2 = {
    "tables/variants": {"group": "", "helper_threads": np.nan},
    "tables/reps": {"guest_cold": "not_asked", "device_cold": "not_asked", "flag": ""},
    "tables/steps": {"ple_read_ns": np.nan, "held_bytes": np.nan},
}
TEXT_COLUMNS = {"variant", "baseline", "statistic", "verdict", "strategy", "options", "status", "error", "phase", "counter", "task",
                "metric", "part", "series", "label", "group", "guest_cold", "device_cold", "flag",
                "backend", "state", "policy", "skipped"}


def one_line(message) -> str:
    """A message as one line of printable characters, of a length that fits a screen."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(message))
    return text if len(text) <= MOST_MESSAGE else text[:MOST_MESSAGE - 1] + "…"


CHILD = (sys.executable, str(pathlib.Path(__file__).with_name("hdf5_child.py")))


def read_hdf5(path: pathlib.Path) -> dict:
    """The attributes and tables of a result, read by a child process: a damaged file can crash inside the HDF5 library."""
    child = subprocess.run([*CHILD, path], capture_output=True)
    if child.returncode == 0:
        return pickle.loads(child.stdout)
    said = child.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    if child.returncode < 0:
        raise ResultError(f"{path}: damaged: reading it ends with {signal.Signals(-child.returncode).name} inside the HDF5 library; "
                          "expected a result of `build/plelab run`")
    raise ResultError(f"{path}: not a result file, or a damaged one ({said[-1]}); expected a result of `build/plelab run`")


def add_columns(name: str, frame: pd.DataFrame) -> None:
    """Gives a table of an older file the columns that it lacks.  What version 1 called cold was only ever the guest's page cache."""
    for column, value in SINCE_2.get(name, {}).items():
        if column not in frame:
            frame[column] = pd.Series([value] * len(frame), dtype=object if isinstance(value, str) else float)
    if name == "tables/reps" and "cold_verified" in frame:
        frame["guest_cold"] = frame["cold_verified"].replace({"unverified": "yes"})
        frame["device_cold"] = frame["cold_verified"].replace({"unverified": "unknown", "yes": "unknown", "no": "unknown"})


def check_columns(path: pathlib.Path, name: str, frame: pd.DataFrame) -> None:
    for column in (*COLUMNS.get(name, ()), *SINCE_2.get(name, ())):
        if column not in frame:
            raise ResultError(f"{path}: {name} has no column '{column}'; expected a result of `build/plelab run`")
        found = "text" if frame[column].dtype == object else "numbers"
        expected = "text" if column in TEXT_COLUMNS else "numbers"
        if found != expected:
            raise ResultError(f"{path}: {name}: expected {expected} in column '{column}', found {found}")


class Result:
    """One .h5 file: `meta` (dict), `table(name)`, `curve(name)`; see results/README.md for the columns."""

    def __init__(self, path: str | pathlib.Path, read: dict | None = None):
        self.path = pathlib.Path(path)
        self.worth = pd.DataFrame()  # the arms that a figure draws beside this result (arms.worth)
        if not self.path.exists():
            raise ResultError(f"{path}: no such result; `build/plelab run CONFIG.yaml` writes one")
        if not self.path.is_file():
            raise ResultError(f"{path}: not a regular file; expected a result of `build/plelab run`")
        read = read or read_hdf5(self.path)
        self.meta = read["meta"]
        self._tables = self._frames(read, "tables")
        self._curves = self._frames(read, "curves")
        self.training = self._frames(read, "training")  # keys are runs, NAME_SEED
        self.own = self._frames(read, "own")  # keys are names with their group, law/runs
        if "variants" in self._tables and self._tables["variants"].duplicated("variant").any():
            raise ResultError(f"{path}: damaged: tables/variants names a variant twice")

    def _frames(self, read: dict, group: str) -> dict[str, pd.DataFrame]:
        # Columns of text keep numpy's type `object`, which pandas 3 would turn into a type of its own.
        frames = {name: pd.DataFrame({column: pd.Series(values, dtype=values.dtype) for column, values in columns.items()})
                  for name, columns in read[group].items()}
        for name, frame in frames.items():
            add_columns(f"{group}/{name}", frame)
            check_columns(self.path, f"{group}/{name}", frame)
        return frames

    @contextlib.contextmanager
    def reading(self):
        """Around what is made of the tables: contents that do not fit together are an error of the file, in one line."""
        try:
            yield
        except (ResultError, OSError):
            raise
        except Exception as error:
            if os.environ.get("PLELAB_TRACEBACK"):
                raise
            raise ResultError(f"{self.path}: damaged: its tables do not fit together ({type(error).__name__}: {error}); "
                              "PLELAB_TRACEBACK=1 shows where") from None

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

    @property
    def is_replay(self) -> bool:
        """Made of what plelab-replay wrote: times of a machine's storage, without a model."""
        return self.meta.get("program") == "plelab-replay"

    def shown(self) -> pd.DataFrame:
        """The variants in the order of the config, without the twins of the baselines."""
        variants = self.table("variants")
        return variants[variants["variant"] != variants["baseline"] + CONTROL_SUFFIX] if len(variants) else variants

    def done(self) -> pd.DataFrame:
        """Those that finished."""
        variants = self.shown()
        return variants[variants["status"] == "done"] if len(variants) else variants

    def baseline_of(self, variant: str) -> str | None:
        """What the file compares a variant with; None where it compares it with nothing."""
        rows = self.table("variants")
        name = rows.loc[rows["variant"] == variant, "baseline"].iloc[0] if len(rows) else ""
        return name or None

    def is_baseline(self, variant: str) -> bool:
        return self.baseline_of(variant) == variant

    def comparison_row(self, variant: str, statistic: str, metric: str = "step_ns") -> pd.Series | None:
        """The row of /tables/comparisons; None where there is none, as in files of schema_version 1."""
        table = self.table("comparisons")
        if not len(table):
            return None
        rows = table[(table["variant"] == variant) & (table["metric"] == metric) & (table["statistic"] == statistic)]
        return rows.iloc[0] if len(rows) else None

    def comparison(self, variant: str, statistic: str, metric: str = "step_ns") -> tuple[float, float, float]:
        """(value, low, high) of a statistic as the run computed it; NaN where it has none."""
        row = self.comparison_row(variant, statistic, metric)
        return (np.nan,) * 3 if row is None else tuple(row[["value", "low", "high"]])

    def verdict(self, variant: str, statistic: str, metric: str = "step_ns") -> str:
        """pass, fail or undecided by the margin; "" where there is none."""
        row = self.comparison_row(variant, statistic, metric)
        return "" if row is None else row["verdict"]

    def control_floor(self, baseline: str, statistic: str, metric: str = "step_ns") -> float:
        """How far from 0 the interval of a twin of `baseline` reaches: what is below it is no difference.  NaN without a control."""
        bounds = np.abs(self.comparison(baseline + CONTROL_SUFFIX, statistic, metric))
        return float(np.nanmax(bounds)) if np.isfinite(bounds).any() else np.nan

    def level_ns(self, variant: str, statistic: str) -> float:
        """mean, median, p95 or p99 of a variant's own steps, as the run computed it.

        Files from before the run stored it have their quantiles described here: of all steps, and no p99 of fewer than STEPS_FOR_P99.
        """
        value = self.comparison(variant, statistic)[0]
        steps = self.steps_ms(variant) * 1e6
        if not np.isnan(value) or not len(steps) or (statistic == "p99" and len(steps) < STEPS_FOR_P99):
            return value
        return float(steps.mean() if statistic == "mean" else np.quantile(steps, {"median": 0.5, "p95": 0.95, "p99": 0.99}[statistic]))

    def baselines(self) -> list[str]:
        """What the variants that finished are compared with, in the order of the config."""
        return list(dict.fromkeys(name for name in self.done()["baseline"] if name)) if len(self.done()) else []

    def flagged(self) -> dict[int, str]:
        """Repetitions that the run itself finds suspect → why."""
        reps = self.table("reps")
        if not len(reps):
            return {}
        rows = reps[reps["flag"] != ""]
        return {int(rep): "; ".join(dict.fromkeys(group["flag"])) for rep, group in rows.groupby("rep")}

    def cold(self, variant: str) -> tuple[str, str]:
        """(guest, device): the worst that any repetition says of the variant's reads, "" where nobody asked."""
        reps = self.table("reps")
        rows = reps[reps["variant"] == variant] if len(reps) else reps
        return tuple(next((word for word in ("no", "unknown", "yes") if len(rows) and (rows[column] == word).any()), "")
                     for column in ("guest_cold", "device_cold"))

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


def read_all(paths) -> list[Result]:
    """The results at `paths`.  One child reads them all, because most of the time of a small file is that of starting one."""
    child = subprocess.run([*CHILD, *paths], capture_output=True)
    if child.returncode != 0:
        return [Result(path) for path in paths]  # says which one is not readable, and why
    pickles = io.BytesIO(child.stdout)
    return [Result(path, pickle.load(pickles)) for path in paths]


def main_guard(main) -> None:
    """Runs a script's main.  An error is one line: exit 2 for one that the user can correct, 1 for what cannot be written."""
    try:
        main()
        sys.stdout.flush()
    except ResultError as error:
        print(one_line(error), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(one_line(f"{error.filename or 'output'}: {error.strerror or error}"), file=sys.stderr)
        os._exit(1)  # without another try to write what standard output did not take
    except Exception as error:  # several results that each can be read, but not set beside each other
        if os.environ.get("PLELAB_TRACEBACK"):
            raise
        print(one_line(f"these results do not fit together ({type(error).__name__}: {error}); PLELAB_TRACEBACK=1 shows where"),
              file=sys.stderr)
        sys.exit(2)
