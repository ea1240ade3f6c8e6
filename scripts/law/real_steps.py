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


def rows(findings: pathlib.Path, plelab: pathlib.Path, constants: pathlib.Path, profile: pathlib.Path) -> list[dict]:
    """profile: of the disk that the runs read, measured on the same day."""
    found = []
    for real in REAL:
        result = Result(findings / real.file)
        delta = np.array(result.comparison(real.variant, "mean_difference")) / NS_PER_MS
        baseline = result.baseline_of(real.variant)
        step_ms = result.level_ns(baseline, "mean") / NS_PER_MS
        # Two turns of others lie between two steps of the variant: the baseline's and its twin's.
        case, = measured.ask_law(plelab, ["--device", str(profile), "--geometry", real.geometry, "--step-ms", f"{step_ms:.6f}", "--trace", real.trace,
                                          "--pause-ms", f"{2 * step_ms:.6f}", "--queue-depth", str(measured.URING_DEPTH), "--constants", str(constants)])
        law = case["delta_ms"]
        found.append({"file": real.file, "variant": real.variant, "weights": result.weights, "step_ms": step_ms, "measured_ms": delta[0],
                      "measured_low_ms": delta[1], "measured_high_ms": delta[2], "predicted_ms": law["value"], "predicted_low_ms": law["low"],
                      "predicted_high_ms": law["high"]})
    return found
