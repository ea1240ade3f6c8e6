"""What one token must read from storage, and how long that takes: PLE rows compared with weights."""
import numpy as np

from . import style

TITLE = "Reads per token: PLE rows compared with offloaded FFN weights"
CAPTION = ("Left: bytes that a decode step must read if this part stays on storage, counted from the shape in bfloat16. Right: the "
           "mean time that these reads took on this machine's storage (error bars: 95 % intervals, rounds resampled), and "
           "the largest number of tokens per second that it allows. FFN, sparse: the gate and only the active units (5 % in the sparse "
           "layers), as if their rows of up and columns of down were stored side by side; which units are active is known only after the "
           "gate was computed. Which PLE row is needed is known as soon as the token is.")
KINDS = {"ple_row": ("PLE row", "#E69F00"), "ffn_sparse": ("FFN, sparse", "#009E73"), "ffn_dense": ("FFN, dense", "#56B4E9"),
         "every_weight": ("every weight", "#0072B2")}


def applies(result) -> bool:
    return len(result.curve("offload_vs_mlp")) > 0


def bytes_text(count: float) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.{2 if count < 10 * size else 1}f}\n{unit}"
    return f"{count:.0f}\nB"


def two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):,g}"


def time_text(ms: float) -> str:
    time = f"{two_digits(ms / 1e3)} s" if ms >= 1e3 else f"{two_digits(ms)} ms"
    return f"{time}\n{two_digits(1e3 / ms)}/s"


def draw(result):
    table = result.curve("offload_vs_mlp")
    shapes = list(dict.fromkeys(table["series"]))
    figure, (size, time) = style.new(13.4, 5.4, ncols=2)
    width = 0.9 / len(KINDS)
    for i, (kind, (label, colour)) in enumerate(KINDS.items()):
        rows = table[table["label"] == kind].set_index("series").loc[shapes]
        at = np.arange(len(shapes)) + (i - (len(KINDS) - 1) / 2) * width
        size.bar(at, rows["x"], width * 0.94, color=colour, label=label)
        time.bar(at, rows["y"], width * 0.94, color=colour)
        time.errorbar(at, rows["y"], [rows["y"] - rows["low"], rows["high"] - rows["y"]], fmt="none", ecolor="#222222", capsize=2.5,
                      linewidth=1)
        for x, count, ms, top in zip(at, rows["x"], rows["y"], rows["high"]):
            size.annotate(bytes_text(count), (x, count), (0, 3), textcoords="offset points", ha="center", fontsize=7.2)
            time.annotate(time_text(ms), (x, np.nanmax([ms, top])), (0, 4), textcoords="offset points", ha="center", fontsize=7.2)
    finish(size, shapes, "bytes read per token (log)", "What one token must read")
    finish(time, shapes, "ms per token, measured (log)", "How long that takes here, and the most tokens/s it allows")
    figure.legend(loc="outside upper center", ncols=len(KINDS), fontsize=9)
    style.sign(figure, result)
    return figure


def finish(axes, shapes, label: str, title: str) -> None:
    axes.set(yscale="log", ylabel=label, title=title)
    axes.set_xticks(range(len(shapes)), shapes)
    axes.grid(axis="x", visible=False)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 2, high * 4)
