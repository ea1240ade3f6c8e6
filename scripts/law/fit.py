#!/usr/bin/env python3
"""Fits the law of placement to measured runs, tests it on those that were held out, and draws both.

    .venv/bin/python scripts/law/fit.py FOLDER [--plelab build/plelab] [--out results/findings/placement_law.h5]

FOLDER is what scripts/law/measure.sh filled.  A run is fitted to when its device, its geometry and its step time all are
of the training lists; every other run is held out.  Beside the result the constants go to configs/law/constants.yaml,
where `plelab law` finds them.
"""
from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

import numpy as np

import front
import law_result
import real_steps
import reported
import runs as measured
from resultfile import ResultError
from runs import Run, RunsError, column

TRAIN_DEVICES = ("nvme", "emmc", "disk")
TRAIN_GEOMETRIES = ("gemma3n_e2b", "qwen3_8_flash_next")
TRAIN_STEPS_MS = (2.0, 12.0)
CONFIG = (f"experiment: placement_law\ntrain_devices: [{', '.join(TRAIN_DEVICES)}]\ntrain_geometries: [{', '.join(TRAIN_GEOMETRIES)}]\n"
          f"train_steps_ms: [{', '.join(f'{ms:g}' for ms in TRAIN_STEPS_MS)}]\n")
COVERED = 0.90  # of held-out runs, by the interval that `plelab law` prints
# What collecting a row, and a KiB of it, may take, of which the pair that fits best is taken.
TRIED_COLLECT_US, TRIED_KIB_US = (0, 2, 4, 8, 12, 18, 27, 40), (0, 0.2, 0.5, 1, 1.7, 2.5)


@dataclasses.dataclass
class Costs:
    """What the machine adds to a step, in µs: once, for each row, and, inside of the wait, for each row and KiB that is collected."""

    step_us: float
    row_us: float
    collect_us: float
    kib_us: float

    def of(self, run: Run) -> float:
        return (self.step_us + self.row_us * run.rows) / 1e3


# Fills the waits that the law predicts with these costs of collecting a row and a KiB.
Predict = Callable[[list[Run], float, float], None]


def held_out(run: Run) -> str:
    """In what the run differs from all that were fitted to: "" or such as "device, step"."""
    differs = (("device", run.device not in TRAIN_DEVICES), ("geometry", run.geometry not in TRAIN_GEOMETRIES),
               ("step", run.step_asked_ms not in TRAIN_STEPS_MS))
    return ", ".join(name for name, new in differs if new)


