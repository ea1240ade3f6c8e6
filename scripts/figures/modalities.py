"""Time to first token by kind of input, split into encoding and the prompt pass, and the weights loaded for it."""
import numpy as np

from . import style

TITLE = "Time to first token by kind of input, and the weights loaded for it"
CAPTION = ("Left: medians over repetitions of encoding (towers and embedders, without loading them) and of the prompt pass; the number is "
           "the median TTFT. Right: bytes of weights read from the checkpoint by a process with only this input, without PLE rows.")
PARTS = (("vision", "encode images", "#009E73"), ("audio", "encode audio", "#CC79A7"))
WEIGHTS = (("text", "text weights", "#0072B2"), ("vision", "vision weights", "#009E73"), ("audio", "audio weights", "#CC79A7"))


def applies(result) -> bool:
    return len(result.curve("encode")) > 0


def medians(table, variants, label) -> np.ndarray:
    if not len(table):
        return np.zeros(len(variants))
    by_variant = table[table["label"] == label].groupby("series")["y"].median()
    return by_variant.reindex(variants).fillna(0).to_numpy()


def draw(result):
    variants = list(result.done()["variant"])
    read = len(result.curve("weights_read")) > 0
    figure, axes = style.panels(1 + read, 9.6 if read else 6.4, rows=len(variants))
    rows = np.arange(len(variants))[::-1]
    draw_time(axes[0], result, variants, rows)
    style.title(axes[0], "Time to first token")
    if read:
        draw_weights(axes[1], result, variants, rows)
        style.title(axes[1], "Weights loaded")
    for panel in axes:
        style.name_rows(panel, variants)
    style.legend_above(figure)
    style.sign(figure, result)
    return figure


def draw_time(axes, result, variants, rows) -> None:
    reps = result.table("reps").groupby("variant")
    left = np.zeros(len(variants))
    for label, name, colour in PARTS:
        ms = medians(result.curve("encode"), variants, label) / 1e6
        axes.barh(rows, ms, left=left, height=0.6, color=colour, label=name)
        left += ms
    prefill = (reps["prefill_ns"].median().reindex(variants) / 1e6).to_numpy()
    axes.barh(rows, prefill, left=left, height=0.6, color="#56B4E9", label="prompt pass")
    ttft = (reps["ttft_ns"].median().reindex(variants) / 1e6).to_numpy()
    for row, value, end in zip(rows, ttft, left + prefill):  # medians of parts need not add up to the median of the whole
        style.beside(axes, max(value, end), row, f"{value:,.0f} ms")
    axes.set_xlim(0, np.nanmax([*ttft, *(left + prefill)]) * 1.3)
    axes.set_xlabel("ms until the first token")
    axes.grid(axis="y", visible=False)


def draw_weights(axes, result, variants, rows) -> None:
    table, left = result.curve("weights_read"), np.zeros(len(variants))
    for label, name, colour in WEIGHTS:
        megabytes = medians(table, variants, label) / 1e6
        axes.barh(rows, megabytes, left=left, height=0.6, color=colour, label=name)
        left += megabytes
    for row, value in zip(rows, left):
        style.beside(axes, value, row, f"{value:,.0f} MB")
    axes.set_xlim(0, max(left.max(), 1) * 1.33)
    axes.set_xlabel("MB of weights read (10⁶ bytes)")
    axes.grid(axis="y", visible=False)
