"""Fast memory by kind, the peak resident set of the process, and how both differ from the baseline."""
import numpy as np

from . import style

TITLE = "Memory by kind, and compared with the baseline"
CAPTION = ("Bars: bytes that the run holds, by their purpose. Diamonds: peak resident set (VmHWM) of the process, which "
           "excludes the page cache of other files. Each variant ran in its own process. Where the totals differ by less than a fifth, a "
           "second panel shows the differences from each variant's baseline (medians over repetitions).")
KINDS = (("text stack", "text_stack"), ("token embedding", "token_embedding"),
         ("vision", "vision"), ("audio", "audio"), ("PLE rows in RAM", "ple_fast"),
         ("KV cache", "kv_cache"))
DIFFERENCES = (("anonymous", "anonymous memory", "#0072B2", "o"), ("peak_rss", "peak RSS", "#222222", "D"))
HIDDEN = 0.2  # totals that differ by less hide the difference


def applies(result) -> bool:
    return len(result.table("memory")) > 0


def megabytes(result, variants, counter) -> np.ndarray:
    return np.array([result.memory(v, counter) for v in variants]) / 1e6


def differences(result, variants, counter) -> np.ndarray:
    """MB of a counter above each variant's baseline; NaN without one."""
    return np.array([result.memory(v, counter) - result.memory(baseline_of(result, v), counter) for v in variants]) / 1e6


def baseline_of(result, variant: str) -> str:
    """What a variant's memory is compared with: of a baseline that is a copy, NAME@GROUP, only the original's was measured."""
    name, table = result.baseline_of(variant) or "", result.table("memory")
    while "@" in name and not (table["variant"] == name).any():
        name = name.rsplit("@", 1)[0]
    return name


def totals_hide(result, variants) -> bool:
    total, apart = megabytes(result, variants, "anonymous"), differences(result, variants, "anonymous")
    return bool(np.nanmax(np.abs(apart)) < HIDDEN * np.nanmax(total)) if np.isfinite(apart).any() and np.nanmax(np.abs(apart)) > 0 else False


def draw(result):
    known = dict.fromkeys(result.table("memory")["variant"])
    variants = [v for v in result.done()["variant"] if v in known] or list(known)
    both = totals_hide(result, variants)
    figure, axes = style.panels(1 + both, 12.5 if both else 8.6, rows=len(variants), ratios=(1.4, 1)[:1 + both])
    draw_totals(axes[0], result, variants)
    if both:
        draw_differences(axes[1], result, variants)
    style.legend_above(figure, ncols=4 if style.size.width else 8)
    style.sign(figure, result)
    return figure


def draw_totals(axes, result, variants) -> None:
    rows = np.arange(len(variants))[::-1]
    left = np.zeros(len(variants))
    for kind, counter in KINDS:
        sizes = np.nan_to_num(megabytes(result, variants, counter))
        if not sizes.any():  # a kind that no variant holds
            continue
        axes.barh(rows, sizes, left=left, height=0.62, color=style.KIND_COLOURS[kind], label=kind)
        left += sizes
    rest = np.maximum(np.nan_to_num(megabytes(result, variants, "anonymous")) - left, 0)
    axes.barh(rows, rest, left=left, height=0.62, color=style.KIND_COLOURS["program and buffers"], label="program and buffers")
    peak = megabytes(result, variants, "peak_rss")
    axes.scatter(peak, rows, marker="D", s=3.4 * style.size.body, color="#222222", zorder=3, label="peak RSS")
    for row, value in zip(rows, peak):
        if np.isfinite(value):
            style.beside(axes, value, row, f"{value:,.0f}")
    style.name_rows(axes, variants)
    axes.set_xlim(0, np.nanmax([*(left + rest), *peak]) * 1.2)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("MB (10⁶ bytes)")
    style.title(axes, "Memory by kind")


def draw_differences(axes, result, variants) -> None:
    rows = np.arange(len(variants))[::-1]
    axes.axvline(0, color="#999999", linewidth=0.8)
    reach = []
    for i, (counter, label, colour, marker) in enumerate(DIFFERENCES):
        values = differences(result, variants, counter)
        axes.scatter(values, rows + 0.16 - 0.32 * i, marker=marker, s=3.4 * style.size.body, color=colour,
                     label=label if counter == "anonymous" else None)
        reach += [*values[np.isfinite(values)], 0]
        for row, variant, value in zip(rows, variants, values):
            if np.isfinite(value) and counter == "anonymous" and not result.is_baseline(variant):
                style.beside(axes, value, row + 0.16, f"{value:+,.1f}")
    style.name_rows(axes, variants)
    width = max(reach) - min(reach)
    axes.set_xlim(min(reach) - 0.08 * width, max(reach) + 0.3 * width)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("MB above the baseline")
    names = list(dict.fromkeys(baseline_of(result, variant) for variant in result.baselines()))
    style.title(axes, f"Compared with {style.short(names[0])}" if len(names) == 1 else "Compared with the baselines")
