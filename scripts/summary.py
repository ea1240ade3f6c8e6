"""Sums up a result in badges and the rows of tables: the first screen of the report, whose sentence is in headline.py."""
from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
from resultfile import CONTROL_SUFFIX, Result

CONTROL_LEVEL = 0.01  # a test of the design fails at a corrected p-value below this
TREND_LEVEL = 0.01  # below it reads get faster or slower from repetition to repetition
NS_PER_MS = 1e6
GREY_LINES = 3
TAIL_SHARE = 0.5  # above it, a few stalls made most of a difference
MOST_FLAGS = 3  # repetitions that are named


def interval(values, digits=2, unit="") -> str:
    value, low, high = values
    if np.isnan(value):
        return "not measured"
    text = f"{value:+.{digits}f}{unit}"
    return text if np.isnan(low) else f"{text} [{low:+.{digits}f}, {high:+.{digits}f}]"


def bytes_text(count: float) -> str:
    if np.isnan(count):
        return "—"
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(count) >= size:
            return f"{count / size:,.2f} {unit}" if count < 100 * size else f"{count / size:,.0f} {unit}"
    return f"{count:,.0f} B"


def variant_rows(result: Result) -> list[dict]:
    return [_variant_row(result, row) for row in result.shown().itertuples()]


def _variant_row(result: Result, row) -> dict:
    """What the report's tables show of a variant; times in ms, waits in µs per token."""
    steps = result.table("steps")
    steps = steps[steps["variant"] == row.variant] if len(steps) else steps
    reps = result.table("reps")
    ttft = reps.loc[reps["variant"] == row.variant, "ttft_ns"] / NS_PER_MS if len(reps) else pd.Series(dtype=float)
    is_baseline = result.is_baseline(row.variant)
    nan3 = (np.nan,) * 3

    def per_step(column: str, scale: float = 1) -> float:
        values = steps[column][steps[column] >= 0] if len(steps) else steps  # -1: the kernel does not tell
        return float(values.mean() / scale) if len(values) else np.nan

    def difference(statistic: str) -> tuple:
        return tuple(value / NS_PER_MS for value in result.comparison(row.variant, statistic))

    return {
        "variant": row.variant, "strategy": row.strategy, "status": row.status, "error": row.error, "group": row.group,
        "exact": bool(row.exact), "packed": bool(result.options(row.variant).get("table")),
        "fast": row.fast_bytes, "file": row.file_bytes, "baseline": row.baseline, "is_baseline": is_baseline,
        "ttft": float(ttft.median()) if len(ttft) else np.nan,
        "mean": result.level_ns(row.variant, "mean") / NS_PER_MS, "median": result.level_ns(row.variant, "median") / NS_PER_MS,
        "p99": result.level_ns(row.variant, "p99") / NS_PER_MS,
        "median_difference": difference("median_difference"), "median_verdict": result.verdict(row.variant, "median_difference"),
        "percent": percent_of_a_step(result, row.variant),
        "mean_difference": difference("mean_difference"), "mean_verdict": result.verdict(row.variant, "mean_difference"),
        "remarks": remarks(result, row.variant),
        "helper_threads": row.helper_threads, "held": float(steps["held_bytes"].median()) if len(steps) else np.nan,
        "wait_us": per_step("ple_wait_ns", 1e3), "hidden_us": per_step("ple_hidden_ns", 1e3), "read_us": per_step("ple_read_ns", 1e3),
        "asked": per_step("bytes_asked"), "moved": per_step("bytes_moved"),
        "hit_rate": steps["hits"].sum() / max(steps["lookups"].sum(), 1) if len(steps) and row.strategy == "cached" else np.nan,
        "cold": result.cold(row.variant),
        "delta_nats": nan3 if is_baseline else result.accuracy(row.variant, "delta_nats"),
    }


LEVELS = {"median_difference": "median", "mean_difference": "mean"}  # a level beside the difference of the same statistic


