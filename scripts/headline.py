"""The one sentence at the top of a report: what the run found, in the words that its experiment and its own controls allow."""
from __future__ import annotations

import numpy as np
from figures import ablation, contribution, domains, rank
from resultfile import Result
from summary import LEVELS, NS_PER_MS, bytes_text, control_failed, interval, percent_of_a_step, predecessors_matter

MOST_LEADING = 2  # variants that the headline speaks of


def step_clause(result: Result, variant: str) -> str:
    """How a variant's median step compares with its baseline's: called a difference only where the run can show one.

    Five repetitions give the median no interval; then the mean, which has one, stands in its place.
    """
    statistic = next((s for s in LEVELS if not np.isnan(result.comparison(variant, s)[1])), "median_difference")
    step = f"its {LEVELS[statistic]} step"
    base = result.baseline_of(variant)
    value, low, high = (v / NS_PER_MS for v in result.comparison(variant, statistic))
    share = f"{abs(percent_of_a_step(result, variant, statistic)):.1f} % of a step"
    ratio = result.comparison_row(variant, "ratio")
    verdict = (f"margin {100 * ratio['margin']:g} %: " if ratio is not None else "margin: ") + result.verdict(variant, statistic)
    if np.isnan(low):
        reps = int(result.comparison_row(variant, statistic)["reps"])
        return f"over {reps} repetitions, too few for an interval, {step} is {value:+.3f} ms off that of {base} ({share})"
    floor = result.control_floor(base, statistic) / NS_PER_MS
    if low <= 0 <= high or abs(value) <= floor:
        below = f", within what the twin of {base} shows (±{floor:.3f} ms)" if abs(value) <= floor else ""
        return f"{step} shows no difference from that of {base}: {value:+.3f} ms [{low:+.3f}, {high:+.3f}], {share}{below} ({verdict})"
    if predecessors_matter(result, variant):
        direct = interval([v / NS_PER_MS for v in result.comparison(variant, "direct_difference")], 3)
        return (f"{step} is {value:+.3f} ms [{low:+.3f}, {high:+.3f}] off that of {base}, {share}, but the mean difference freed of "
                f"predecessors is {direct} ms, so it is undecided")
    ends = sorted((abs(low), abs(high)))
    return (f"{step} is {abs(value):.3f} ms {'longer' if value > 0 else 'shorter'} than that of {base} "
            f"[{ends[0]:.3f}, {ends[1]:.3f}], {share} ({verdict})")


LEADING = ("disk", "cached")  # the strategies that a placement is asked about, the first that is there


def leading_variants(result: Result) -> list[str]:
    """For each baseline the exact variant that the headline speaks of: one that keeps rows on storage, else the first."""
    found = []
    for baseline in result.baselines():
        rows = [row for row in result.done().itertuples() if row.baseline == baseline and row.variant != baseline
                and result.comparison_row(row.variant, "median_difference") is not None]
        ranked = sorted(rows, key=lambda row: (not row.exact, LEADING.index(row.strategy) if row.strategy in LEADING else len(LEADING)))
        found += [row.variant for row in ranked[:1]]
    return found[:MOST_LEADING]


def control_clauses(result: Result) -> list[str]:
    failed = [baseline for baseline in result.baselines() if control_failed(result, baseline)]
    if len(result.baselines()) > len(failed) > 0:
        return [f"the control of {' and of '.join(failed)} failed, so no time compared with it counts"]
    return ["the run's own control failed, so its times decide nothing"] if failed or result.meta.get("control") == "failed" else []


def placement_clauses(result: Result) -> list[str]:
    """For the groups whose controls hold; what a failed one compares is no finding."""
    variants = result.table("variants")
    fast = variants.set_index("variant")["fast_bytes"] if len(variants) else {}
    clauses = []
    for variant in leading_variants(result):
        if control_failed(result, result.baseline_of(variant)):
            continue
        saved = fast[result.baseline_of(variant)] - fast[variant]
        held = f"{bytes_text(abs(saved))} {'less' if saved > 0 else 'more'} are" if saved else "as many bytes are"
        clauses.append(f"with {variant} {held} held in RAM; {step_clause(result, variant)}")
    return clauses


def nats_text(values) -> str:
    value, low, high = values
    text = f"{value:.3f} nats per token" + ("" if np.isnan(low) else f" [{low:.3f}, {high:.3f}]")
    return text + (", no difference that this text can show" if low <= 0 <= high else "")


def dropped_clause(result: Result) -> str | None:
    for row in result.done().itertuples():
        nats = result.accuracy(row.variant, "delta_nats")
        if row.strategy == "dropped" and not np.isnan(nats[0]):
            return f"dropping the rows ({row.variant}) costs {nats_text(nats)}"
    return None


def layers_clause(result: Result) -> str | None:
    """Of an ablation layer by layer: which single layer costs least and which most."""
    for transform, doing in (("zero_layers", "zeroing the rows of"), ("mean_layers", "giving the mean row to")):
        single = {layers[0]: nats for layers, nats in ablation.by_layers(result, transform).items() if len(layers) == 1}
        if len(single) > 1:
            least, most = (choose(single, key=lambda layer: single[layer][0]) for choose in (min, max))
            return (f"{doing} one of {len(single)} layers costs least in layer {least}, {nats_text(single[least])}, and most in layer {most}, "
                    f"{nats_text(single[most])}")
    return None


