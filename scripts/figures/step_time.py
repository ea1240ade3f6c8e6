"""The distribution of decode step times, and how much of each token was waiting for rows."""
import numpy as np
from matplotlib.ticker import LogFormatter
from resultfile import STEPS_FOR_P99

from . import style

TITLE = "Decode step time and the wait for PLE rows"
CAPTION = ("Left: the median, 95th and (from 1,024 steps) 99th percentile of a step. Middle: share of steps at or below a time, for the six "
           "slowest variants at most. Both on a logarithmic time axis. Right: per token, the time that the model waited for rows (exposed) "
           "and the reading time that overlapped computing (hidden); what placement costs is the difference of step times, not this.")
MOST_CURVES = 6
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
QUANTILES = ((0.5, "o", "p50"), (0.95, "|", "p95"), (0.99, "x", "p99"))


def applies(result) -> bool:
    return len(result.table("steps")) > 0


def log_time(axes):
    axes.set_xscale("log")
    for which in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        which(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
    axes.tick_params(axis="x", which="minor", labelsize=8)
    axes.set_xlabel("ms per decode step, log")


def draw_quantiles(axes, result, variants):
    rows = np.arange(len(variants))[::-1]
    for quantile, marker, label in QUANTILES:
        known = [(row, np.quantile(result.steps_ms(v), quantile)) for row, v in zip(rows, variants)
                 if quantile < 0.99 or len(result.steps_ms(v)) >= STEPS_FOR_P99]
        if known:
            axes.scatter([ms for _, ms in known], [row for row, _ in known], marker=marker, s=42, label=label,
                         color=[style.colour_of(result, variants[len(variants) - 1 - row]) for row, _ in known])
    axes.set_yticks(rows, variants)
    axes.set_ylim(-0.6, len(variants) - 0.4)
    log_time(axes)
    axes.set_title("Percentiles of a step")
    legend = axes.legend(loc="lower right", fontsize=8)
    for handle in legend.legend_handles:
        handle.set_color("#555555")


def draw_ecdf(axes, result, variants):
    slowest = sorted(variants, key=lambda v: -np.median(result.steps_ms(v)))[:MOST_CURVES]
    for variant, line in zip((v for v in variants if v in slowest), LINES):
        times = np.sort(result.steps_ms(variant))
        axes.step(times, np.arange(1, len(times) + 1) / len(times), where="post", label=f"{variant} (n = {len(times):,})", linewidth=1.6,
                  linestyle=line, color=style.colour_of(result, variant))
    axes.set_ylim(0, 1.01)
    log_time(axes)
    axes.set_ylabel("share of steps")
    axes.set_title("Step time (ECDF)")
    axes.legend(loc="lower right", fontsize=8)


def draw_wait(axes, result, variants):
    exposed = [result.steps_ms(v, "ple_wait_ns").mean() for v in variants]
    hidden = [result.steps_ms(v, "ple_hidden_ns").mean() for v in variants]
    rows = np.arange(len(variants))[::-1]
    axes.barh(rows, exposed, color="#D55E00", label="exposed", height=0.62)
    axes.barh(rows, hidden, left=exposed, color="#F5C9A8", label="hidden", height=0.62)
    for row, e, h in zip(rows, exposed, hidden):
        axes.text(e + h, row, f" {e * 1e3:,.0f} + {h * 1e3:,.0f} µs", va="center", fontsize=8)
    axes.set_yticks(rows, [])
    axes.set_ylim(-0.6, len(variants) - 0.4)
    axes.set_xlim(0, max(max(np.add(exposed, hidden)), 1e-4) * 1.45)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ms per token spent reading PLE rows")
    axes.set_title("Wait per token")
    axes.legend(loc="lower right", fontsize=8)


def draw(result):
    variants = [v for v in result.done()["variant"] if len(result.steps_ms(v))]
    figure, (left, middle, right) = style.new(15, max(4.4, 1.6 + 0.42 * len(variants)), ncols=3, width_ratios=(1, 1.2, 0.9))
    draw_quantiles(left, result, variants)
    draw_ecdf(middle, result, variants)
    draw_wait(right, result, variants)
    style.sign(figure, result)
    return figure
