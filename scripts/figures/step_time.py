"""The distribution of decode step times, and how much of each token was waiting for rows."""
import numpy as np

from . import equal_ram, scaling, style

TITLE = "Decode step time, and the reading of PLE rows"
CAPTION = ("Percentiles: the median, 95th and (from 1,024 steps) 99th percentile of a step. ECDF: share of steps at or below a time; "
           "of more than six variants the baselines and the slowest by their median are drawn. Both on a logarithmic time axis. Reading: per token, the time that "
           "the model waited for rows (exposed) and the reading time that overlapped computing (hidden); they explain a difference of "
           "step times, and are not what placement costs: that is the difference itself.")
QUANTILES = (("median", "o", "p50"), ("p95", "|", "p95"), ("p99", "x", "p99"))


def applies(result) -> bool:
    return not equal_ram.applies(result) and not scaling.applies(result) and len(timed(result)) > 0


def timed(result) -> list[str]:
    if not len(result.table("steps")):
        return []
    return [v for v in result.done()["variant"] if len(result.steps_ms(v))]


def finish_time(axes):
    axes.set_xlabel("ms per decode step (log)")
    style.log_axis(axes.xaxis)


def draw_quantiles(axes, result, variants):
    rows = np.arange(len(variants))[::-1]
    for statistic, marker, label in QUANTILES:
        ms = np.array([result.level_ns(v, statistic) for v in variants]) / 1e6
        known = np.isfinite(ms)
        if known.any():
            axes.scatter(ms[known], rows[known], marker=marker, s=4.2 * style.size.body, label=label,
                         color=[style.colour_of(result, v) for v, shown in zip(variants, known) if shown])
    for row, variant in zip(rows, variants):
        _, low, high = np.array(result.comparison(variant, "p99")) / 1e6
        axes.plot([low, high], [row, row], color=style.colour_of(result, variant), linewidth=0.8)
    style.name_rows(axes, variants)
    finish_time(axes)
    style.title(axes, "Percentiles of a step")
    legend = style.legend_below(axes, ncols=3)
    for handle in legend.legend_handles:
        handle.set_color("#555555")


def curves(result, variants) -> list[str]:
    """At most style.MOST_CURVES: the baselines, then the slowest by their median; in the order of the config."""
    first = [v for v in variants if result.is_baseline(v)]
    others = sorted((v for v in variants if v not in first), key=lambda v: -result.level_ns(v, "median"))
    chosen = (first + others)[:style.MOST_CURVES]
    return [v for v in variants if v in chosen]


def draw_ecdf(axes, result, variants):
    shown, names = curves(result, variants), style.shortened(variants)
    for variant, line in zip(shown, style.LINES):
        times = np.sort(result.steps_ms(variant))
        axes.step(times, np.arange(1, len(times) + 1) / len(times), where="post", label=names[variant],
                  linestyle=line, color=style.colour_of(result, variant))
    axes.set_ylim(0, 1.01)
    finish_time(axes)
    axes.set_ylabel("share of steps")
    counts = sorted({len(result.steps_ms(v)) for v in variants})
    which = f"{len(shown)} of {len(variants)} variants, " if len(shown) < len(variants) else ""
    style.title(axes, f"ECDF: {which}n = " + " to ".join(f"{n:,}" for n in sorted({counts[0], counts[-1]})))
    style.legend_below(axes, ncols=2)


def reading(result, variants) -> np.ndarray:
    """[variants, (exposed, hidden)] in ms per token."""
    return np.array([[result.steps_ms(v, column).mean() for column in ("ple_wait_ns", "ple_hidden_ns")] for v in variants])


def draw_wait(axes, variants, read):
    exposed, hidden = read.T
    rows = np.arange(len(variants))[::-1]
    axes.barh(rows, exposed, color="#D55E00", label="exposed", height=0.62)
    axes.barh(rows, hidden, left=exposed, color="#F5C9A8", label="hidden", height=0.62)
    for row, e, h in zip(rows, exposed, hidden):
        style.beside(axes, e + h, row, f"{e * 1e3:,.0f} + {h * 1e3:,.0f} µs")
    style.name_rows(axes, variants)
    axes.set_xlim(0, max(read.sum(axis=1)) * (1.9 if style.size.width else 1.45))
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ms per token in which rows were read")
    style.title(axes, "Reading PLE rows, per token")
    style.legend_below(axes, ncols=2)


def draw(result):
    variants = timed(result)
    read = reading(result, variants)
    reads = read.sum() > 0
    figure, axes = style.panels(2 + reads, 15 if reads else 11, rows=max(len(variants), 6), ratios=(1, 1.2, 0.9)[:2 + reads])
    draw_quantiles(axes[0], result, variants)
    draw_ecdf(axes[1], result, variants)
    if reads:
        draw_wait(axes[2], variants, read)
    style.sign(figure, result)
    return figure
