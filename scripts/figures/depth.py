"""Loss with edited layer lists: each layer skipped, repeated or swapped, and loss against the parameters that run."""
import numpy as np

from . import style
from .ablation import layers_of

TITLE = "Loss with other lists of layers and narrower FFNs, without further training"
CAPTION = ("Δ nats per token against the unedited model, with 95 % intervals (blocks of neighbouring tokens resampled): the "
           "same weights with other lists of layers, without further training. Left: one layer is skipped, is run twice in a row, or is "
           "swapped with the next (drawn between the two); dashed: other orders of all layers. A layer whose keys are the only ones that "
           "others read cannot be skipped alone. Right: loss against the parameters of the text stack that a token passes; a layer that "
           "runs twice counts twice.")
SINGLE = (("skip", "skipped", "#D55E00", "o"), ("repeat", "run twice", "#0072B2", "s"), ("swap", "swapped with the next", "#009E73", "D"))
FAMILIES = (("skip", "fewer layers", "#D55E00", "o"), ("ffn", "narrower FFN", "#CC79A7", "^"),
            ("slice", "both (MatFormer slice)", "#E69F00", "*"), ("repeat", "layers repeated", "#0072B2", "s"))


def applies(result) -> bool:
    if result.meta.get("experiment") != "depth" or not len(result.table("accuracy")):
        return False
    return any(not result.options(v).get("edit") for v in result.done()["variant"])  # differences need the unedited model


def family(edit: dict) -> str:
    """skip, repeat, order or ffn; slice when layers are skipped and the others are narrower."""
    if "ffn" in edit:
        return "slice" if "skip" in edit else "ffn"
    return next((key for key in ("skip", "repeat", "order") if key in edit), "")


def swapped(run: list[int]) -> int | None:
    """The first of two neighbours that changed places; None unless that is the only change."""
    moved = [i for i, layer in enumerate(run) if layer != i]
    return moved[0] if len(moved) == 2 and run[moved[0]] == moved[1] == moved[0] + 1 else None


def edits(result):
    """Yields (family, options, (Δ nats, low, high)) for every edited variant, in the order of the config."""
    for variant in result.done()["variant"]:
        options = result.options(variant)
        if options.get("edit"):
            yield family(options["edit"]), options, result.accuracy(variant, "delta_nats")


def by_layer(result) -> dict[str, list[tuple[float, float, float, float]]]:
    """skip, repeat, swap → (layer, Δ nats, low, high) of edits of one layer, by layer; a swap lies between its two layers."""
    found = {kind: [] for kind, *_ in SINGLE}
    for kind, options, delta in edits(result):
        edit = options["edit"]
        first = swapped(layers_of(options["layers_run"])) if kind == "order" else None
        if first is not None:
            found["swap"].append((first + 0.5, *delta))
        elif kind in ("skip", "repeat") and len(layers_of(edit[kind])) == 1 and edit.get("times", "2") == "2":
            found[kind].append((layers_of(edit[kind])[0], *delta))
    return {kind: sorted(points) for kind, points in found.items()}


def by_parameters(result) -> dict[str, list[tuple[float, float, float, float]]]:
    """Family → (share of the unedited stack's parameters, Δ nats, low, high), the smallest first."""
    whole = next(options["stack_parameters"] for options in map(result.options, result.done()["variant"])
                 if not options.get("edit"))
    found = {}
    for kind, options, delta in edits(result):
        found.setdefault(kind, []).append((options["stack_parameters"] / whole, *delta))
    return {kind: sorted(found[kind]) for kind, *_ in FAMILIES if kind in found}


def draw(result):
    figure, (layers, parameters) = style.panels(2, 12.0, 5.4, ratios=(1.1, 1))
    draw_layers(layers, result)
    draw_parameters(parameters, result)
    for axes in (layers, parameters):
        axes.axhline(0, color="#999999", linewidth=0.8)
        axes.set_ylabel("Δ nats per token")
        style.legend_below(axes, ncols=2)
    style.sign(figure, result)
    return figure


def without_gaps(points) -> list[np.ndarray]:
    """Splits the points where a layer is missing, so that no line is drawn across the gap."""
    table = np.array(points)
    return np.split(table, np.flatnonzero(np.diff(table[:, 0]) > 1) + 1)


def draw_layers(axes, result) -> None:
    found = by_layer(result)
    for kind, label, colour, marker in SINGLE:
        for run in without_gaps(found[kind]) if found[kind] else ():
            layer, delta, low, high = run.T
            if len(run) == 1:  # a band of one point would be invisible
                axes.errorbar(layer, delta, yerr=np.maximum(0, [delta - low, high - delta]), ecolor=colour, capsize=2.5)
            axes.fill_between(layer, low, high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(layer, delta, color=colour, marker=marker, label=label)
            label = None
    mark_missing(axes, [int(layer) for layer, *_ in found["skip"]])
    for kind, options, (delta, _, _) in edits(result):
        if kind == "order" and swapped(layers_of(options["layers_run"])) is None:
            axes.axhline(delta, color="#777777", linestyle="--", linewidth=1.1, label=f"order {options['layers_run']}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("layer")
    style.title(axes, "One layer at a time")


def mark_missing(axes, skipped: list[int]) -> None:
    """Marks the layers that were not skipped on their own, between the first and the last that were."""
    for layer in sorted(set(range(min(skipped, default=0), max(skipped, default=0))) - set(skipped)):
        axes.axvline(layer, color="#BBBBBB", linestyle=":", linewidth=1.0)
        axes.text(layer, 0.99, "not skipped alone", rotation=90, va="top", ha="right", fontsize=style.size.note, color="#777777",
                  transform=axes.get_xaxis_transform())


def draw_parameters(axes, result) -> None:
    found = by_parameters(result)
    for kind, label, colour, marker in FAMILIES:
        if kind not in found:
            continue
        share, delta, low, high = np.array(found[kind]).T
        line = "-" if kind in ("ffn", "slice") else "none"  # these form a path; the others differ in which layer is edited
        axes.errorbar(100 * share, delta, yerr=np.maximum(0, [delta - low, high - delta]), color=colour, marker=marker, capsize=2.5,
                      linestyle=line, linewidth=1.2, elinewidth=0.8, markersize=(0.9 if marker == "*" else 0.5) * style.size.body, alpha=0.85,
                      label=label)
    axes.scatter([100], [0], color="#333333", marker="*", s=style.size.body**2, zorder=3, label="unedited")
    axes.set_xlabel("parameters that a token passes, % of unedited")
    style.title(axes, "By the parameters that a token passes")
