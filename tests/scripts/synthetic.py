"""Makes small result files of schema_version 2 whose numbers are known, for the tests of figures and report."""
import dataclasses
import json
import math
import pathlib

import h5py
import numpy as np

TEXT = h5py.string_dtype("utf-8", 96)
NAN = math.nan
BASE_NS = 2e6  # the baseline's step


def table(columns: dict) -> np.ndarray:
    """A table of the recorder: text columns are of fixed length."""
    kinds = [(name, TEXT if isinstance(values[0], str) else np.asarray(values).dtype) for name, values in columns.items()]
    rows = np.zeros(len(next(iter(columns.values()))), kinds)
    for name, values in columns.items():
        rows[name] = [v.encode() if isinstance(v, str) else v for v in values]
    return rows


def table_of(rows: list[dict]) -> np.ndarray:
    return table({name: [row[name] for row in rows] for name in rows[0]})


@dataclasses.dataclass
class Variant:
    """`slower_ns`: than the baseline's step; `half_ns`: half the width of the interval of that."""

    name: str
    strategy: str
    fast_bytes: int = 0
    slower_ns: float = 0
    half_ns: float = 2e4
    exact: int = 1
    nats: float = NAN
    behind_ns: float = 0  # how far the difference freed of predecessors is from the plain one
    options: dict = dataclasses.field(default_factory=dict)
    status: str = "done"


@dataclasses.dataclass
class Group:
    """Variants that take turns; the first is the baseline.  `twin_ns`: the twin's interval is ± this around 0; None: no twin."""

    name: str
    variants: list[Variant]
    twin_ns: float | None = 5e3
    carry_over_p: float = 0.6


STRATEGIES = [Variant("resident", "resident", 5_242_880), Variant("cached_5pct", "cached", 262_144, 6e4),
              Variant("disk", "disk", 0, 2e5, 1e4), Variant("disk_no_prefetch", "disk", 0, 5e5), Variant("folded", "folded", 10_485_760, -1e5, exact=0),
              Variant("dropped", "dropped", 0, -2e4, exact=0, nats=0.75), Variant("disk_random", "disk", 0, 3e5),
              Variant("cached_lfu", "cached", 524_288, 4e4)]  # fmt: skip


def comparisons(group: Group, reps: int, steps: int, margin: float) -> list[dict]:
    baseline, rows = group.variants[0].name, []
    few = reps < 5

    def add(variant, statistic, value, half, control=0, p_corrected=NAN, margin_of=NAN):
        low, high = (NAN, NAN) if few or math.isnan(half) else (value - half, value + half)
        off = 1 if statistic == "ratio" else 0
        verdict = "" if math.isnan(margin_of) else "undecided"
        if verdict and not few and group.carry_over_p >= 0.01:
            inside, outside = max(abs(low - off), abs(high - off)) < margin_of, low - off > margin_of or high - off < -margin_of
            verdict = "pass" if inside else "fail" if outside else "undecided"
        rows.append({"metric": "step_ns", "variant": variant, "baseline": baseline, "statistic": statistic, "value": value, "low": low,
                     "high": high, "reps": reps, "steps": reps * steps, "margin": margin_of, "verdict": verdict, "control": control,
                     "p": NAN, "p_corrected": p_corrected})

    twins = [] if group.twin_ns is None else [Variant(baseline + "@control", group.variants[0].strategy, 0, 0, group.twin_ns)]
    for variant in group.variants[1:] + twins:
        control, p = int(variant in twins), 0.9 if variant in twins else NAN
        for statistic in ("mean_difference", "direct_difference", "median_difference"):
            value = variant.slower_ns + (variant.behind_ns if statistic == "direct_difference" else 0)
            add(variant.name, statistic, value, variant.half_ns, control, p if statistic == "mean_difference" else NAN,
                margin * BASE_NS)
        add(variant.name, "ratio", 1 + variant.slower_ns / BASE_NS, variant.half_ns / BASE_NS, control, NAN, margin)
        add(variant.name, "tail_share", 0.1, NAN, control)
    for variant in group.variants + twins:
        for statistic, factor in (("mean", 1.01), ("median", 1), ("p95", 1.2)):
            add(variant.name, statistic, (BASE_NS + variant.slower_ns) * factor, 1e4, int(variant in twins))
        add(variant.name, "p99", (BASE_NS + variant.slower_ns) * 1.5 if reps * steps >= 1024 else NAN, 5e4, int(variant in twins))
    if twins:
        add(baseline, "carry_over", 1e4, NAN, 1, group.carry_over_p)
    return rows


