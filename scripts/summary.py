"""Sums up a result in one sentence, badges and a table: the first screen of the report."""
from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
from resultfile import Result

CONTROL_LEVEL = 0.01  # a test of the design fails at a corrected p-value below this
NS_PER_MS = 1e6
GREY_LINES = 3


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
    steps = result.steps_ms(row.variant)
    reps = result.table("reps")
    ttft = reps.loc[reps["variant"] == row.variant, "ttft_ns"] / 1e6 if len(reps) else pd.Series(dtype=float)
    lookups = result.table("steps")
    lookups = lookups[lookups["variant"] == row.variant] if len(lookups) else lookups
    hit_rate = lookups["hits"].sum() / max(lookups["lookups"].sum(), 1) if len(lookups) and row.strategy == "cached" else np.nan
    is_baseline = result.is_baseline(row.variant)
    nan3 = (np.nan,) * 3
    return {
        "variant": row.variant, "strategy": row.strategy, "status": row.status, "error": row.error,
        "exact": bool(row.exact), "options": result.options(row.variant), "fast": row.fast_bytes, "file": row.file_bytes,
        "ttft": float(ttft.median()) if len(ttft) else np.nan,
        "mean": float(steps.mean()) if len(steps) else np.nan,
        "p99": result.comparison(row.variant, "p99")[0] / NS_PER_MS, "n": len(steps), "baseline": row.baseline,
        "wait_us": float(result.steps_ms(row.variant, "ple_wait_ns").mean() * 1e3) if len(steps) else np.nan,
        "hit_rate": hit_rate, "is_baseline": is_baseline,
        "delta_ms": tuple(value / NS_PER_MS for value in result.comparison(row.variant, "mean_difference")),
        "delta_nats": nan3 if is_baseline else result.accuracy(row.variant, "delta_nats"),
    }


def sentence(result: Result, rows: list[dict]) -> str:
    """The generated sentence at the top of a report.  It states only what was measured."""
    done = [r for r in rows if r["status"] == "done"]
    base = next((r for r in done if r["is_baseline"]), None)
    parts = []
    disk = next((r for r in done if r["strategy"] == "disk" and r["exact"]), None)
    if result.meta.get("control") == "failed":
        parts.append("the run's own control failed, so its times decide nothing")
    elif base and disk and not np.isnan(disk["delta_ms"][0]):
        saved = bytes_text(base["fast"] - disk["fast"])
        verb = "costs" if disk["delta_ms"][1] > 0 else "is faster by" if disk["delta_ms"][2] < 0 else "shows no clear cost:"
        sign = -1 if verb == "is faster by" else 1
        values = sorted(sign * v for v in disk["delta_ms"])
        parts.append(f"{disk['variant']} saves {saved} of fast memory and {verb} "
                     f"{sign * disk['delta_ms'][0]:.3f} ms per token [{values[0]:.3f}, {values[2]:.3f}]")
    dropped = next((r for r in done if r["strategy"] == "dropped" and not np.isnan(r["delta_nats"][0])), None)
    if dropped:
        _, low, high = dropped["delta_nats"]
        parts.append(f"dropping the rows ({dropped['variant']}) costs {dropped['delta_nats'][0]:.3f} nats per token "
                     f"[{low:.3f}, {high:.3f}]")
    if not parts:
        others = (sentence_of(result) for sentence_of in (parameter_sentence, locality_sentence, offload_sentence, depth_sentence,
                                                          training_sentence))
        return next(filter(None, others), "This file compares no placements of the PLE table.")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + (" (random weights: the accuracy says nothing about a trained model)."
                                          if result.weights == "random" and dropped else ".")


def parameter_sentence(result: Result) -> str | None:
    table = result.curve("parameter_groups")
    if not len(table):
        return None
    shape = table["series"].iloc[0]
    counts = table[table["series"] == shape].set_index("label")["y"]
    total = counts.sum()
    working = counts[counts.index.isin(["text_stack", "token_embedding", "lm_head"])].sum()
    return (f"{shape} has {total / 1e9:.2f} billion parameters; {counts['ple_table'] / 1e9:.2f} billion are PLE rows, read "
            f"one row per token, and a text decode step needs {working / 1e9:.2f} billion in fast memory.")


def depth_sentence(result: Result) -> str | None:
    if result.meta.get("experiment") != "depth":
        return None
    accuracy = result.table("accuracy").sort_values("value")
    losses = accuracy[(accuracy["metric"] == "delta_nats") & (accuracy["high"] > accuracy["low"])]  # the baseline has no width
    if not len(losses):
        return None
    least, most = losses.iloc[0], losses.iloc[-1]
    return (f"Of {len(losses)} edits of the layer stack, {least['variant']} costs least, {least['value']:.3f} nats per token [{least['low']:.3f}, "
            f"{least['high']:.3f}], and {most['variant']} costs most, {most['value']:.3f}.")


