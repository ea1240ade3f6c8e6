"""Fast memory against time per token, as a ratio to the baseline; coloured by the loss of accuracy where that was measured."""
import numpy as np
from matplotlib.ticker import NullLocator
from resultfile import CONTROL_SUFFIX

from . import equal_ram, scaling, style

TITLE = "PLE rows held in RAM, and time per decode step"
CAPTION = ("Time of a decode step as a ratio to the baseline of the same group (the geometric mean over repetitions, error bars: 95 %, "
           "Student), against the bytes of PLE rows that the source holds in RAM; both axes logarithmic, 0 set apart. Without error bars "
           "there are fewer than five repetitions. Grey band: how far the interval of the baseline's twin reaches; within it nothing can "
           "be called a difference. Colour, where there is a scale: nats per token lost compared with the baseline (grey: not measured).")


def applies(result) -> bool:
    """Not where dozens of variants have the same memory: that is another figure's."""
    if equal_ram.applies(result) or scaling.applies(result) or not len(result.table("comparisons")):
        return False
    return any(not result.is_baseline(p["variant"]) for p in points(result))


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
    ratios = [value for baseline in result.baselines() for value in result.comparison(baseline + CONTROL_SUFFIX, "ratio")]
    return float(np.exp(np.nanmax(np.abs(np.log(ratios))))) if np.isfinite(ratios).any() else 1.0


def error_bar(ratio):
    value, low, high = ratio
    return None if np.isnan(low) else [[value - low], [high - value]]


DODGE = 0.7  # between points of the same bytes, in sizes of the text


def places(axes, data) -> list[float]:
    """Where to draw each point on the axis of bytes, so that those of the same bytes stand beside each other."""
    axes.figure.draw_without_rendering()  # the scales must be final
    same = {}
    for i, point in enumerate(data):
        same.setdefault(point["fast_mb"], []).append(i)
    found = [0.0] * len(data)
    step = DODGE * style.size.body / 72 * axes.figure.dpi
    for mb, members in same.items():
        for k, i in enumerate(members):
            x, y = axes.transData.transform((mb, 1))
            found[i] = float(axes.transData.inverted().transform((x + (k - (len(members) - 1) / 2) * step, y))[0])
    return found


def label_points(axes, data, at):
    """Writes the names to the right of the panel, from the slowest down, each joined to its point by a thin line."""
    axes.figure.draw_without_rendering()
    to_axes = axes.transData + axes.transAxes.inverted()
    order = sorted(range(len(data)), key=lambda i: data[i]["ratio"][0])
    wanted = [float(to_axes.transform((at[i], data[i]["ratio"][0]))[1]) for i in order]
    gap = 1.3 * style.size.note / 72 / (axes.get_window_extent().height / axes.figure.dpi)
    heights = style.spread(wanted, gap)
    names = style.shortened(point["variant"] for point in data)
    up = max(0, 0.02 - heights[0]) if heights else 0
    for i, height in zip(order, heights):
        axes.annotate(names[data[i]["variant"]], (at[i], data[i]["ratio"][0]), (1.03, height + up), textcoords="axes fraction",
                      ha="left", va="center", fontsize=style.size.note, annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": "#BBBBBB", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 5})


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
        axes.set_xticks([0, *ticks], ["0", *(style.plain(float(f"{mb:.3g}")) for mb in ticks)])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(-positive[0] / 2.5, positive[-1] * 2.5)
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
    figure.set_figheight(figure.get_figheight() + 5 * style.size.body / 72)  # the scale's
    mapping = style.plt.cm.ScalarMappable(style.plt.Normalize(0, np.nanmax(np.abs(nats))), "viridis_r")
    figure.colorbar(mapping, ax=axes, label="Δ nats per token", location="bottom", shrink=0.6, aspect=40, pad=0.03)
    return ["#AAAAAA" if np.isnan(n) else mapping.to_rgba(max(n, 0)) for n in nats]


def draw(result):
    data, band = points(result), control_band(result)
    figure, axes = style.single(8.6, 5.6)
    markers = style.markers(result.table("variants")["strategy"])
    axes.axhline(1, color="#BBBBBB", linewidth=0.9, zorder=1)
    if band > 1:
        axes.axhspan(1 / band, band, color="#DDDDDD", alpha=0.6, linewidth=0, zorder=0, label="twin of the baseline")
    set_axes(axes, data, band)
    axes.set_xlabel("PLE rows held in RAM, MB (log)")
    names = result.baselines()
    axes.set_ylabel(f"step time ÷ that of {style.short(names[0])}" if len(names) == 1 else "step time ÷ its baseline's")
    for strategy in dict.fromkeys(p["strategy"] for p in data):
        axes.scatter([], [], s=0.6 * style.size.body**2, color="#FFFFFF", edgecolor="#333333", marker=markers[strategy], label=strategy)
    style.title(axes, TITLE)
    style.legend_above(figure)
    style.sign(figure, result)
    shades, at = colours(figure, axes, data), places(axes, data)
    for p, x, colour in zip(data, at, shades):
        axes.errorbar(x, p["ratio"][0], yerr=error_bar(p["ratio"]), color="#888888", capsize=2.5, linewidth=1, zorder=2)
        axes.scatter(x, p["ratio"][0], s=0.8 * style.size.body**2, color=colour, edgecolor="#333333", linewidth=0.8,
                     marker=markers[p["strategy"]], zorder=3)
    label_points(axes, data, at)
    return figure
