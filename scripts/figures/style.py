"""The style of all figures, and the line below each that says how its numbers were obtained."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# The palette of Okabe and Ito, which colour-blind readers can tell apart; then four of Tol's muted colours, for runs of many variants.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#555555",
           "#882255", "#332288", "#999933", "#44AA99")
MARKERS = {"resident": "s", "cached": "D", "disk": "o", "dropped": "X", "folded": "P"}
# Markers for strategies that are not in MARKERS, the most distinct ones first.  After the last one the first is used again.
MORE_MARKERS = ("^", "v", "*", "<", ">", "p", "h", "d", "8", "H")
KIND_COLOURS = {"text stack": "#0072B2", "token embedding": "#56B4E9", "PLE rows in RAM": "#E69F00",
                "vision": "#D55E00", "audio": "#CC79A7", "KV cache": "#009E73", "program and buffers": "#BBBBBB"}

plt.rcParams.update({
    "figure.dpi": 110, "savefig.dpi": 160, "font.size": 10, "axes.titlesize": 12, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#E4E4E4", "grid.linewidth": 0.8, "axes.axisbelow": True, "legend.frameon": False,
    "text.parse_math": False,  # a variant may have $ in its name
    "svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "plelab",  # text stays text
})


ENDINGS = ("png", "svg", "pdf")


def save(figure, stem) -> list:
    """Writes the figure as the path `stem` with each of ENDINGS, and returns the paths."""
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ENDINGS]
    for path in paths:
        figure.savefig(path)
    return paths


def new(width=8.6, height=4.8, **kwargs):
    return plt.subplots(figsize=(width, height), layout="constrained", **kwargs)


def provenance(result) -> str:
    """Weights, decoding and machine: what a reader must know to judge the numbers."""
    meta = result.meta
    measured = sum(len(result.table(name)) for name in ("steps", "memory", "accuracy")) > 0
    what = f"{result.weights} weights" if measured else "counted, not measured"
    if not measured and "measured_with" in meta:  # times of something other than a model
        what = f"measured without a model: {meta.get('page_cache', '').split(';')[0]}, {meta.get('storage', 'unknown storage')}"
    parts = [what, meta.get("experiment", ""),
             meta.get("decode", ""), f"{meta.get('threads', '?')} threads" if measured else "", meta.get("cpu_model", ""), f"commit {str(meta.get('git_commit', '?'))[:10]}"]
    return " · ".join(str(p) for p in parts if p)


def sign(figure, result) -> None:
    # supxlabel is part of the layout, so that constrained_layout leaves room for the line.
    figure.supxlabel(provenance(result), fontsize=7.5, color="#777777", x=0.01, ha="left")


def markers(strategies) -> dict:
    """A marker for each strategy.  The same set of strategies gets the same markers, whatever their order and repetitions."""
    others = sorted(set(strategies) - set(MARKERS))
    return MARKERS | {strategy: MORE_MARKERS[i % len(MORE_MARKERS)] for i, strategy in enumerate(others)}


def colour_of(result, variant: str) -> str:
    order = list(result.table("variants")["variant"])
    return COLOURS[order.index(variant) % len(COLOURS)]


def spread(values, gap):
    """Moves sorted label positions apart until neighbours are at least `gap` apart."""
    placed = []
    for value in values:
        placed.append(max(value, placed[-1] + gap) if placed else value)
    shift = (sum(placed) - sum(values)) / max(len(values), 1)
    return [p - shift for p in placed]
