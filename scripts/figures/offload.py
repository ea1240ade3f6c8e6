"""What one token must read from storage, and how long that takes: PLE rows compared with weights."""
import numpy as np

from . import style
from .style import plain

TITLE = "Reads per token: PLE rows compared with offloaded FFN weights"
CAPTION = ("First: bytes that a decode step must read if this part stays on storage, counted from the shape in bfloat16. Second: the "
           "mean time that these reads took on this machine's storage (error bars: 95 % intervals, rounds resampled), and "
           "the largest number of tokens per second that it allows. FFN, sparse: the gate and only the active units (5 % in the sparse "
           "layers), as if their rows of up and columns of down were stored side by side; which units are active is known only after the "
           "gate was computed. Which PLE row is needed is known as soon as the token is.")
KINDS = {"ple_row": ("PLE row", "#E69F00"), "ffn_sparse": ("FFN, sparse", "#009E73"), "ffn_dense": ("FFN, dense", "#56B4E9"),
         "every_weight": ("every weight", "#0072B2")}


def applies(result) -> bool:
    return len(result.curve("offload_vs_mlp")) > 0


def bytes_text(count: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return plain(float(f"{count / size:.3g}")) + f" {unit}"
    return f"{count:.0f} B"


def two_digits(value: float) -> str:
    return plain(float(f"{value:.2g}"))


def time_text(ms: float) -> str:
    time = f"{two_digits(ms / 1e3)} s" if ms >= 1e3 else f"{two_digits(ms)} ms"
    return f"{time}, {two_digits(1e3 / ms)}/s"


def draw(result):
    table = result.curve("offload_vs_mlp")
    shapes = list(dict.fromkeys(table["series"]))
    figure, (size, time) = style.panels(2, 13.4, rows=max(8, 3 * len(shapes)), in_row=2)
    height = 0.9 / len(KINDS)
    for i, (kind, (label, colour)) in enumerate(KINDS.items()):
        rows = table[table["label"] == kind].set_index("series").loc[shapes]
        at = np.arange(len(shapes))[::-1] - (i - (len(KINDS) - 1) / 2) * height
        size.barh(at, rows["x"], height * 0.94, color=colour, label=label)
        time.barh(at, rows["y"], height * 0.94, color=colour, label=label)
        time.errorbar(rows["y"], at, xerr=[rows["y"] - rows["low"], rows["high"] - rows["y"]], fmt="none", ecolor="#222222", capsize=2,
                      linewidth=1)
        for place, count, ms, top in zip(at, rows["x"], rows["y"], rows["high"]):
            style.beside(size, count, place, bytes_text(count))
            style.beside(time, np.nanmax([ms, top]), place, time_text(ms))
    finish(size, shapes, lambda count, _: bytes_text(count))
    style.title(size, "Bytes that one token must read (log)")
    finish(time, shapes, lambda ms, _: f"{plain(ms / 1e3)} s" if ms >= 1e3 else f"{plain(ms)} ms")
    style.title(time, "How long these reads take here, and the most tokens per second (log)")
    style.legend_above(figure, ncols=len(KINDS))
    style.sign(figure, result)
    return figure


def finish(axes, shapes, text) -> None:
    style.name_rows(axes, shapes)
    axes.set_xscale("log")
    axes.grid(axis="y", visible=False)
    low, high = axes.get_xlim()
    axes.set_xlim(low / 2, high * (60 if style.size.width else 8))  # for the texts
    style.log_axis(axes.xaxis, text)