def step_parts(reps: list[dict]) -> list[dict]:
    """Attention reads 20 MB in 1 ms, the FFN 30 MB in 0.5 ms, and AltUp nothing."""
    return [{"variant": rep["variant"], "rep": rep["rep"], "part": part, "steps": 3, "time_ns": ns, "step_bytes": size}
            for rep in reps for part, ns, size in (("attention", 1_000_000, 20_000_000), ("ffn", 500_000, 30_000_000), ("altup", 100_000, 0))]


def write_run(path: pathlib.Path, groups: list[Group], reps: int = 10, steps: int = 16, flags: dict[int, str] | None = None,
              margin: float = 0.01, memory: bool = True, parts: bool = False, **meta) -> pathlib.Path:
    """A run of ple_strategies.  `flags`: repetition → why it is suspect.  `parts`: steps were observed."""
    variants, rep_rows, step_rows, compared, memory_rows, accuracy = [], [], [], [], [], []
    for group in groups:
        baseline = group.variants[0]
        twins = [] if group.twin_ns is None else [dataclasses.replace(baseline, name=baseline.name + "@control")]
        for variant in group.variants + twins:
            variants.append({"variant": variant.name, "strategy": variant.strategy, "options": json.dumps(variant.options),
                             "baseline": baseline.name, "group": group.name, "helper_threads": int(variant.strategy == "disk"),
                             "exact": variant.exact, "status": variant.status, "error": "" if variant.status == "done" else "it broke",
                             "fast_bytes": variant.fast_bytes, "file_bytes": 5_242_880 if variant.strategy in ("disk", "cached") else 0,
                             "table_bytes": 5_242_880})  # fmt: skip
            if variant.status != "done":
                continue
            reads = variant.strategy in ("disk", "cached")
            for rep in range(reps):
                rep_rows.append({"variant": variant.name, "rep": rep, "ttft_ns": 20_000_000 + rep, "prefill_ns": 19_000_000,
                                 "bandwidth_before": 40.0, "bandwidth_after": 41.0, "guest_cold": "yes" if reads else "not_asked",
                                 "device_cold": "unknown" if reads else "not_asked", "flag": (flags or {}).get(rep, ""),
                                 "read_ahead_bytes": 131072.0 if reads else NAN})  # fmt: skip
                for step in range(steps):
                    step_rows.append({"variant": variant.name, "rep": rep, "step": step,
                                      "step_ns": int((BASE_NS + variant.slower_ns) * (1 + 0.02 * ((rep * 31 + step * 17) % 13))),
                                      "ple_wait_ns": 150_000 if reads else 0, "ple_hidden_ns": 80_000 if reads else 0,
                                      "ple_read_ns": 230_000 if reads else 0, "held_bytes": variant.fast_bytes, "lookups": 1,
                                      "hits": int(variant.strategy == "cached" and step % 2), "bytes_asked": 640 if reads else 0,
                                      "bytes_moved": 4096 if reads else 0})  # fmt: skip
            if variant not in twins:
                for counter, size in (("text_stack", 14e6), ("ple_fast", variant.fast_bytes), ("anonymous", 1e8 + variant.fast_bytes),
                                      ("peak_rss", 1.9e8 + variant.fast_bytes)):
                    memory_rows.append({"variant": variant.name, "rep": 0, "phase": "decode", "counter": counter, "bytes": float(size)})
                if not math.isnan(variant.nats):
                    accuracy.append({"variant": variant.name, "task": "windows", "metric": "delta_nats", "value": variant.nats,
                                     "low": variant.nats - 0.05, "high": variant.nats + 0.05, "n": 100})  # fmt: skip
        compared += comparisons(dataclasses.replace(group, variants=[v for v in group.variants if v.status == "done"]), reps, steps, margin)
    failed = any(group.carry_over_p < 0.01 for group in groups)
    with h5py.File(path, "w") as file:
        file.create_group("meta").attrs.update({
            "schema_version": 2, "experiment": "ple_strategies", "weights": "trained", "decode": "replay", "threads": "1",
            "cpu_model": "a CPU", "git_commit": "0123456789ab", "control": "failed" if failed else "passed", **meta})  # fmt: skip
        for name, rows in (("variants", variants), ("reps", rep_rows), ("steps", step_rows), ("comparisons", compared),
                           ("step_parts", step_parts(rep_rows) if parts else []), ("memory", memory_rows if memory else []), ("accuracy", accuracy)):
            if rows:
                file[f"tables/{name}"] = table_of(rows)
    return path


