"""Fast memory by kind, and the peak resident set of the process."""
import numpy as np

from . import style

TITLE = "Memory by kind"
CAPTION = ("Bars: bytes that the run holds, by their purpose. Diamonds: peak resident set (VmHWM) of the process, which "
           "excludes the page cache of other files. Each variant ran in its own process.")
KINDS = (("text stack", "text_stack"), ("token embedding", "token_embedding"),
         ("vision", "vision"), ("audio", "audio"), ("PLE rows in RAM", "ple_fast"),
         ("KV cache", "kv_cache"))


def applies(result) -> bool:
    return len(result.table("memory")) > 0


def draw(result):
    variants = list(dict.fromkeys(result.table("memory")["variant"]))
    figure, axes = style.new(8.6, 1.9 + 0.5 * len(variants))
    rows = np.arange(len(variants))[::-1]
    left = np.zeros(len(variants))
    for kind, counter in KINDS:
        sizes = np.nan_to_num([result.memory(v, counter) for v in variants]) / 1e6
        if not sizes.any():  # a kind that no variant holds
            continue
        axes.barh(rows, sizes, left=left, height=0.62, color=style.KIND_COLOURS[kind], label=kind)
        left += sizes
    anonymous = np.nan_to_num([result.memory(v, "anonymous") for v in variants]) / 1e6
    rest = np.maximum(anonymous - left, 0)
    axes.barh(rows, rest, left=left, height=0.62, color=style.KIND_COLOURS["program and buffers"],
              label="program and buffers")
    peak = np.array([result.memory(v, "peak_rss") for v in variants]) / 1e6
    axes.scatter(peak, rows, marker="D", s=34, color="#222222", zorder=3, label="peak RSS")
    for row, value in zip(rows, peak):
        if np.isfinite(value):
            axes.text(value, row, f"  {value:,.0f} MB", va="center", fontsize=8)
    axes.set_yticks(rows, variants)
    axes.set_xlim(0, np.nanmax([*(left + rest), *peak]) * 1.17)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("MB (10⁶ bytes)")
    figure.legend(loc="outside upper center", ncols=6, fontsize=8.5, columnspacing=1.2, handlelength=1.2)
    style.sign(figure, result)
    return figure