def percent_of_a_step(result: Result, variant: str, statistic: str = "median_difference") -> float:
    """A paired difference in % of the baseline's step."""
    baseline = result.baseline_of(variant)
    if baseline is None or baseline == variant:
        return np.nan
    return 100 * result.comparison(variant, statistic)[0] / result.level_ns(baseline, LEVELS[statistic])


def predecessors_matter(result: Result, variant: str) -> bool:
    """Whether the mean difference and the same freed of predecessors differ by more than the margin."""
    plain, direct = (result.comparison_row(variant, statistic) for statistic in ("mean_difference", "direct_difference"))
    return plain is not None and direct is not None and bool(abs(plain["value"] - direct["value"]) > plain["margin"])


def remarks(result: Result, variant: str) -> list[str]:
    """What makes a variant's difference less than it seems: predecessors, or a few stalls."""
    found = []
    if predecessors_matter(result, variant):
        direct = [value / NS_PER_MS for value in result.comparison(variant, "direct_difference")]
        found.append(f"freed of predecessors {interval(direct, 3)}")
    share = result.comparison(variant, "tail_share")[0]
    if share > TAIL_SHARE:
        found.append(f"{share:.0%} of it from the slowest 1 % of steps")
    return found


def control_failed(result: Result, baseline: str) -> bool:
    """Whether a test of the design failed in the turns with this baseline."""
    table = result.table("comparisons")
    if not len(table):
        return False
    tests = table[(table["control"] == 1) & (table["metric"] == "step_ns") & (table["baseline"] == baseline)]
    return bool((tests["p_corrected"] < CONTROL_LEVEL).any())


def badges(result: Result) -> list[tuple[str, str, str]]:
    """The badges of a report as (name, value, tone), where tone is good, plain or warn; what decides nothing says so first."""
    weights = result.weights
    out = control_badges(result) + flag_badges(result)
    out.append(("weights", weights, "good" if weights == "trained" else "warn"))
    reps = result.table("reps")
    if len(reps):
        out += cold_badges(result)
        out.append(noise_badge(reps))
    vm = str(result.meta.get("vm", "unknown"))
    out.append(("machine", f"{result.meta.get('cpu_model', 'unknown')}, {result.meta.get('cores', '?')} cores"
                           + ("" if vm in ("none", "unknown") else f", {vm}"), "plain"))
    if str(result.meta.get("dirty_hash", "clean")) not in ("", "clean", "none", "unknown"):
        out.append(("source", "uncommitted changes", "warn"))
    return out


def control_badges(result: Result) -> list[tuple[str, str, str]]:
    """What the run's own controls say: a badge for each baseline that has a twin, or that there is none where steps were timed."""
    table = result.table("comparisons")
    tests = table[(table["control"] == 1) & (table["metric"] == "step_ns")] if len(table) else table
    out = []
    names = list(dict.fromkeys(tests["baseline"])) if len(tests) else []
    for baseline in names:
        twin = [value / 1e3 for value in result.comparison(baseline + CONTROL_SUFFIX, "mean_difference")]
        carry = tests[(tests["statistic"] == "carry_over") & (tests["baseline"] == baseline)]
        carries = (carry["p_corrected"] < CONTROL_LEVEL).any()
        tested = carry["p_corrected"].notna().any()
        text = f"{interval(twin, 1, ' µs')}, {'carry-over' if carries else 'no carry-over' if tested else 'carry-over not tested'}"
        failed = control_failed(result, baseline)
        out.append((f"control of {baseline}" if len(names) > 1 else "control", ("FAILED: " if failed else "") + text,
                    "good" if tested and not failed else "warn"))
    return sorted(out, key=lambda badge: badge[2] != "warn") or ([("control", "none", "warn")] if len(result.table("steps")) else [])


