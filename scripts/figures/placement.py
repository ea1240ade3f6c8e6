"""Fast memory against time per token, as a ratio to the baseline; coloured by the loss of accuracy where that was measured."""
import numpy as np
from matplotlib.ticker import NullLocator

from . import style

TITLE = "PLE rows held in RAM, and time per decode step"
CAPTION = ("Time of a decode step as a ratio to the baseline of the same group (the geometric mean over repetitions, error bars: 95 %, "
           "Student), against the bytes of PLE rows that the source holds in RAM; both axes logarithmic, 0 set apart. Without error bars "
           "there are fewer than five repetitions. Grey band: how far the interval of the baseline's twin reaches; within it nothing can "
           "be called a difference. Colour, where there is a scale: nats per token lost compared with the baseline (grey: not measured).")


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


def control_band(result) -> float:
    """The farthest that the interval of a twin's ratio reaches from 1, as a ratio; 1 without a control."""
    ratios = [value for baseline in result.baselines() for value in result.comparison(baseline + "@control", "ratio")]
    return float(np.exp(np.nanmax(np.abs(np.log(ratios))))) if np.isfinite(ratios).any() else 1.0


def error_bar(ratio):
    value, low, high = ratio
    return None if np.isnan(low) else [[value - low], [high - value]]


def label_points(axes, data):
    """Writes names beside their points.  Names of close points are moved apart and joined to them by thin lines."""
    axes.figure.canvas.draw()  # the scales must be final
    to_axes = axes.transData + axes.transAxes.inverted()
    place = {p["variant"]: to_axes.transform((p["fast_mb"], p["ratio"][0])) for p in data}
    gap = 1.25 * style.size.note / 72 / axes.get_window_extent().height * axes.figure.dpi
    for side in (-1, 1):
        group = sorted((p for p in data if (place[p["variant"]][0] > 0.5) == (side < 0)), key=lambda p: p["ratio"][0])
        column = (max if side > 0 else min)([place[p["variant"]][0] for p in group], default=0) + side * 0.045
        heights = style.spread([place[p["variant"]][1] for p in group], gap)
        below = min([0.02 - heights[0], 0] if group else [0], key=lambda shift: -shift)  # into the panel
        for point, height in zip(group, heights):
            axes.annotate(style.short(point["variant"]), (point["fast_mb"], point["ratio"][0]), (column, height + below),
                          textcoords="axes fraction", ha="left" if side > 0 else "right", va="center", fontsize=style.size.note,
                          arrowprops={"arrowstyle": "-", "color": "#BBBBBB", "linewidth": 0.7, "shrinkB": 6})


def apart(values: list[float], ratio: float) -> list[float]:
    """Those of sorted values that are at least `ratio` times the one before, so that their labels do not touch."""
    kept = []
    for value in values:
        if not kept or value >= ratio * kept[-1]:
            kept.append(value)
    return kept


def set_axes(axes, data, band):
    positive = sorted({p["fast_mb"] for p in data if p["fast_mb"] > 0})
    if positive:
        axes.set_xscale("symlog", linthresh=positive[0] / 2, linscale=0.4)
        ticks = apart(positive, max(1.5, (positive[-1] / positive[0]) ** (0.25 if style.size.width else 0.14)))
        axes.set_xticks([0, *ticks], ["0", *(f"{mb:,.3g}" if mb < 1000 else f"{mb:,.0f}" for mb in ticks)])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-positive[0] / 6, positive[-1] * 2)
    bounds = [bound for p in data for bound in p["ratio"] if not np.isnan(bound)]
    low, high = min(*bounds, 1 / band), max(*bounds, band)
    reach = max(high / low, 1.02) ** 0.25
    axes.set_ylim(low / reach, high * reach)
    style.log_axis(axes.yaxis)


def colours(figure, axes, data) -> list:
    """A colour for each point; the scale is drawn only where nats were measured and differ."""
    nats = np.array([p["nats"] for p in data])
    if not np.isfinite(nats).any() or np.nanmax(np.abs(nats)) == 0:
        return ["#56B4E9"] * len(data)
    mapping = style.plt.cm.ScalarMappable(style.plt.Normalize(0, np.nanmax(np.abs(nats))), "viridis_r")
    figure.colorbar(mapping, ax=axes, label="Δ nats per token", pad=0.02)
    return ["#AAAAAA" if np.isnan(n) else mapping.to_rgba(max(n, 0)) for n in nats]


def draw(result):
    data, band = points(result), control_band(result)
    figure, axes = style.single(8.6, 5.2)
    markers = style.markers(result.table("variants")["strategy"])
    for p, colour in zip(data, colours(figure, axes, data)):
        axes.errorbar(p["fast_mb"], p["ratio"][0], yerr=error_bar(p["ratio"]), color="#888888", capsize=3, linewidth=1, zorder=2)
        axes.scatter(p["fast_mb"], p["ratio"][0], s=0.9 * style.size.body**2, color=colour, edgecolor="#333333", linewidth=0.8,
                     marker=markers[p["strategy"]], zorder=3)
    axes.axhline(1, color="#BBBBBB", linewidth=0.9, zorder=1)
    if band > 1:
        axes.axhspan(1 / band, band, color="#DDDDDD", alpha=0.6, linewidth=0, zorder=0, label="twin of the baseline")
    set_axes(axes, data, band)
    for strategy in dict.fromkeys(p["strategy"] for p in data):
        axes.scatter([], [], s=0.6 * style.size.body**2, color="#FFFFFF", edgecolor="#333333", marker=markers[strategy], label=strategy)
    axes.set_xlabel("PLE rows held in RAM, MB (log)")
    names = result.baselines()
    axes.set_ylabel(f"step time ÷ that of {style.short(names[0])}" if len(names) == 1 else "step time ÷ baseline's")
    style.title(axes, TITLE)
    style.legend_above(figure)
    style.sign(figure, result)
    label_points(axes, data)
    return figure
