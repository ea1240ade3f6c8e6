"""Loss of accuracy with smaller forms of the PLE table."""
import numpy as np

from . import style

TITLE = "Loss with a smaller PLE table"
CAPTION = ("Δ nats per token against the untouched model, with 95 % intervals (blocks of neighbouring tokens resampled), against the "
           "bytes that the whole table would take in that form. Dashed: all rows are zero, and the projection, the other half of the input, stays.")
FAMILIES = {"low_rank": ("low rank", "rank", "#0072B2", "o"), "codebook": ("codebook per layer", "entries", "#009E73", "D"),
            "int8": ("int8", None, "#E69F00", "s"), "int4": ("int4", None, "#D55E00", "s"),
            "shared": ("one row for all tokens", None, "#CC79A7", "X")}


def applies(result) -> bool:
    return result.meta.get("experiment") == "ple_rank" and len(result.table("accuracy")) > 0


def points(result) -> dict[str, list[tuple[float, float, float, float, str]]]:
    """Family → (bytes, Δ nats, low, high, the label of the point), the smallest first."""
    found = {}
    for row in result.done().itertuples():
        options = result.options(row.variant)
        family = options.get("transform", "")
        if family in FAMILIES:
            text = options.get(FAMILIES[family][1], "") if FAMILIES[family][1] else ""
            found.setdefault(family, []).append((row.table_bytes, *result.accuracy(row.variant, "delta_nats"), text))
    return {family: sorted(found[family]) for family in FAMILIES if family in found}


def draw(result):
    figure, axes = style.single(9.2, 5.2)
    for family, data in points(result).items():
        label, _, colour, marker = FAMILIES[family]
        megabytes, delta, low, high = (np.array([p[i] for p in data]) for i in range(4))
        axes.errorbar(megabytes / 1e6, delta, yerr=[delta - low, high - delta], color=colour, marker=marker, capsize=2.5, label=label)
        for x, y, _, _, text in data:
            axes.annotate(text, (x / 1e6, y), (6, 5), textcoords="offset points", fontsize=style.size.note, color=colour)
    draw_ends(axes, result)
    axes.set_xlabel("MB of the whole table in this form (10⁶ bytes, log)")
    style.log_axis(axes.xaxis)
    axes.set_ylabel("Δ nats per token")
    style.title(axes, TITLE)
    style.legend_above(figure, ncols=4)
    style.sign(figure, result)
    return figure


def error_bar(accuracy):
    """(value, low, high) in matplotlib's form: the value, and its distances to low and high."""
    value, low, high = accuracy
    return value, [[value - low], [high - value]]


def draw_ends(axes, result) -> None:
    """Draws the original table, and no table at all."""
    for row in result.done().itertuples():
        if result.is_baseline(row.variant):
            axes.scatter(row.table_bytes / 1e6, 0, color="#333333", marker="*", s=style.size.body**2, zorder=3, label="the original table")
        if row.strategy == "folded":
            axes.errorbar(row.table_bytes / 1e6, *error_bar(result.accuracy(row.variant, "delta_nats")), color="#333333",
                          marker=style.MARKERS["folded"], capsize=2.5, linestyle="none", label=f"{row.variant} (finished inputs)")  # fmt: skip
        if row.strategy == "dropped":
            axes.axhline(result.accuracy(row.variant, "delta_nats")[0], color="#777777", linestyle="--", linewidth=1.1,
                         label=f"no table ({row.variant})")
    axes.axhline(0, color="#999999", linewidth=0.8)
