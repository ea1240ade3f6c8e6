"""The style of all figures: sizes, colours, layout and axes, and the line below each that says how its numbers were obtained."""
import dataclasses
import math
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator  # noqa: E402
from matplotlib.transforms import ScaledTranslation  # noqa: E402

# The palette of Okabe and Ito, which colour-blind readers can tell apart; then four of Tol's muted colours, for runs of many variants.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#555555",
           "#882255", "#332288", "#999933", "#44AA99")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MOST_CURVES = len(LINES)  # in one panel; a reader tells no more apart
MARKERS = {"resident": "s", "cached": "D", "disk": "o", "dropped": "X", "folded": "P", "speculative": "^"}
# Markers for strategies that are not in MARKERS, the most distinct ones first.  After the last one the first is used again.
MORE_MARKERS = ("v", "*", "<", ">", "p", "h", "d", "8", "H")
KIND_COLOURS = {"text stack": "#0072B2", "token embedding": "#56B4E9", "PLE rows in RAM": "#E69F00",
                "vision": "#D55E00", "audio": "#CC79A7", "KV cache": "#009E73", "program and buffers": "#BBBBBB"}


@dataclasses.dataclass(frozen=True)
class Size:
    """What a figure is drawn for.  Lengths in inches, text in points."""

    width: float | None  # None: as wide as each figure asks for
    in_row: int  # panels side by side
    scale: float  # of the height that a figure asks for
    row: float  # height of one variant's row
    frame: float  # height of what is around the rows of a panel
    body: float
    title: float
    note: float  # the smallest text


SIZES = {"screen": Size(None, 3, 1, 0.42, 1.6, 10, 12, 8), "page": Size(6.9, 2, 0.58, 0.23, 1.1, 8, 9, 6.8),
         "column": Size(3.35, 1, 0.5, 0.19, 0.95, 7, 8, 6)}
size = SIZES["screen"]


def use(name: str) -> None:
    """Makes later figures of the size that SIZES has under this name."""
    global size
    size = SIZES[name]
    plt.rcParams.update({
        "font.size": size.body, "axes.titlesize": size.title, "axes.labelsize": size.body, "legend.fontsize": size.note,
        "legend.title_fontsize": size.note, "xtick.labelsize": size.body - 0.5, "ytick.labelsize": size.body - 0.5,
        "lines.linewidth": 0.16 * size.body, "lines.markersize": 0.45 * size.body, "axes.linewidth": 0.08 * size.body,
        "axes.titlepad": 0.6 * size.body, "legend.handlelength": 2.2, "legend.columnspacing": 1.2})


plt.rcParams.update({
    "figure.dpi": 110, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#E4E4E4", "grid.linewidth": 0.8, "axes.axisbelow": True, "legend.frameon": False,
    "text.parse_math": False,  # a variant may have $ in its name
    "svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "plelab",  # text stays text
})
use("screen")


ENDINGS = ("png", "svg", "pdf")


def save(figure, stem) -> list:
    """Writes the figure as the path `stem` with each of ENDINGS, and returns the paths."""
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ENDINGS]
    for path in paths:
        figure.savefig(path, dpi=300 if size.width else 160)
    return paths


