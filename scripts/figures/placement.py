"""Fast memory against time per token, coloured by what it costs in accuracy."""
import numpy as np
from resultfile import paired_difference_ms

from . import style

TITLE = "Where the PLE table lives: fast memory against time per token"
CAPTION = ("Median decode step against the PLE bytes that must stay in RAM. Bars: 95 % interval of the paired difference "
           "to resident. Colour: nats per token lost against resident (grey: not measured).")


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


def label_points(axes, data, x_range, y_range):
    """Names beside their points; those that share an x are moved apart, with a thin leader."""
    for x in sorted({round(p["fast_mb"], 3) for p in data}):
        group = sorted((p for p in data if round(p["fast_mb"], 3) == x), key=lambda p: p["ms"])
        heights = style.spread([p["ms"] for p in group], 0.062 * y_range)
        right = x > 0.6 * x_range
        for point, height in zip(group, heights):
            axes.annotate(point["variant"], (point["fast_mb"], point["ms"]),
                          (x + (-0.03 if right else 0.03) * x_range, height), ha="right" if right else "left",
                          va="center", fontsize=9, arrowprops={"arrowstyle": "-", "color": "#BBBBBB", "linewidth": 0.7})


def draw(result):
    data = list(points(result))
    figure, axes = style.new()
    nats = np.array([p["nats"] for p in data])
    limit = np.nanmax(np.abs(nats)) if np.isfinite(nats).any() and np.nanmax(np.abs(nats)) > 0 else 1.0
    mapping = style.plt.cm.ScalarMappable(style.plt.Normalize(0, limit), "viridis_r")
    for p in data:
        colour = "#AAAAAA" if np.isnan(p["nats"]) else mapping.to_rgba(max(p["nats"], 0))
        axes.errorbar(p["fast_mb"], p["ms"], yerr=p["half"], color="#888888", capsize=3, linewidth=1, zorder=2)
        axes.scatter(p["fast_mb"], p["ms"], s=95, color=colour, edgecolor="#333333", linewidth=0.8,
                     marker=style.MARKERS.get(p["strategy"], "o"), zorder=3)
    x_range = max(max(p["fast_mb"] for p in data), 1e-3)
    lows, highs = [p["ms"] - p["half"] for p in data], [p["ms"] + p["half"] for p in data]
    y_range = max(max(highs) - min(lows), 0.02 * max(highs)) * 1.3
    middle = (max(highs) + min(lows)) / 2
    axes.set_xlim(-0.06 * x_range, 1.08 * x_range)
    axes.set_ylim(middle - 0.62 * y_range, middle + 0.62 * y_range)
    label_points(axes, data, x_range, y_range)
    axes.set_xlabel("PLE rows held in RAM, MB")
    axes.set_ylabel("ms per token (median decode step)")
    axes.set_title(TITLE)
    figure.colorbar(mapping, ax=axes, label="Δ nats per token against resident", pad=0.02)
    style.sign(figure, result)
    return figure