def flag_badges(result: Result) -> list[tuple[str, str, str]]:
    """Repetitions on a busy machine, and what to do about them."""
    flagged = result.flagged()
    if not flagged:
        return []
    text = "; ".join(f"repetition {rep} flagged: {why}" for rep, why in list(flagged.items())[:MOST_FLAGS])
    more = f"; and {len(flagged) - MOST_FLAGS} more" if len(flagged) > MOST_FLAGS else ""
    return [("busy machine", f"{text}{more}; measure again when the machine is idle", "warn")]


def cold_badges(result: Result) -> list[tuple[str, str, str]]:
    """What is known of all variants whose reads were looked at, the worst word first; the table has it by variant."""
    words = [result.cold(variant) for variant in result.done()["variant"]]
    out = []
    for i, where in enumerate(("guest", "device")):
        found = [word for word in ("no", "unknown", "yes") if word in {pair[i] for pair in words}]
        if found:
            out.append((f"{where} cold", ", ".join(found), "good" if found == ["yes"] else "warn"))
    table = result.table("comparisons")
    trends = table[(table["statistic"] == "read_trend") & (table["p"] < TREND_LEVEL)] if len(table) else table
    if len(trends):
        text = ", ".join(f"{row.variant} {row.value / 1e3:+.1f} µs per repetition" for row in trends.head(MOST_FLAGS).itertuples())
        out.append(("reads change over time", text, "warn"))
    return out


def noise_badge(reps) -> tuple[str, str, str]:
    bandwidth = reps[["bandwidth_before", "bandwidth_after"]].to_numpy().ravel()
    bandwidth = bandwidth[np.isfinite(bandwidth)]
    if not len(bandwidth):
        return ("noise", "not measured", "warn")
    swing = bandwidth.max() / bandwidth.min() - 1
    return ("noise", f"read bandwidth {bandwidth.min():.0f}–{bandwidth.max():.0f} GB/s ({swing:.0%} swing)",
            "good" if swing < 0.15 else "warn")


def cannot_tell(result: Result) -> list[str]:
    """At most three statements about what this file cannot show, the most important first."""
    lines = []
    steps, scored = result.table("steps"), len(result.table("accuracy")) > 0
    if scored and result.weights == "random":
        lines.append("The accuracy of a trained model: the weights are random, so Δ nats only proves that the rows are used.")
    elif scored and result.weights == "unlabelled":
        lines.append("Whether the weights are trained: the checkpoint does not say.")
    dropped = (row.variant for row in result.done().itertuples() if row.strategy == "dropped")
    if any(not np.isnan(result.accuracy(variant, "delta_nats")[0]) for variant in dropped):
        lines.append("What the rows are worth: dropping them measures how far the model relies on them; this project's small models "
                     "that were trained without rows lose far less (results/FINDINGS.md, question 3).")
    if len(steps):
        ms = steps["step_ns"].median() / 1e6
        lines.append(f"The cost on another device: here a step takes {ms:.1f} ms; a fixed cost per token weighs more when "
                     "steps are shorter.")
        storage = result.meta.get("storage", "unknown")
        lines.append(f"The cost with other storage: rows came from {storage} ({result.meta.get('filesystem', 'unknown')}).")
    if len(result.curve("offload_vs_mlp")):
        lines.append("Larger files and other storage: a cache below this machine, such as that of its host, may hold the whole scratch "
                     f"file and cannot be detected ({result.meta.get('storage', 'unknown')}).")
        lines.append("Reads that overlap computing: the reads of a token are timed alone.")
    if len(steps) or len(result.curve("offload_vs_mlp")):
        lines.append("Long runs: the effects of temperature, battery and other processes were not measured.")
    if len(steps) or scored or len(result.curve("cache_locality")) or len(result.curve("domain_hits")):
        lines.append("Other texts and languages: what was found holds for the text that was read.")
    return lines[:GREY_LINES]


def reproduce(result: Result) -> str:
    command = result.meta.get("command", "")
    return command or f"build/plelab run {shlex.quote(str(result.meta.get('config_path', 'CONFIG.yaml')))}"
