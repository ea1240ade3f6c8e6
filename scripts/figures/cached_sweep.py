"""Every size and policy of a cache that a run measured: hits, what a step costs more than resident rows, bytes held."""
import json

import numpy as np

from . import style
from .cache_policies import COLOURS, LINES

TITLE = "What a cache of this size hits, costs and holds"
CAPTION = ("Left: hits of the measured steps against the capacity; points are the caches that ran, lines the same policy on the same "
           "tokens replayed, grey the most that any cache of the same start could hit (Belady). Middle: how much longer a step takes "
           "than with resident rows, with its 95 % interval. Right: bytes of rows held at the end of the last step, against the "
           "capacity.")


def caches(result):
    """One row for each variant `cached`: its policy, start, capacity in bytes (that of its whole rows) and name."""
    found = []
    for variant in result.table("variants").itertuples():
        options = json.loads(variant.options)
        if variant.strategy == "cached" and variant.status == "done" and not variant.variant.endswith("@control"):
            found.append((options["policy"], options.get("initial"), variant.fast_bytes, variant.variant))
    return found


def on_variant(result, name):
    steps = result.table("steps")
    return steps[steps["variant"] == name]


def series_of(policy, initial):
    return policy + ("_warmed" if initial == "warmed" else "")


def applies(result) -> bool:
    return len(result.curve("replayed_hits")) > 0 and len({c[2] for c in caches(result)}) > 1


def colour(policy):
    return COLOURS.get(policy if policy == "static_hot" else f"{policy}_warmed", "#000000")


def draw_hits(axes, result, found):
    curve = result.curve("replayed_hits")
    for policy, initial in sorted({(c[0], c[1]) for c in found}, key=str):
        replayed = curve[curve["series"] == series_of(policy, initial)].sort_values("x")
        axes.plot(replayed["x"] / 1e6, replayed["y"] * 100, color=colour(policy), linewidth=1.2,
                  linestyle=LINES.get(f"{policy}_warmed", "-"), label=policy)
        best = curve[curve["series"] == series_of(policy, initial) + "_optimal"].sort_values("x")
        axes.plot(best["x"] / 1e6, best["y"] * 100, color="#999999", linewidth=1.0, linestyle="--", label="_nolegend_" if policy != found[0][0]
                  else "the most that any could hit")
    for policy, _, held, name in found:
        steps = on_variant(result, name)
        axes.plot(held / 1e6, steps["hits"].sum() / steps["lookups"].sum() * 100, "o", color=colour(policy),
                  markersize=0.5 * style.size.body, markerfacecolor="none")
    axes.set_ylabel("% of the lookups that the cache answers")
    style.title(axes, "Hits: ran (points) and replayed (lines)")


def draw_cost(axes, result, found):
    rows = result.table("comparisons")
    rows = rows[(rows["metric"] == "step_ns") & (rows["statistic"] == "mean_difference")].set_index("variant")
    policies = sorted({c[0] for c in found})
    for policy, _, held, name in found:
        if name not in rows.index:
            continue
        row = rows.loc[name]
        shift = 1 + 0.05 * (policies.index(policy) - (len(policies) - 1) / 2)  # so that intervals do not hide each other
        axes.errorbar(held / 1e6 * shift, row["value"] / 1e6, yerr=[[(row["value"] - row["low"]) / 1e6], [(row["high"] - row["value"]) / 1e6]],
                      fmt="o", color=colour(policy), markersize=0.4 * style.size.body, linewidth=1)
    axes.axhline(0, color="#999999", linewidth=1)
    axes.set_ylabel("ms per step more than resident rows")
    style.title(axes, "Cost of a step")


def draw_held(axes, result, found):
    for policy, _, held, name in found:
        steps = on_variant(result, name)
        last = steps[steps["step"] == steps["step"].max()]["held_bytes"]
        axes.plot(held / 1e6, np.mean(last) / 1e6, "o", color=colour(policy), markersize=0.5 * style.size.body, markerfacecolor="none")
    sizes = np.array(sorted({c[2] for c in found})) / 1e6
    axes.plot(sizes, sizes, color="#999999", linewidth=1)
    style.log_axis(axes.yaxis)
    axes.set_ylabel("MB of rows held at the end (log)")
    style.title(axes, "Held, beside what is allowed")


def draw(result):
    found = caches(result)
    figure, (hits, cost, held) = style.panels(3, 15.0, 5.6)
    draw_hits(hits, result, found)
    draw_cost(cost, result, found)
    draw_held(held, result, found)
    for axes in (hits, cost, held):
        style.log_axis(axes.xaxis)
        axes.set_xlabel("MB of rows that the cache may hold (log)")
    style.legend_below(hits, ncols=3)
    style.sign(figure, result)
    return figure
