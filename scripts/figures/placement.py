"""Fast memory against time per token, coloured by the loss of accuracy."""
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from resultfile import paired_difference_ms

from . import style

TITLE = "Where the PLE table lives: fast memory against time per token"
CAPTION = ("Median decode step against the bytes of PLE rows that must stay in RAM. Error bars: 95 % interval of the paired "
           "difference to resident. Colour: nats per token lost compared with resident (grey: not measured).")


def applies(result) -> bool:
    return len(result.table("steps")) > 0 and len(result.done()) > 1


def points(result):
    baseline = result.baseline()
    for row in result.done().itertuples():
        steps = result.steps_ms(row.variant)
        if not len(steps):
            continue
        delta = paired_difference_ms(result, row.variant, baseline) if baseline and row.variant != baseline else (0, 0, 0)
        nats = result.accuracy(row.variant, "delta_nats")[0]
        yield {"variant": row.variant, "strategy": row.strategy, "fast_mb": row.fast_bytes / 1e6,
               "ms": np.median(steps), "half": max(delta[2] - delta[0], delta[0] - delta[1]),
               "nats": 0.0 if row.exact and np.isnan(nats) else nats}


def label_points(axes, data, x_range):
    """Writes names beside their points.  Names of close points are moved apart and joined to them by thin lines."""
    to_axes = axes.transData + axes.transAxes.inverted()
    right = [p for p in data if p["fast_mb"] > 0.5 * x_range]
    for group, side in ((right, -1), ([p for p in data if p not in right], 1)):
        group = sorted(group, key=lambda p: p["ms"])
        places = [to_axes.transform((p["fast_mb"], p["ms"])) for p in group]
        column = (max if side > 0 else min)([x for x, _ in places], default=0) + side * 0.045
        for point, height in zip(group, style.spread([y for _, y in places], 0.058)):
            axes.annotate(point["variant"], (point["fast_mb"], point["ms"]), (column, height), textcoords="axes fraction",
                          ha="left" if side > 0 else "right", va="center", fontsize=9,
                          arrowprops={"arrowstyle": "-", "color": "#BBBBBB", "linewidth": 0.7, "shrinkB": 6})


def set_time_axis(axes, data):
    lows, highs = [p["ms"] - p["half"] for p in data], [p["ms"] + p["half"] for p in data]
    if max(highs) > 3 * min(lows) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(min(lows) / 2, max(highs) * 1.5)
        return
    y_range = max(max(highs) - min(lows), 0.02 * max(highs)) * 1.3
    middle = (max(highs) + min(lows)) / 2
    axes.set_ylim(middle - 0.62 * y_range, middle + 0.62 * y_range)


def draw(result):
    data = list(points(result))
    figure, axes = style.new()
    nats = np.array([p["nats"] for p in data])
    limit = np.nanmax(np.abs(nats)) if np.isfinite(nats).any() and np.nanmax(np.abs(nats)) > 0 else 1.0
    markers = style.markers(result.table("variants")["strategy"])
    mapping = style.plt.cm.ScalarMappable(style.plt.Normalize(0, limit), "viridis_r")
    for p in data:
        colour = "#AAAAAA" if np.isnan(p["nats"]) else mapping.to_rgba(max(p["nats"], 0))
        axes.errorbar(p["fast_mb"], p["ms"], yerr=p["half"], color="#888888", capsize=3, linewidth=1, zorder=2)
        axes.scatter(p["fast_mb"], p["ms"], s=95, color=colour, edgecolor="#333333", linewidth=0.8,
                     marker=markers[p["strategy"]], zorder=3)
    x_range = max(max(p["fast_mb"] for p in data), 1e-3)
    axes.set_xlim(-0.06 * x_range, 1.08 * x_range)
    set_time_axis(axes, data)
    label_points(axes, data, x_range)
    axes.set_xlabel("PLE rows held in RAM, MB")
    axes.set_ylabel("ms per token (median decode step)" + (", log" if axes.get_yscale() == "log" else ""))
    axes.set_title(TITLE)
    figure.colorbar(mapping, ax=axes, label="Δ nats per token compared with resident", pad=0.02)
    style.sign(figure, result)
    return figure
