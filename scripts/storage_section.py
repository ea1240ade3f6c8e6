"""The section of a report about a machine's storage, from what plelab-replay measured (scripts/replay_to_hdf5.py)."""
import html

import numpy as np
from resultfile import Result

NOTHING = "—"
# What is shown of the metadata, in this order: (heading, attribute).
FACTS = (("table", "table"), ("rows", "rows"), ("page cache", "page_cache"), ("storage", "storage"), ("file system", "filesystem"),
         ("slowed down to", "device"), ("processor", "cpu_model"), ("cores kept busy", "threads"), ("layers of a step", "model_layers"),
         ("rows per token", "rows_per_token"), ("assumed", "geometry_assumed"))


def ms(ns: float) -> str:
    return NOTHING if np.isnan(ns) else f"{ns / 1e6:,.3f}"


def signed(row, name: str) -> str:
    """A difference in ms with its interval, where it has one."""
    value, low, high = (row[f"{name}{part}_ns"] / 1e6 for part in ("", "_low", "_high"))
    if np.isnan(value):
        return NOTHING
    return f"{value:+.3f}" + ("" if np.isnan(low) else f" [{low:+.3f}, {high:+.3f}]")


def table_html(heading: tuple, rows: list[tuple]) -> str:
    lines = ["<table><tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in heading) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join(lines) + "</table>"


def costs_html(result: Result) -> str:
    costs = result.table("replay_row_costs")
    if not len(costs):
        return ""
    rows = []
    for row in costs.itertuples():
        numbers = (ms(row.p50_ns), ms(row.p99_ns), f"{row.rows_per_s:,.0f}", row.samples) if row.skipped == "" else (row.skipped,) + (NOTHING,) * 3
        rows.append((f"{row.backend}, {row.state}", row.depth, *numbers))
    return table_html(("backend", "rows at once", "median ms", "p99 ms", "rows/s", "reads"), rows)


def steps_html(result: Result) -> str:
    """A row for each participant: the baseline, the variant, and the baseline's twin."""
    rows = []
    table = result.table("replay_comparisons")
    level = {row["step_ms"]: row["mean_ns"] for _, row in table[table["variant"] == table["baseline"]].iterrows()}
    for _, row in table.iterrows():
        verdict = "control" if row["control"] else row["verdict"] or "baseline"
        share = 100 * row["difference_ns"] / level[row["step_ms"]]
        rows.append((f"{row['step_ms']:g} ms: {row['variant']}", ms(row["mean_ns"]), ms(row["p50_ns"]), ms(row["p99_ns"]),
                     signed(row, "difference"), signed(row, "median_difference"), NOTHING if np.isnan(share) else f"{share:+.1f} %", ms(row["wait_ns"]),
                     f"{row['reps']} × {row['steps'] // max(row['reps'], 1)}", verdict))
    return table_html(("step: variant", "mean ms", "median ms", "p99 ms", "Δ mean ms [95 %]", "Δ median ms [95 %]", "of a step", "exposed wait ms", "reps × steps", "margin"), rows)


def hits_html(result: Result) -> str:
    hits = result.table("replay_cache_hits")
    if not len(hits):
        return ""
    policies = list(dict.fromkeys(hits["policy"]))
    rows = []
    for cache_bytes, group in hits.groupby("cache_bytes", sort=True):
        rates = dict(zip(group["policy"], group["hit_rate"]))
        rows.append((f"{cache_bytes / 2**20:g} MiB ({group['rows'].iloc[0]:,} rows)", *(f"{100 * rates[p]:.1f} %" for p in policies)))
    return table_html(("cache", *policies), rows)


def section(result: Result, figure: str) -> str:
    """figure: the HTML of figures/your_storage, drawn by the report."""
    facts = "".join(f"<li><b>{heading}</b>: {html.escape(str(result.meta[name]))}</li>" for heading, name in FACTS if result.meta.get(name))
    claim = result.meta.get("conclusion") or "What rows of this table cost on this machine's storage"
    meta = "\n".join(f"{key}: {value}" for key, value in sorted(result.meta.items()))
    return "\n".join([
        "<section><h1>Your storage</h1>", f'<p class="claim">{html.escape(str(claim))}</p>', figure,
        costs_html(result), hits_html(result), steps_html(result),
        '<p class="note">Reads are real. Computing is a stand-in: as many cores as a model would use stream through memory for the time of a '
        "step. Baseline, variant and the baseline's twin take turns step by step; the difference is paired, its interval Student's over "
        "repetitions. Cold means evicted from this system's page cache; nothing is said of caches below it.</p>",
        f"<ul>{facts}</ul><details><summary>Machine, options, versions</summary><pre>{html.escape(meta)}</pre></details></section>"])
