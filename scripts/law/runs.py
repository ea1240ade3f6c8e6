"""The runs that measure.sh made, and what the law says of each without constants of a machine."""
from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))  # what scripts share: resultfile, resultwriter, figures
from intervals import half_width  # noqa: E402

# An error is counted in units of the larger of these shares of the difference and of the step (model/law/placement_law.h).
SHARE_OF_DELTA, SHARE_OF_STEP = 0.10, 0.005
# At worst an error may be this many times as large.
WORST_DELTA, WORST_STEP = 0.25, 0.01
UNLIMITED_DEPTH, URING_DEPTH = 4096, 64  # of a throttled file, and of plelab's io_uring


class RunsError(Exception):
    """One line: what is wrong, and what to do."""


@dataclasses.dataclass
class Run:
    device: str
    geometry: str
    rows_per_token: int
    step_asked_ms: float
    step_ms: float  # median of the baseline's steps in the same run
    pause_ms: float  # mean, from the end of a step of the variant to the begin of its next one: nothing is read meanwhile
    row_bytes: int
    rows: float  # asked for in a step
    delta_ms: tuple[float, float, float]  # measured: value, low, high (change_ms)
    mean_ms: tuple[float, float, float]  # the plain mean difference of steps
    p99_ms: tuple[float, float, float]
    control_ms: float  # what the baseline's twin differed by
    measured_wait_ms: float  # as the variant counted it, less the baseline's
    wait_ms: float = math.nan  # predicted
    p99_wait_ms: float = math.nan

    @property
    def modelled(self) -> bool:
        return not self.device.startswith("disk")

    @property
    def half_ms(self) -> float:
        return (self.delta_ms[2] - self.delta_ms[1]) / 2

    @property
    def scale_ms(self) -> float:
        return max(SHARE_OF_DELTA * abs(self.delta_ms[0]), SHARE_OF_STEP * self.step_ms)

    @property
    def worst_ms(self) -> float:
        return max(WORST_DELTA * abs(self.delta_ms[0]), WORST_STEP * self.step_ms)


def _interval_ms(row: dict, name: str) -> tuple[float, float, float]:
    values = (row[f"{name}_ns"], row[f"{name}_low_ns"], row[f"{name}_high_ns"])
    return tuple(math.nan if value is None else value / 1e6 for value in values)


def _pause_ms(steps: list[dict]) -> float:
    """steps: the variant's, in their order."""
    return float(np.mean([b["begin_ns"] - a["begin_ns"] - a["step_ns"] for a, b in zip(steps, steps[1:]) if a["rep"] == b["rep"]])) / 1e6


def _by_rep(steps: list[dict]) -> dict[int, dict[int, tuple[float, float]]]:
    """(wait, rest of the step) in ms of each step of each repetition."""
    found: dict[int, dict[int, tuple[float, float]]] = {}
    for step in steps:
        found.setdefault(step["rep"], {})[step["step"]] = (step["wait_ns"] / 1e6, (step["step_ns"] - step["wait_ns"]) / 1e6)
    return found


def change_ms(steps: list[dict], baseline: list[dict]) -> tuple[float, float, float]:
    """How much longer a step is: the mean of what it waits longer, and the median of how much longer its rest is.

    Steps of the same text are pairs.  Where a machine stalls for milliseconds, now in one step, now in another, the mean of the rest
    would say more of the stalls than of the rows; what the rows do to the rest, they do to most steps.  95 % interval of Student over
    repetitions.
    """
    ours, theirs = _by_rep(steps), _by_rep(baseline)
    changes = []
    for rep in ours:
        pairs = np.array([(*ours[rep][step], *theirs[rep][step]) for step in ours[rep] if step in theirs.get(rep, {})])
        changes.append(float(np.mean(pairs[:, 0] - pairs[:, 2]) + np.median(pairs[:, 1] - pairs[:, 3])))
    mean, half = float(np.mean(changes)), half_width(np.array(changes))
    return mean, mean - half, mean + half


def read_run(path: pathlib.Path) -> Run:
    """A file DEVICE__GEOMETRY__ROWS__STEPms.jsonl of plelab-replay."""
    try:
        device, geometry, rows, step = path.stem.split("__")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        meta = lines[0]
        contrasts = [line for line in lines if line["kind"] == "comparisons"]
        baseline = next(c for c in contrasts if c["variant"] == c["baseline"])
        variant = next(c for c in contrasts if not c["control"] and c["variant"] != c["baseline"])
        twin = next(c for c in contrasts if c["control"])
        steps, base_steps, twin_steps = ([line for line in lines if line["kind"] == "steps" and line["variant"] == one["variant"]]
                                         for one in (variant, baseline, twin))
        pause_ms = _pause_ms(steps)
        return Run(device, geometry, int(rows), float(step.removesuffix("ms")), baseline["p50_ns"] / 1e6, pause_ms, int(meta["row_bytes"]),
                   variant["lookups"], change_ms(steps, base_steps), _interval_ms(variant, "difference"),
                   _interval_ms(variant, "p99_difference"), change_ms(twin_steps, base_steps)[0], (variant["wait_ns"] - baseline["wait_ns"]) / 1e6)
    except (ValueError, KeyError, StopIteration, IndexError, TypeError) as error:
        raise RunsError(f"{path}: expected a run of scripts/law/measure.sh, found {type(error).__name__}: {error}") from error


def read_runs(folder: pathlib.Path) -> list[Run]:
    runs = [read_run(path) for path in sorted((folder / "runs").glob("*.jsonl"))]
    if not runs:
        raise RunsError(f"{folder}/runs: no run; scripts/law/measure.sh {folder} makes them")
    return runs


def ask_law(plelab: pathlib.Path, arguments: list[str]) -> list[dict]:
    """What `plelab law --json` answers: its cases."""
    done = subprocess.run([str(plelab), "law", "--json", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RunsError(f"{plelab} law {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)["cases"]


def predict(runs: list[Run], folder: pathlib.Path, plelab: pathlib.Path, trace: str, constants: pathlib.Path) -> None:
    """Fills wait_ms and p99_wait_ms with what the law says: with constants of 0, what the device's queue alone makes a step wait."""
    def ask(run: Run) -> None:
        case, = ask_law(plelab, [
            "--device", str(folder / "profiles" / f"{run.device}.yaml"), "--geometry", run.geometry, "--step-ms", f"{run.step_ms:.6f}",
            "--rows-per-token", str(run.rows_per_token), "--trace", trace, "--pause-ms", f"{run.pause_ms:.6f}",
            "--queue-depth", str(UNLIMITED_DEPTH if run.modelled else URING_DEPTH), "--constants", str(constants)])
        run.wait_ms, run.p99_wait_ms = case["delta_ms"]["value"], case["p99_delta_ms"]["value"]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(ask, runs))


def column(runs: list[Run], name: str) -> np.ndarray:
    return np.array([getattr(run, name) for run in runs])