def panels(count: int, width: float, height: float | None = None, rows: int = 0, ratios=None, in_row: int | None = None):
    """A figure of `count` panels, and the list of them, the first in the upper left.

    `width` is the figure's on a screen and `height` a panel's there, or `rows` the number of variants that a panel has one line for.
    Where fewer panels fit side by side they stand below each other; the last row is always filled.  `ratios` are widths, used where all
    stand in one row.
    """
    side_by_side = max(1, min(count, in_row or size.in_row, size.in_row))
    lines = -(-count // side_by_side)
    tall = size.frame + size.row * rows if rows else height * size.scale
    figure = plt.figure(figsize=(size.width or width, tall * lines), layout="constrained")
    in_last = count - (lines - 1) * side_by_side
    columns = math.lcm(side_by_side, in_last)
    one_row = lines == 1 and ratios is not None
    grid = figure.add_gridspec(lines, count if one_row else columns, width_ratios=ratios if one_row else None)
    axes = []
    for i in range(count):
        line, place = divmod(i, side_by_side)
        span = 1 if one_row else columns // (in_last if line == lines - 1 else side_by_side)
        axes.append(figure.add_subplot(grid[line, place * span:(place + 1) * span]))
    return figure, axes


def single(width: float, height: float):
    """A figure of one panel; both lengths as on a screen."""
    figure, axes = panels(1, width, height)
    return figure, axes[0]


def starts_row(axes) -> bool:
    """Whether no panel stands to the left, so that names of rows belong here."""
    return axes.get_subplotspec().is_first_col()


def name_rows(axes, names) -> None:
    """Writes names beside the rows of a panel, the first on top; only ticks where the panel to the left has them already."""
    places = range(len(names))[::-1]
    axes.set_yticks(places, list(shortened(names).values()) if starts_row(axes) else [""] * len(names))
    axes.set_ylim(-0.6, len(names) - 0.4)


LONGEST_NAME = {"screen": 44, "page": 30, "column": 22}


def shortened(names) -> dict[str, str]:
    """Name → the name cut in the middle where it would take half of a panel, but never so short that two become one."""
    names = list(dict.fromkeys(names))
    most = next(LONGEST_NAME[key] for key, value in SIZES.items() if value is size)
    while True:
        cut = {name: name if len(name) <= most else f"{name[:most // 2]}…{name[-(most - most // 2 - 1):]}" for name in names}
        if len(set(cut.values())) == len(names):
            return cut
        most += 1


def short(name: str) -> str:
    return shortened([name])[name]


def wrapped(text: str, inches: float, points: float, bold: bool = False) -> str:
    """Breaks text into lines of at most so many inches; a character is about half as wide as its size."""
    return textwrap.fill(text, max(12, int(inches * 72 / (points * (0.62 if bold else 0.55)))))


def room(axes) -> float:
    """Inches that a panel's axis is long, about: its share of what the names of rows leave.  Call it after the rows have their names."""
    grid, span = axes.get_subplotspec().get_gridspec(), axes.get_subplotspec().colspan
    ratios = grid.get_width_ratios() or [1] * grid.ncols
    share = sum(ratios[span.start:span.stop]) / sum(ratios)
    longest = {}  # characters of a row's name, by where panels start
    for other in axes.figure.axes:
        if other.get_subplotspec():
            names = [len(line) for label in other.get_yticklabels() for line in label.get_text().split("\n")]
            start = other.get_subplotspec().colspan.start
            longest[start] = max(4, longest.get(start, 0), *names, 0)
    if grid.nrows > 1:  # only those of the panel's own column stand beside it
        return axes.figure.get_figwidth() * share - 0.25 - 0.55 * size.body / 72 * longest[span.start]
    taken = sum(0.25 + 0.55 * size.body / 72 * characters for characters in longest.values())
    return (axes.figure.get_figwidth() - taken) * share


def title(axes, text: str) -> None:
    """A panel's title, in as many lines as the panel's width makes necessary."""
    axes.set_title(wrapped(text, room(axes), size.title, bold=True))


def arranged(labels, inches: float, most: int) -> tuple[list[str], int]:
    """The labels of a legend, broken where they are too long, and how many columns of them stand side by side."""
    handle = 3.8 * size.note / 72  # what is drawn before a label, and the gap to the next
    letter = 0.57 * size.note / 72
    longest = max((len(label) for label in labels), default=1)
    columns = max(1, min(most, len(labels), int(inches / (longest * letter + handle))))
    columns = -(-len(labels) // -(-len(labels) // columns)) if labels else 1  # as even as they can be
    return [wrapped(label, inches / columns - handle, size.note) for label in labels], columns


def grow(figure, labels, columns: int, lines: int = 0) -> None:
    """Makes a figure taller by a legend, so that it does not take its panels' height."""
    in_rows = [max(label.count("\n") + 1 for label in labels[i::-(-len(labels) // columns)]) for i in range(-(-len(labels) // columns))]
    figure.set_figheight(figure.get_figheight() + (sum(in_rows) + lines) * 1.5 * size.note / 72)


def legend_below(axes, ncols: int = 3, handles=None, labels=None, **arguments):
    """A legend under the panel and its axis label, in at most `ncols` columns, fewer where they would not fit."""
    if handles is None:
        handles, labels = axes.get_legend_handles_labels()
    labels, columns = arranged(labels, room(axes), ncols)
    if starts_row(axes):
        grow(axes.figure, labels, columns, lines=1 + ("title" in arguments))
    below = axes.transAxes + ScaledTranslation(0, -3.6 * size.body / 72, axes.figure.dpi_scale_trans)
    return axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(-0.02, 0), bbox_transform=below, ncols=columns,
                       borderaxespad=0, **arguments)


def legend_above(figure, handles=None, labels=None, ncols: int = 6, **arguments):
    """A legend of the whole figure, above its panels."""
    if handles is None:
        pairs = {}
        for axes in figure.axes:
            pairs |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels()) if label not in pairs}
        handles, labels = list(pairs.values()), list(pairs)
    labels, columns = arranged(labels, figure.get_figwidth() - 0.2, ncols)
    grow(figure, labels, columns)
    return figure.legend(handles, labels, loc="outside upper center", ncols=columns, **arguments)


def beside(axes, x: float, y: float, text: str) -> None:
    """Writes a small text to the right of a point."""
    axes.annotate(text, (x, y), (0.75 * size.note, 0), textcoords="offset points", va="center", fontsize=size.note)


def plain(value: float, _=None) -> str:
    """A number as people write it: never in scientific notation."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.10g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.10f}".rstrip("0")


def log_axis(axis, text=plain) -> None:
    """Makes an axis logarithmic, between the limits that it has or the data need, with few labels that are plain numbers."""
    axes = axis.axes
    (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
    low, high = sorted(axis.get_view_interval())
    most = 5 if size.width else 8
    if high < 3 * low:
        axis.set_major_locator(MaxNLocator(most - 1))
    else:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 40 * low else (1,), numticks=most + 1))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())
    if high < 3 * low:
        axis.set_minor_locator(NullLocator())


def provenance(result) -> str:
    """Weights, decoding and machine: what a reader must know to judge the numbers."""
    meta = result.meta
    measured = sum(len(result.table(name)) for name in ("steps", "memory", "accuracy")) > 0
    what = f"{result.weights} weights" if measured else "counted, not measured"
    if not measured and "measured_with" in meta:  # times of something other than a model
        what = f"measured without a model: {meta.get('page_cache', '').split(';')[0]}, {meta.get('storage', 'unknown storage')}"
    threads = "several" if any("threads=" in v for v in result.shown().get("variant", ())) else str(meta.get("threads", "?"))
    parts = [what, meta.get("experiment", ""), meta.get("decode", ""),
             f"{threads} thread{'' if threads == '1' else 's'}" if measured else "", meta.get("cpu_model", ""),
             f"commit {str(meta.get('git_commit', '?'))[:10]}", "CONTROL FAILED" if meta.get("control") == "failed" else ""]
    return " · ".join(str(p) for p in parts if p)


def sign(figure, result) -> None:
    note(figure, provenance(result))


def note(figure, text: str) -> None:
    """Writes a line below the whole figure."""
    # supxlabel is part of the layout, so that constrained_layout leaves room for the line.
    points = min(size.note, 7.5)
    figure.supxlabel(wrapped(text, figure.get_figwidth() - 0.2, points), fontsize=points, color="#777777", x=0.01, ha="left")


def markers(strategies) -> dict:
    """A marker for each strategy.  The same set of strategies gets the same markers, whatever their order and repetitions."""
    others = sorted(set(strategies) - set(MARKERS))
    return MARKERS | {strategy: MORE_MARKERS[i % len(MORE_MARKERS)] for i, strategy in enumerate(others)}


def colour_of(result, variant: str) -> str:
    order = list(result.shown()["variant"])
    return COLOURS[order.index(variant) % len(COLOURS)]


def spread(values, gap):
    """Moves sorted label positions apart until neighbours are at least `gap` apart."""
    placed = []
    for value in values:
        placed.append(max(value, placed[-1] + gap) if placed else value)
    shift = (sum(placed) - sum(values)) / max(len(values), 1)
    return [p - shift for p in placed]
