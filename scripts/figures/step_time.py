"""The distribution of decode step times, and how much of each token was waiting for rows."""
import numpy as np

from . import style

TITLE = "Decode step time and the wait for PLE rows"
CAPTION = ("Left: share of steps at or below a time (the axis ends at the 99.5th percentile of the slowest variant). "
           "Right: per token, the time that the model waited for rows (exposed) and the reading time that overlapped computing (hidden).")


def applies(result) -> bool:
    return len(result.table("steps")) > 0


def draw_ecdf(axes, result, variants):
    end = 0.0
    for variant in variants:
        times = np.sort(result.steps_ms(variant))
        share = np.arange(1, len(times) + 1) / len(times)
        axes.step(times, share, where="post", label=f"{variant} (n = {len(times):,})", linewidth=1.6,
                  color=style.colour_of(result, variant))
        end = max(end, np.quantile(times, 0.995))
    start = min(result.steps_ms(v).min() for v in variants)
    axes.set_xlim(start - 0.03 * (end - start), end)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("ms per decode step")
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
    axes.set_yticks(rows, variants)
    axes.set_xlim(0, max(max(np.add(exposed, hidden)), 1e-4) * 1.45)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ms per token spent reading PLE rows")
    axes.set_title("Wait per token")
    axes.legend(loc="lower right", fontsize=8)


def draw(result):
    variants = [v for v in result.done()["variant"] if len(result.steps_ms(v))]
    figure, (left, right) = style.new(11, max(4.4, 1.6 + 0.42 * len(variants)), ncols=2, width_ratios=(1.25, 1))
    draw_ecdf(left, result, variants)
    draw_wait(right, result, variants)
    style.sign(figure, result)
    return figure