def training_sentence(result: Result) -> str | None:
    accuracy = result.table("accuracy")
    bits = accuracy[(accuracy["task"] == "test") & (accuracy["metric"] == "bits_per_byte")]
    if not len(bits):
        return None
    row = bits.iloc[0]
    return f"{row['variant']} has {row['value']:.3f} bits per byte on the test split [{row['low']:.3f}, {row['high']:.3f}]."


def locality_sentence(result: Result) -> str | None:
    table = result.curve("cache_locality")
    if not len(table):
        return None
    rates = table.pivot(index="x", columns="series", values="y")
    order = (rates["lru"] - rates["lru_shuffled"]) * 100
    at = order.idxmax()
    return (f"The order of the text adds at most {order[at]:.1f} percentage points to the hit rate of an LRU cache of rows (at {bytes_text(at)}: "
            f"{rates['lru'][at]:.1%} against {rates['lru_shuffled'][at]:.1%} on the same tokens shuffled); a static cache of the rows that "
            f"are most frequent in an earlier part of the text has a hit rate of {rates['static_hot'][at]:.1%} at that size.")


def offload_sentence(result: Result) -> str | None:
    table = result.curve("offload_vs_mlp")
    if not len(table):
        return None
    shape = table["series"].iloc[0]
    rows = table[table["series"] == shape].set_index("label")
    row, ffn = rows.loc["ple_row"], rows.loc["ffn_sparse"]
    return (f"With the PLE rows of {shape} on storage, a token reads {bytes_text(row['x'])} in {row['y']:.3f} ms; with the FFN weights "
            f"there, of which only those of active units are read, {bytes_text(ffn['x'])} in {ffn['y']:,.0f} ms.")


def badges(result: Result) -> list[tuple[str, str, str]]:
    """The badges of a report as (name, value, tone), where tone is good, plain or warn."""
    weights = result.weights
    out = [("weights", weights, "good" if weights == "trained" else "warn")]
    out += control_badge(result)
    reps = result.table("reps")
    if len(reps):
        cold = set(reps["cold_verified"]) - {"", "not_asked"}
        if cold:
            verified = cold == {"yes"}
            out.append(("cold page cache", "verified" if verified else "unverified", "good" if verified else "warn"))
        out.append(noise_badge(reps))
    vm = str(result.meta.get("vm", "unknown"))
    out.append(("machine", f"{result.meta.get('cpu_model', 'unknown')}, {result.meta.get('cores', '?')} cores"
                           + ("" if vm in ("none", "unknown") else f", {vm}"), "plain"))
    if str(result.meta.get("dirty_hash", "clean")) not in ("", "clean", "none", "unknown"):
        out.append(("source", "uncommitted changes", "warn"))
    return out


def control_badge(result: Result) -> list[tuple[str, str, str]]:
    """What the run's own controls say: one badge, or none where nothing was timed side by side."""
    outcome = result.meta.get("control", "none")
    table = result.table("comparisons")
    if outcome == "none" or not len(table):
        return [("control", "none", "warn")] if len(result.table("steps")) else []
    rows = table[(table["control"] == 1) & (table["metric"] == "step_ns")]
    twins = [interval([v / 1e3 for v in row], 1, " µs") for row in
             rows.loc[rows["statistic"] == "mean_difference", ["value", "low", "high"]].itertuples(index=False)]
    carries = (rows.loc[rows["statistic"] == "carry_over", "p_corrected"] < CONTROL_LEVEL).any()
    text = f"{', '.join(twins)}, {'carry-over' if carries else 'no carry-over'}"
    return [("control", ("FAILED: " if outcome == "failed" else "") + text, "warn" if outcome == "failed" else "good")]


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
    if result.weights == "random":
        lines.append("The accuracy of a trained model: the weights are random, so Δ nats only proves that the rows are used.")
    elif result.weights == "unlabelled":
        lines.append("Whether the weights are trained: the checkpoint does not say.")
    dropped = (row.variant for row in result.done().itertuples() if row.strategy == "dropped")
    if any(not np.isnan(result.accuracy(variant, "delta_nats")[0]) for variant in dropped):
        lines.append("What the rows are worth: dropping them measures how far the model relies on them; this project's small models "
                     "that were trained without rows lose far less (results/FINDINGS.md, question 3).")
    steps = result.table("steps")
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
    lines.append("Long runs: the effects of temperature, battery and other processes were not measured.")
    lines.append("Other texts and languages: cache hits and Δ nats hold for the text that was replayed.")
    return lines[:GREY_LINES]


def reproduce(result: Result) -> str:
    command = result.meta.get("command", "")
    return command or f"build/plelab run {shlex.quote(str(result.meta.get('config_path', 'CONFIG.yaml')))}"