def task_clause(result: Result) -> str | None:
    """Of an ablation on multiple choice: what the right answers lose without rows."""
    table = result.table("accuracy")
    rows = table[table["metric"] == "delta_answer_nats"] if len(table) else table
    for row in result.done().itertuples():
        of = rows[rows["variant"] == row.variant] if len(rows) else rows
        if row.strategy == "dropped" and len(of):
            task, value, low, high = of[["task", "value", "low", "high"]].iloc[0]
            none = ": no difference that this task can show" if low <= 0 <= high else ""
            return f"on {task} the nats of the right answer change by {value:+.3f} [{low:+.3f}, {high:+.3f}] without rows ({row.variant}){none}"
    return None


def rank_clause(result: Result) -> str | None:
    """Of smaller forms of the table: which costs least, and what the smallest costs."""
    forms = [(row.table_bytes, result.accuracy(row.variant, "delta_nats"), row.variant) for row in result.done().itertuples()
             if result.options(row.variant).get("transform") in rank.FAMILIES]
    if result.meta.get("experiment") != "ple_rank" or not forms:
        return None
    least, smallest = min(forms, key=lambda form: form[1][0]), min(forms)
    return (f"of {len(forms)} smaller forms of the table, {least[2]} ({bytes_text(least[0])}) costs least, {nats_text(least[1])}, and the "
            f"smallest, {smallest[2]} ({bytes_text(smallest[0])}), costs {nats_text(smallest[1])}")


def sentence(result: Result) -> str:
    """The generated sentence at the top of a report.  It states only what was measured, and what the experiment asked first."""
    clauses = control_clauses(result) + placement_clauses(result)
    experiment = result.meta.get("experiment")
    asked = (layers_clause, task_clause) if experiment == "ple_ablation" else (rank_clause,)
    accuracy = [clause for clause in (clause_of(result) for clause_of in (*asked, dropped_clause)) if clause]
    clauses += accuracy
    if not clauses or experiment in ("depth", "modalities", "ple_contribution"):
        others = (sentence_of(result) for sentence_of in (parameter_sentence, locality_sentence, domain_sentence, offload_sentence, depth_sentence,
                                                          modality_sentence, contribution_sentence, training_sentence))
        found = next(filter(None, others), None)
        if found or not clauses:
            return found or "This file compares no placements of the PLE table."
    text = "; ".join(clauses)
    return text[0].upper() + text[1:] + (" (random weights: the accuracy says nothing about a trained model)."
                                          if result.weights == "random" and accuracy else ".")


def modality_sentence(result: Result) -> str | None:
    encode, reps = result.curve("encode"), result.table("reps")
    if not len(encode) or not len(reps):
        return None
    ttft = reps.groupby("variant")["ttft_ns"].median() / NS_PER_MS
    spent = encode.groupby("series")["y"].median() / NS_PER_MS
    parts = [f"{variant} {ttft[variant]:,.0f} ms" + (f" (of which {spent[variant]:,.0f} ms encode its media)" if variant in spent else "")
             for variant in result.done()["variant"] if variant in ttft]
    return f"Until the first token: {', '.join(parts)}; medians of {reps['rep'].nunique()} repetitions, {result.weights} weights."


def contribution_sentence(result: Result) -> str | None:
    table = result.curve("ple_contribution")
    if not len(table):
        return None
    size, token = contribution.of(result, "relative_norm"), contribution.of(result, "share_token")
    return (f"What PLE adds to the streams is {size['value'].iloc[0]:.0%} of their size in layer {size['layer'].iloc[0]} and "
            f"{size['value'].iloc[-1]:.0%} in layer {size['layer'].iloc[-1]}; one vector per token id explains {token['value'].min():.0%} to "
            f"{token['value'].max():.0%} of it beyond one vector per layer.")


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
            f"{rates['lru'][at]:.1%} against {rates['lru_shuffled'][at]:.1%} on the same tokens shuffled); after an earlier part of the text, "
            f"one that it warmed has {rates['lru_warmed'][at]:.1%} at that size, and a static cache of its most frequent rows "
            f"{rates['static_hot'][at]:.1%}.")


def domain_sentence(result: Result) -> str | None:
    if not domains.applies(result):
        return None
    said = []
    for rows in domains.capacities(result):
        added, hits = domains.order_adds(result, rows), domains.at(result.curve("domain_hits"), domains.LRU, rows)["y"]
        most, least = added.index[0], added.index[-1]
        said.append(f"{added['y'].iloc[0]:.1f} percentage points in {most} (to {hits[most]:.1%}) and {added['y'].iloc[-1]:.1f} in {least} "
                    f"(to {hits[least]:.1%}) at {rows:,.0f} rows")
    return ("The order of the tokens adds to the hits of a warmed LRU cache most and least in these domains: " + "; ".join(said) +
            "; compared with the same tokens shuffled.")


def offload_sentence(result: Result) -> str | None:
    table = result.curve("offload_vs_mlp")
    if not len(table):
        return None
    shape = table["series"].iloc[0]
    rows = table[table["series"] == shape].set_index("label")
    row, ffn = rows.loc["ple_row"], rows.loc["ffn_sparse"]
    return (f"With the PLE rows of {shape} on storage, a token reads {bytes_text(row['x'])} in {row['y']:.3f} ms; with the FFN weights "
            f"there, of which only those of active units are read, {bytes_text(ffn['x'])} in {ffn['y']:,.0f} ms.")
