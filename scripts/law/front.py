"""How fast a budget of memory lets E2B be: weights, keys and values, and hot rows together, by the law."""
from __future__ import annotations

import pathlib

import runs as measured
from resultfile import Result

GEOMETRY, ROW_BYTES, ROWS = "gemma3n_e2b", 15360, 262_144
# Parameters that a step of E2B reads (plelab inspect: working_set), and bits per weight with the scales of groups of 32.
WORKING_SET = 2_421_916_768
FORMATS = {"bfloat16": 16.0, "int8": 8.5, "int4": 4.5}
CONTEXT = 4096
# The layers with keys and values of their own: 4 see everything, 16 the last 512 tokens; 2 heads of 256 bfloat16 values each.
KV_BYTES = (4 * CONTEXT + 16 * 512) * 2 * 2 * 256 * 2
CACHES_MIB = (0, 1, 4, 16, 64, 256)
DEVICES = ("nvme", "ufs4", "ufs3", "emmc", "sd")


def weight_rate(findings: pathlib.Path) -> float:
    """Bytes of weights per second in the resident steps of ple_storage_e2b.h5."""
    result = Result(findings / "ple_storage_e2b.h5")
    steps = result.table("steps")
    return float(steps.loc[steps["variant"] == "resident", "step_bytes"].mean() / result.level_ns("resident", "mean") * 1e9)


def points(plelab: pathlib.Path, constants: pathlib.Path, trace: str, weight_bytes_per_s: float) -> list[dict]:
    """Every format with every cache on every device, and with the whole table in memory.

    weight_bytes_per_s: at which the model reads its weights; other formats are taken to read theirs as fast.
    """
    rows = []
    for form, bits in FORMATS.items():
        weights = WORKING_SET * bits / 8
        step_ms = weights / weight_bytes_per_s * 1e3

        def add(device: str, cache_bytes: float, hit_rate: float, tokens_per_s: dict[str, float]) -> None:
            rows.append({"device": device, "form": form, "cache_bytes": float(cache_bytes), "memory_bytes": weights + KV_BYTES + cache_bytes,
                         "step_ms": step_ms, "hit_rate": float(hit_rate), "tokens_per_s": tokens_per_s["value"],
                         "low_per_s": tokens_per_s["low"], "high_per_s": tokens_per_s["high"]})

        add("memory", ROW_BYTES * ROWS, 1.0, dict.fromkeys(("value", "low", "high"), 1e3 / step_ms))
        for mib in CACHES_MIB:
            for case in measured.ask_law(plelab, ["--device", ",".join(DEVICES), "--geometry", GEOMETRY, "--step-ms", f"{step_ms:.6f}", "--trace",
                                                  trace, "--cache", f"{mib}MiB", "--policy", "s3fifo", "--constants", str(constants)]):
                add(case["device"], mib * 2**20, case["hit_rate"], case["tokens_per_s"])
    mark_front(rows)
    return rows


def mark_front(rows: list[dict]) -> None:
    """on_front: no other point of the same device, or with the whole table in memory, is as small and faster."""
    for row in rows:
        rivals = [other for other in rows if other["device"] in (row["device"], "memory") and other is not row]
        row["on_front"] = int(not any(other["memory_bytes"] <= row["memory_bytes"] and other["tokens_per_s"] > row["tokens_per_s"]
                                      for other in rivals))
