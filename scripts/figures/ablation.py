"""Loss without PLE rows: layer by layer, cumulatively from both ends, and with simpler rows."""
import numpy as np

from . import style
from .worth import draw_worth

TITLE = "Loss without PLE rows, layer by layer"
CAPTION = ("Δ nats per token against the untouched model, with 95 % intervals (blocks of neighbouring tokens resampled). First panel: "
           "one layer loses its rows. Second: all layers from the first up to this one, or from the last down to it, lose them. Third: "
           "the rows of all layers are replaced by simpler ones. Grey line: all rows are zero, and the projection, the other half of the "
           "per-layer input, stays. All of this measures how far the model relies on the rows, not what they are worth: see the "
           "last panel, if there is one, for small models that were trained without them.")
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
    figure, (single, ends, other, beside) = panels(len(result.worth) > 0)
    for transform, label, colour in KINDS:
        found = by_layers(result, transform)
        draw_single(single, found, label, colour)
        draw_ends(ends, found, label, colour)
    full = dropped(result)
    for axes in (single, ends):
        axes.axhline(0, color="#999999", linewidth=0.8)
        axes.set_ylabel("Δ nats per token")
    ends.axhline(full, color="#777777", linestyle="--", linewidth=1.1, label="all rows zero")
    single.set(xlabel="layer without its rows", title="One layer at a time")
    ends.set(xlabel="layers without their rows", title="Cumulatively from both ends")
    for axes in (single, ends):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8)
    draw_other(other, result, full)
    if beside is not None:
        draw_worth(beside, result.worth, width=11)
        beside.set_title("Dropped, healed or never there: smaller models")
    style.sign(figure, result)
    return figure


def panels(four: bool):
    """The figure and its four axes, of which the last is None unless `four`."""
    if four:
        figure, axes = style.new(11.6, 9.2, nrows=2, ncols=2)
        return figure, axes.flat
    figure, axes = style.new(12.4, 4.9, ncols=3, width_ratios=(1, 1, 1.05))
    return figure, (*axes, None)


def draw_single(axes, found, label, colour) -> None:
    points = sorted((layers[0], *delta) for layers, delta in found.items() if len(layers) == 1)
    if not points:
        return
    layer, delta, low, high = np.array(points).T
    axes.fill_between(layer, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(layer, delta, color=colour, marker="o", markersize=4, linewidth=1.6, label=label)


def draw_ends(axes, found, label, colour) -> None:
    last = max((layers[-1] for layers in found), default=0)
    for first, line, name in ((True, "-", "from the first up"), (False, ":", "from the last down")):
        runs = [layers for layers in found if (layers[0] == 0 if first else layers[-1] == last)
                and len(layers) == layers[-1] - layers[0] + 1]
        if not runs:
            continue
        count, delta, low, high = np.array(sorted((len(layers), *found[layers]) for layers in runs)).T
        axes.fill_between(count, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(count, delta, color=colour, linestyle=line, linewidth=1.6, label=f"{label}, {name}")


def draw_other(axes, result, full) -> None:
    by_layer = [transform for transform, _, _ in KINDS]
    variants = [v for v in result.done()["variant"]
                if not result.is_baseline(v) and result.options(v).get("transform") not in by_layer]
    rows = np.arange(len(variants))[::-1]
    values = np.array([result.accuracy(v, "delta_nats") for v in variants]).reshape(-1, 3)
    axes.errorbar(values[:, 0], rows, xerr=np.abs(values[:, 1:] - values[:, :1]).T, fmt="o", color="#009E73",
                  ecolor="#009E73", capsize=3, markersize=5)
    axes.axvline(0, color="#999999", linewidth=0.8)
    axes.axvline(full, color="#777777", linestyle="--", linewidth=1.1)
    axes.set_yticks(rows, variants)
    axes.set_ylim(-0.6, len(variants) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="Δ nats per token", title="All layers at once")