def write_modalities(path: pathlib.Path, weights_read: bool = True) -> pathlib.Path:
    """A run of prompts with and without media, each with a workload and a baseline of its own."""
    groups = [Group(name, [Variant(name, "resident", 9)], None) for name in ("text", "image", "audio")]
    write_run(path, groups, reps=5, memory=False, experiment="modalities", weights="random")

    def curve(*rows):
        return table_of([{"series": s, "label": label, "x": 0.0, "y": y, "low": NAN, "high": NAN} for s, label, y in rows])

    with h5py.File(path, "a") as file:
        file["curves/encode"] = curve(("image", "vision", 8e6), ("audio", "audio", 4e6))
        if weights_read:
            file["curves/weights_read"] = curve(("text", "text", 1e7), ("image", "text", 1e7), ("image", "vision", 3e7), ("audio", "text", 1e7))
    return path


def write_ablation(path: pathlib.Path, tasks: list[str], status: str = "done", **meta) -> None:
    """An ablation of two variants that answered some tasks."""
    names = ["resident", "dropped"]
    with h5py.File(path, "w") as file:
        group = file.create_group("meta")
        group.attrs.update({"experiment": "ple_ablation", "weights": "trained", **meta})
        file["tables/variants"] = table({
            "variant": names, "strategy": names, "options": ["{}", "{}"], "baseline": ["resident"] * 2, "exact": [1, 0],
            "status": ["done", status], "error": ["", "<b>no</b>"], "fast_bytes": [9, 0], "file_bytes": [0, 0], "table_bytes": [9, 0]})
        rows = [(v, t, m, 0.5) for v in names for t in tasks for m in ("acc", "answer_nats", "delta_answer_nats")]
        file["tables/accuracy"] = table({
            "variant": [r[0] for r in rows], "task": [r[1] for r in rows], "metric": [r[2] for r in rows],
            "value": [r[3] for r in rows], "low": [0.4] * len(rows), "high": [0.6] * len(rows), "n": [7] * len(rows)})


def write_layers(path: pathlib.Path, deltas: dict[int, float]) -> pathlib.Path:
    """An ablation layer by layer: layer → Δ nats per token without its rows."""
    rows = [("resident", "resident", {}, 0.0)]
    rows += [(f"zero_{layer}", "resident", {"transform": "zero_layers", "layers": str(layer)}, nats) for layer, nats in deltas.items()]
    with h5py.File(path, "w") as file:
        file.create_group("meta").attrs.update({"experiment": "ple_ablation", "weights": "trained"})
        file["tables/variants"] = table_of([{
            "variant": name, "strategy": strategy, "options": json.dumps(options), "baseline": "resident", "exact": 1, "status": "done",
            "error": "", "fast_bytes": 9, "file_bytes": 0, "table_bytes": 9} for name, strategy, options, _ in rows])  # fmt: skip
        file["tables/accuracy"] = table_of([{
            "variant": name, "task": "windows", "metric": "delta_nats", "value": nats, "low": nats - 0.001, "high": nats + 0.001, "n": 9}
            for name, _, _, nats in rows])  # fmt: skip
    return path


def write_domains(path: pathlib.Path, lru: dict[str, dict[int, float]], shuffled: dict[str, dict[int, float]]) -> pathlib.Path:
    """A comparison of domains: domain → capacity → hits of LRU on the text and on its tokens shuffled, within 0.01."""
    hits, above, gap = [], [], []

    def add(rows, series, domain, capacity, y):
        rows.append({"series": series, "label": domain, "x": float(capacity), "y": y, "low": y - 0.01, "high": y + 0.01})

    for domain, rates in lru.items():
        for capacity, rate in rates.items():
            others = {"lru_warmed_shuffled": shuffled[domain][capacity], "lru_warmed_shuffled_within": rate - 0.005, "optimal_warmed": rate + 0.2,
                      "static_hot": rate - 0.1, "static_from_others": rate - 0.2, "s3fifo_warmed": rate + 0.1, "sieve_warmed": rate + 0.05}
            add(hits, "lru_warmed", domain, capacity, rate)
            for series, other in others.items():
                add(hits, series, domain, capacity, other)
                add(above, series, domain, capacity, other - rate)
                if series in ("s3fifo_warmed", "sieve_warmed", "static_hot"):
                    add(gap, series, domain, capacity, (other - rate) / 0.2)
    with h5py.File(path, "w") as file:
        file.create_group("meta").attrs.update({"experiment": "cache_locality", "weights": "none"})
        for name, rows in (("domain_hits", hits), ("domain_above_lru", above), ("domain_gap", gap)):
            file[f"curves/{name}"] = table_of(rows)
    return path