def not_negative_least_squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The x ≥ 0 that makes |a x − b| smallest, by trying which of its few entries are 0."""
    best, least = np.zeros(a.shape[1]), np.linalg.norm(b)
    for size in range(1, a.shape[1] + 1):
        for kept in map(list, itertools.combinations(range(a.shape[1]), size)):
            x = np.linalg.lstsq(a[:, kept], b, rcond=None)[0]
            error = np.linalg.norm(a[:, kept] @ x - b)
            if (x >= 0).all() and error < least * (1 - 1e-9):
                best, least = np.zeros(a.shape[1]), error
                best[kept] = x
    return best


def steady(runs: list[Run]) -> list[Run]:
    """Those that are known well enough to test a prediction: the baseline's difference from its twin, and half of the interval of the
    change, are below what a prediction may be off at worst.  Says which others there are."""
    kept = [run for run in runs if max(abs(run.control_ms), run.half_ms) <= run.worst_ms]
    for run in runs:
        if run not in kept:
            print(f"left out: {run.device}, {run.geometry}, {run.rows_per_token} rows, {run.step_asked_ms:g} ms: its baseline differs from itself by "
                  f"{run.control_ms:+.3f} ms, and its change is known to ±{run.half_ms:.3f} ms, where {run.worst_ms:.3f} is allowed. Remove its file "
                  "and run measure.sh again", file=sys.stderr)
    return kept


def fit(runs: list[Run], predict: Predict) -> Costs:
    """Errors count in units of what is allowed, as they do when the law is tested.  Leaves the waits of the best costs in the runs."""
    weights = 1 / (column(runs, "scale_ms") * 1e3)
    a = np.stack([np.ones(len(runs)), column(runs, "rows")], axis=1) * weights[:, None]
    best, least = Costs(0, 0, 0, 0), np.inf
    for collect_us, kib_us in itertools.product(TRIED_COLLECT_US, TRIED_KIB_US):
        predict(runs, collect_us, kib_us)
        rest = (column(runs, "delta_ms")[:, 0] - column(runs, "wait_ms")) * 1e3 * weights
        x = not_negative_least_squares(a, rest)
        error = np.abs(a @ x - rest).sum()
        if error < least:
            best, least = Costs(*x, collect_us, kib_us), error
    if best.collect_us == TRIED_COLLECT_US[-1] or best.kib_us == TRIED_KIB_US[-1]:
        print(f"the best costs of collecting are the largest that were tried ({best}): try larger ones", file=sys.stderr)
    return best


def fit_kinds(runs: list[Run], predict: Predict) -> dict[bool, Costs]:
    """One set of costs for files that model a device, which read from the page cache, and one for real reads."""
    costs = {}
    for modelled in (True, False):
        train = [run for run in runs if run.modelled == modelled and not held_out(run)]
        if len(train) < 3:
            raise RunsError(f"{len(train)} runs of {'modelled devices' if modelled else 'this disk'} to fit to; expected at least 3")
        costs[modelled] = fit(train, predict)
        predict([run for run in runs if run.modelled == modelled], costs[modelled].collect_us, costs[modelled].kib_us)
    return costs


def errors(runs: list[Run], costs: dict[bool, Costs]) -> dict[str, np.ndarray]:
    """Predictions of each run, and how far they are off: in units that must be ≤ 1 at the median and at worst."""
    predicted = np.array([run.wait_ms + costs[run.modelled].of(run) for run in runs])
    predicted_p99 = np.array([run.p99_wait_ms + costs[run.modelled].of(run) for run in runs])
    off = np.abs(predicted - np.array([run.delta_ms[0] for run in runs]))
    p99 = np.array([run.p99_ms[0] for run in runs])
    scale_p99 = np.maximum(measured.SHARE_OF_DELTA * np.abs(p99), measured.SHARE_OF_STEP * column(runs, "step_ms"))
    return {"predicted_ms": predicted, "predicted_p99_ms": predicted_p99, "units": off / column(runs, "scale_ms"),
            "worst_units": off / column(runs, "worst_ms"), "p99_units": np.abs(predicted_p99 - p99) / scale_p99}


def covering(units: np.ndarray) -> float:
    """The smallest bound that holds COVERED of further values too (split conformal: rank ⌈(n + 1) · COVERED⌉)."""
    units = np.sort(units[~np.isnan(units)])
    if not len(units):
        raise RunsError("no held-out run to tell the interval from")
    return units[min(math.ceil((len(units) + 1) * COVERED), len(units)) - 1]


def write_constants(path: pathlib.Path, costs: Costs, mean_units: float, p99_units: float, fitted_to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# Written by scripts/law/fit.py: what the machine adds to a step that reads rows from a real device, and how far the\n"
                    "# law was off on held-out runs, in units of the larger of 10 % of the difference and 0.5 % of the step.\n"
                    f"step_us: {costs.step_us:.4f}\nrow_us: {costs.row_us:.4f}\ncollect_us: {costs.collect_us:.4f}\nkib_us: {costs.kib_us:.4f}\n"
                    f"mean_error_units: {max(mean_units, 1e-3):.4f}\np99_error_units: {max(p99_units, 1e-3):.4f}\nfitted_to: \"{fitted_to}\"\n")


def summary(runs: list[Run], found: dict[str, np.ndarray], costs: dict[bool, Costs]) -> str:
    lines = [f"{'modelled device' if kind else 'real reads'}: {c.step_us:.1f} µs a step, {c.row_us:.2f} µs a row; to collect "
             f"{c.collect_us:.1f} µs a row and {c.kib_us:.2f} µs a KiB"
             for kind, c in costs.items()]
    out = np.array([bool(held_out(run)) for run in runs])
    for name, chosen in (("fitted to", ~out), ("held out", out)):
        units, worst = found["units"][chosen], found["worst_units"][chosen]
        if not len(units):
            continue
        lines.append(f"{name}: {len(units)} runs; error at the median {np.median(units):.2f} of max(10 % of the difference, 0.5 % of the "
                     f"step), at worst {worst.max():.2f} of max(25 %, 1 %)")
        for i in np.flatnonzero(chosen)[np.argsort(-worst)][:3]:
            run = runs[i]
            lines.append(f"    {run.device}, {run.geometry}, {run.rows_per_token} rows, {run.step_asked_ms:g} ms ({held_out(run) or 'trained'}): "
                         f"measured {run.delta_ms[0]:.3f} ms [{run.delta_ms[1]:.3f}, {run.delta_ms[2]:.3f}], predicted "
                         f"{found['predicted_ms'][i]:.3f} (wait {run.wait_ms:.3f}, counted {run.measured_wait_ms:.3f})")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--plelab", type=pathlib.Path, default=pathlib.Path("build/plelab"))
    parser.add_argument("--trace", default="configs/traces/northanger_abbey_gemma.json", help="that the runs replayed")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results/findings/placement_law.h5"))
    parser.add_argument("--findings", type=pathlib.Path, default=pathlib.Path("results/findings"), help="with the steps of real models")
    parser.add_argument("--constants", type=pathlib.Path, default=pathlib.Path("configs/law/constants.yaml"))
    parser.add_argument("--keep-unsteady", action="store_true", help="also fit to runs of a busy machine, to try this script")
    arguments = parser.parse_args()
    runs = measured.read_runs(arguments.folder)
    if not arguments.keep_unsteady:
        runs = steady(runs)
    with tempfile.TemporaryDirectory() as folder:
        def predict(some: list[Run], collect_us: float, kib_us: float) -> None:
            constants = pathlib.Path(folder) / "constants.yaml"
            write_constants(constants, Costs(0, 0, collect_us, kib_us), 0, 0, "nothing")
            measured.predict(some, arguments.folder, arguments.plelab, arguments.trace, constants)

        costs = fit_kinds(runs, predict)
    found = errors(runs, costs)
    out = np.array([bool(held_out(run)) for run in runs])
    if not out.any():
        raise RunsError("no run is held out: the law would only be tested on what it was fitted to")
    real = out & np.array([not run.modelled for run in runs])  # whose costs `plelab law` is given
    write_constants(arguments.constants, costs[False], covering(found["units"][real]), covering(found["p99_units"][real]), str(arguments.out))
    more = {
        "law/map": law_result.map_rows(arguments.plelab, arguments.constants),
        "law/front": front.points(arguments.plelab, arguments.constants, arguments.trace, front.weight_rate(arguments.findings)),
        "law/real": real_steps.rows(arguments.findings, arguments.plelab, arguments.constants, arguments.folder / "profiles" / "disk.yaml"),
        "law/reported": reported.rows(arguments.plelab, arguments.constants),
    }
    law_result.write(arguments.out, arguments.folder, CONFIG, runs, [held_out(run) for run in runs], found, costs, more)
    print(summary(runs, found, costs))
    for path in law_result.draw(arguments.out):
        print(path)


if __name__ == "__main__":
    try:
        main()
    except (RunsError, ResultError, OSError, subprocess.SubprocessError) as error:
        print(f"fit.py: {error}", file=sys.stderr)
        sys.exit(2)
