"""Steps of real models beside what the law says of them."""
from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import runs as measured
from resultfile import Result

NS_PER_MS = 1e6


@dataclasses.dataclass
class RealStep:
    file: str
    variant: str
    geometry: str
    trace: str


REAL = (RealStep("ple_storage_e2b.h5", "disk_uring", "gemma3n_e2b", "configs/traces/northanger_abbey_gemma.json"),
        RealStep("ple_packed_small.h5", "bfloat16_uring", "small", "configs/traces/small/books.json"))


def steps_of(result: Result, variant: str) -> list[dict]:
    """As change_ms reads them."""
    steps = result.table("steps")
    steps = steps[steps["variant"] == variant]
    return [{"rep": row.rep, "step": row.step, "step_ns": row.step_ns, "wait_ns": row.ple_wait_ns} for row in steps.itertuples()]


def rows(findings: pathlib.Path, plelab: pathlib.Path, constants: pathlib.Path, profile: pathlib.Path) -> list[dict]:
    """profile: of the disk that the runs read, measured on the same day."""
    found = []
    for real in REAL:
        result = Result(findings / real.file)
        baseline = result.baseline_of(real.variant)
        delta = measured.change_ms(steps_of(result, real.variant), steps_of(result, baseline))
        mean = np.array(result.comparison(real.variant, "mean_difference")) / NS_PER_MS
        step_ms = result.level_ns(baseline, "mean") / NS_PER_MS
        # Between two steps of the variant lies a turn of each of the others, the baseline's twin among them.
        pause_ms = (len(result.table("variants")) - 1) * step_ms
        case, = measured.ask_law(plelab, ["--device", str(profile), "--geometry", real.geometry, "--step-ms", f"{step_ms:.6f}", "--trace", real.trace,
                                          "--pause-ms", f"{pause_ms:.6f}", "--queue-depth", str(measured.URING_DEPTH), "--constants", str(constants)])
        law = case["delta_ms"]
        found.append({"file": real.file, "variant": real.variant, "weights": result.weights, "step_ms": step_ms, "measured_ms": delta[0],
                      "measured_low_ms": delta[1], "measured_high_ms": delta[2], "mean_difference_ms": mean[0], "predicted_ms": law["value"], "predicted_low_ms": law["low"],
                      "predicted_high_ms": law["high"]})
    return found
