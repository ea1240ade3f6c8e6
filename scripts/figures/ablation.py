"""Loss without PLE rows: layer by layer, cumulatively from both ends, and with simpler rows."""
import numpy as np

from . import style
from .worth import draw_worth

TITLE = "Loss without PLE rows, layer by layer"
CAPTION = ("Δ nats per token against the untouched model, with 95 % intervals (blocks of neighbouring tokens resampled). First panel: "
           "one layer loses its rows. Second: all layers from the first up to this one, or from the last down to it, lose them. Third: "
           "the rows of all layers are replaced by simpler ones. Grey line: all rows are zero, and the projection, the other half of the "
           "per-layer input, stays. All of this measures how far the model relies on the rows, not what they are worth: see the "
           "last panel, where --arms asked for it, for small models that were trained without them.")
KINDS = (("zero_layers", "rows zero", "#0072B2"), ("mean_layers", "mean row of the layer", "#E69F00"))


def applies(result) -> bool:
    by_layer = {transform for transform, _, _ in KINDS}
    transforms = {result.options(variant).get("transform") for variant in result.done()["variant"]} if len(result.done()) else set()
    return (result.meta.get("experiment") == "ple_ablation" and len(result.table("accuracy")) > 0
            and len(transforms & by_layer) > 0)


def layers_of(text: str) -> list[int]:
    """"0-2+7" → [0, 1, 2, 7]."""
    ranges = [part.split("-") for part in text.split("+")]
    return [layer for r in ranges for layer in range(int(r[0]), int(r[-1]) + 1)]


def by_layers(result, transform: str) -> dict[tuple[int, ...], tuple[float, float, float]]:
    """The layers that lose their rows → (Δ nats, low, high)."""
    found = {}
    for variant in result.done()["variant"]:
        options = result.options(variant)
        if options.get("transform") == transform:
            found[tuple(layers_of(options["layers"]))] = result.accuracy(variant, "delta_nats")
    return found


def dropped(result) -> float:
    """Δ nats with all rows zero; NaN when that was not run."""
    for row in result.done().itertuples():
        if row.strategy == "dropped" and result.options(row.variant).get("mode") == "zero_row":
            return result.accuracy(row.variant, "delta_nats")[0]
    return np.nan


def draw(result):
    """Only the panels that the result has something for."""
    found = {transform: by_layers(result, transform) for transform, _, _ in KINDS}
    chosen = [draw_single] if any(len(layers) == 1 for delta in found.values() for layers in delta) else []
    if any(len(runs(delta, first)) > 1 for delta in found.values() for first in (True, False)):
        chosen.append(draw_ends)
    if others(result):
        chosen.append(draw_other)
    if len(result.worth):
        chosen.append(draw_beside)
    figure, axes = style.panels(len(chosen), 11.6 if len(chosen) == 4 else 4.2 * len(chosen), 4.7,
                                in_row=2 if len(chosen) == 4 else None)
    for draw_panel, panel in zip(chosen, axes):
        draw_panel(panel, result, found)
    style.sign(figure, result)
    return figure


def by_layer_axes(axes) -> None:
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.set_ylabel("Δ nats per token")
    axes.xaxis.get_major_locator().set_params(integer=True)


def draw_single(axes, _, found) -> None:
    for (transform, label, colour), line in zip(KINDS, style.LINES):
        points = sorted((layers[0], *delta) for layers, delta in found[transform].items() if len(layers) == 1)
        if points:
            layer, delta, low, high = np.array(points).T
            axes.fill_between(layer, low, high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(layer, delta, color=colour, marker="o", linestyle=line, label=label)
    by_layer_axes(axes)
    axes.set_xlabel("layer without its rows")
    style.title(axes, "One layer at a time")
    style.legend_below(axes, ncols=2)


def runs(found, first: bool) -> list[tuple[int, ...]]:
    """Of the sets of layers those that are neighbours and begin with the first layer, or end with the last."""
    last = max((layers[-1] for layers in found), default=0)
    return [layers for layers in found if (layers[0] == 0 if first else layers[-1] == last)
            and len(layers) == layers[-1] - layers[0] + 1]


def draw_ends(axes, result, found) -> None:
    for transform, label, colour in KINDS:
        for first, line, name in ((True, "-", "from the first up"), (False, ":", "from the last down")):
            chosen = runs(found[transform], first)
            if chosen:
                count, delta, low, high = np.array(sorted((len(layers), *found[transform][layers]) for layers in chosen)).T
                axes.fill_between(count, low, high, color=colour, alpha=0.12, linewidth=0)
                axes.plot(count, delta, color=colour, linestyle=line, label=f"{label}, {name}")
    by_layer_axes(axes)
    full = dropped(result)
    if not np.isnan(full):
        axes.axhline(full, color="#777777", linestyle="--", linewidth=1.1, label="all rows zero")
    axes.set_xlabel("layers without their rows")
    style.title(axes, "Cumulatively from both ends")
    style.legend_below(axes, ncols=2)


def others(result) -> list[str]:
    """The variants that change all layers at once."""
    by_layer = [transform for transform, _, _ in KINDS]
    return [v for v in result.done()["variant"] if not result.is_baseline(v) and result.options(v).get("transform") not in by_layer]


def draw_other(axes, result, _) -> None:
    variants = others(result)
    rows = np.arange(len(variants))[::-1]
    values = np.array([result.accuracy(v, "delta_nats") for v in variants]).reshape(-1, 3)
    axes.errorbar(values[:, 0], rows, xerr=np.abs(values[:, 1:] - values[:, :1]).T, fmt="o", color="#009E73",
                  ecolor="#009E73", capsize=3)
    axes.axvline(0, color="#999999", linewidth=0.8)
    axes.axvline(dropped(result), color="#777777", linestyle="--", linewidth=1.1)
    axes.set_yticks(rows, list(style.shortened(variants).values()))
    axes.set_ylim(-0.6, len(variants) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("Δ nats per token")
    style.title(axes, "All layers at once")


def draw_beside(axes, result, _) -> None:
    draw_worth(axes, result.worth, narrow=True)
    style.title(axes, "Smaller models: rows dropped, healed, or never there")
