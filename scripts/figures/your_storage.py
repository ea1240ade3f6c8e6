"""What plelab-replay found of a machine's storage: what a row costs, what caches hit, from which step time on placement matters."""
import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from . import style

TITLE = "This machine's storage"
CAPTION = ("What plelab-replay measured without a model. Row: until it is there (dot: median, line to the 99th percentile), one at a time "
           "and 32 asked for at once; cold is evicted from this system's page cache, and nothing is said of caches below it. Cache: hits in "
           "the second half of a recorded text after its first half; the shuffled text shows what frequent tokens alone give. Placement: the "
           "paired difference of step times to the baseline as a share of its step (mean, 95 % interval of Student over repetitions), for "
           "a stand-in that streams through memory with as many cores as a model; grey: how far the interval of the baseline's twin reaches, "
           "below which nothing is a difference; dashed: the margin.")
DEPTHS = {"1": ("o", "one at a time"), "many": ("D", "32 at once")}


def applies(result) -> bool:
    return len(result.table("replay_comparisons")) > 0


def measured_costs(result):
    table = result.table("replay_row_costs")
    return table[table["skipped"] == ""] if len(table) else table


def ways(costs) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(costs["backend"], costs["state"])))


def draw_costs(axes, costs):
    names = ways(costs)
    style.name_rows(axes, [f"{backend}, {state}" for backend, state in names])
    for row in costs.itertuples():
        place = len(names) - 1 - names.index((row.backend, row.state))
        many = row.depth > 1
        marker, label = DEPTHS["many" if many else "1"]
        colour = style.COLOURS[1 if many else 0]
        height = place + (-0.14 if many else 0.14)
        axes.plot([row.p50_ns / 1e6, row.p99_ns / 1e6], [height, height], color=colour, linewidth=1.4, zorder=2)
        axes.plot(row.p50_ns / 1e6, height, marker, color=colour, label=label, linestyle="none", zorder=3)
    axes.set_xlabel("ms until the rows are there (log)")
    style.title(axes, f"What a row of {int(costs['row_bytes'].iloc[0]):,} bytes costs")
    style.log_axis(axes.xaxis)
    unique_legend(axes)


def unique_legend(axes):
    pairs = {label: handle for handle, label in zip(*axes.get_legend_handles_labels())}
    style.legend_below(axes, handles=list(pairs.values()), labels=list(pairs))


def draw_hits(axes, hits):
    for i, (policy, rows) in enumerate(hits.groupby("policy", sort=False)):
        control = policy.endswith("shuffled")
        axes.plot(rows["cache_bytes"] / 2**20, 100 * rows["hit_rate"], marker="x" if control else "o", label=policy,
                  color="#777777" if control else style.COLOURS[i % len(style.COLOURS)], linestyle=style.LINES[i % len(style.LINES)])
    sizes = sorted(set(hits["cache_bytes"] / 2**20))
    axes.set_xlim(sizes[0] / 1.6, sizes[-1] * 1.6)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [style.plain(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("MiB of rows in RAM (log)")
    axes.set_ylabel("hits, %")
    style.title(axes, "What a cache would answer")
    style.legend_below(axes)


def placement(result):
    """(step ms, share in % of the baseline's step with its interval, reach of the twin in %, margin in %), by step time."""
    table = result.table("replay_comparisons")
    found = []
    for step_ms, rows in table.groupby("step_ms"):
        base = rows[rows["variant"] == rows["baseline"]].iloc[0]
        variant = rows[(rows["variant"] != rows["baseline"]) & (rows["control"] == 0)].iloc[0]
        twin = rows[rows["control"] == 1].iloc[0]
        share = 100 / base["mean_ns"]
        interval = tuple(share * variant[name] for name in ("difference_ns", "difference_low_ns", "difference_high_ns"))
        reach = share * np.nanmax(np.abs([twin["difference_low_ns"], twin["difference_high_ns"]]))
        found.append((step_ms, interval, reach, 100 * variant["margin"]))
    return found


def draw_placement(axes, points):
    steps = np.array([step for step, *_ in points])
    value, low, high = (np.array([interval[i] for _, interval, _, _ in points]) for i in range(3))
    reach, margin = np.array([r for *_, r, _ in points]), points[0][3]
    axes.axhline(0, color="#BBBBBB", linewidth=0.9, zorder=1)
    axes.axhline(margin, color="#333333", linewidth=0.9, linestyle="--", zorder=1, label=f"margin, {margin:g} %")
    for i, (step, half) in enumerate(zip(steps, reach)):
        axes.plot([step, step], [-half, half], color="#CCCCCC", linewidth=6, solid_capstyle="butt", zorder=0,
                  label="" if i else "twin of the baseline")
    axes.errorbar(steps, value, yerr=[value - low, high - value], fmt="o", color=style.COLOURS[0], capsize=2.5, label="placement", zorder=3)
    axes.set_xlim(steps.min() / 1.5, steps.max() * 1.5)
    style.log_axis(axes.xaxis)
    axes.set_yscale("symlog", linthresh=max(2 * margin, 1))
    axes.yaxis.set_major_formatter(FuncFormatter(style.plain))
    axes.set_xlabel("step without PLE, ms (log)")
    axes.set_ylabel("cost, % of a step")
    style.title(axes, "From which step time on placement matters")
    style.legend_below(axes)


def draw(result):
    costs, hits = measured_costs(result), result.table("replay_cache_hits")
    panels = [(draw_costs, costs)] * bool(len(costs)) + [(draw_hits, hits)] * bool(len(hits)) + [(draw_placement, placement(result))]
    figure, all_axes = style.panels(len(panels), 14.2 if len(panels) > 1 else 7, 4.2)
    for axes, (draw_panel, data) in zip(all_axes, panels):
        draw_panel(axes, data)
    style.sign(figure, result)
    return figure
