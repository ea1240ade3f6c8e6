"""Fast memory against time per token, as a ratio to the baseline; coloured by the loss of accuracy where that was measured."""
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from . import style

TITLE = "Where the PLE table lives: fast memory against time per token"
CAPTION = ("Time of a decode step as a ratio to the baseline (the geometric mean over repetitions, error bars: 95 %, Student), against "
           "the bytes of PLE rows that must stay in RAM; both axes logarithmic, 0 set apart. Without error bars there are fewer than "
           "five repetitions. Colour, where there is a scale: nats per token lost compared with the baseline (grey: not measured).")


def applies(result) -> bool:
    return len(result.table("comparisons")) > 0 and len(points(result)) > 1


def points(result) -> list[dict]:
    """The variants that have a ratio, and their baselines."""
    found = []
    for row in result.done().itertuples():
        ratio = (1.0, 1.0, 1.0) if result.is_baseline(row.variant) else result.comparison(row.variant, "ratio")
        if np.isnan(ratio[0]) or not len(result.steps_ms(row.variant)):
            continue
        nats = result.accuracy(row.variant, "delta_nats")[0]
        found.append({"variant": row.variant, "strategy": row.strategy, "fast_mb": row.fast_bytes / 1e6, "ratio": ratio,
                      "nats": 0.0 if row.exact and np.isnan(nats) else nats})
    return found


def error_bar(ratio):
    value, low, high = ratio
    return None if np.isnan(low) else [[value - low], [high - value]]


def label_points(axes, data):
    """Writes names beside their points.  Names of close points are moved apart and joined to them by thin lines."""
    axes.figure.canvas.draw()  # the scales must be final
    to_axes = axes.transData + axes.transAxes.inverted()
    place = {p["variant"]: to_axes.transform((p["fast_mb"], p["ratio"][0])) for p in data}
    for side in (-1, 1):
        group = sorted((p for p in data if (place[p["variant"]][0] > 0.5) == (side < 0)), key=lambda p: p["ratio"][0])
        column = (max if side > 0 else min)([place[p["variant"]][0] for p in group], default=0) + side * 0.045
        for point, height in zip(group, style.spread([place[p["variant"]][1] for p in group], 0.058)):
            axes.annotate(point["variant"], (point["fast_mb"], point["ratio"][0]), (column, height), textcoords="axes fraction",
                          ha="left" if side > 0 else "right", va="center", fontsize=9,
                          arrowprops={"arrowstyle": "-", "color": "#BBBBBB", "linewidth": 0.7, "shrinkB": 6})


def set_axes(axes, data):
    positive = [p["fast_mb"] for p in data if p["fast_mb"] > 0]
    if positive:
        axes.set_xscale("symlog", linthresh=min(positive) / 2, linscale=0.4)
        axes.set_xticks([0, *sorted(set(positive))], ["0", *(f"{mb:,.3g}" for mb in sorted(set(positive)))])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-min(positive) / 8, max(positive) * 2)
    bounds = [bound for p in data for bound in p["ratio"] if not np.isnan(bound)]
    low, high = min(bounds), max(bounds)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high > 3 * low else MaxNLocator(7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    reach = max(high / low, 1.02) ** 0.25
    axes.set_ylim(low / reach, high * reach)


def colours(figure, axes, data) -> list:
    """A colour for each point; the scale is drawn only where nats were measured and differ."""
    nats = np.array([p["nats"] for p in data])
    if not np.isfinite(nats).any() or np.nanmax(np.abs(nats)) == 0:
        return ["#56B4E9"] * len(data)
    mapping = style.plt.cm.ScalarMappable(style.plt.Normalize(0, np.nanmax(np.abs(nats))), "viridis_r")
    figure.colorbar(mapping, ax=axes, label="Δ nats per token compared with the baseline", pad=0.02)
    return ["#AAAAAA" if np.isnan(n) else mapping.to_rgba(max(n, 0)) for n in nats]


def draw(result):
    data = points(result)
    figure, axes = style.new()
    markers = style.markers(result.table("variants")["strategy"])
    for p, colour in zip(data, colours(figure, axes, data)):
        axes.errorbar(p["fast_mb"], p["ratio"][0], yerr=error_bar(p["ratio"]), color="#888888", capsize=3, linewidth=1, zorder=2)
        axes.scatter(p["fast_mb"], p["ratio"][0], s=95, color=colour, edgecolor="#333333", linewidth=0.8,
                     marker=markers[p["strategy"]], zorder=3)
    axes.axhline(1, color="#BBBBBB", linewidth=0.9, zorder=1)
    set_axes(axes, data)
    label_points(axes, data)
    for strategy in dict.fromkeys(p["strategy"] for p in data):
        axes.scatter([], [], s=60, color="#FFFFFF", edgecolor="#333333", marker=markers[strategy], label=strategy)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=6, fontsize=8)
    axes.set_xlabel("PLE rows held in RAM, MB")
    axes.set_ylabel("time per decode step ÷ baseline's")
    axes.set_title(TITLE)
    style.sign(figure, result)
    return figure
