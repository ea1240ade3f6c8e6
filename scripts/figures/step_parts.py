"""The parts of a decode step: how long each takes, and how long its bytes would take at the run's own read bandwidth."""
import numpy as np
import roofline

from . import style

TITLE = "What a decode step spends its time on"
CAPTION = ("Upper bar of each variant: medians of the observed steps by part. Lower bar, paler: the time in which the run's own read loop reads "
           "as many bytes as the part must read (weights after sparsity, keys and values, rows); the number is what the whole step reaches "
           "of that bandwidth. Where all of it fits into caches, a part may be faster. Attention holds LAuReL's first product; input is the "
           "embedding, the streams and the projection to all layers; rows is the time of the model's thread in the source. Observed steps "
           "come after the timed ones and repeat the last: rows of their token are cached where a cache is.")
COLOURS = {"input": "#F0E442", "attention": "#0072B2", "laurel": "#56B4E9", "ffn": "#E69F00", "altup": "#009E73", "ple": "#D55E00",
           "rows": "#882255", "logits": "#CC79A7"}
OTHER = "#999999"
NAMES = {"ffn": "FFN", "altup": "AltUp", "laurel": "LAuReL", "ple": "PLE branch", "rows": "PLE rows"}
HEIGHT = 0.36


def applies(result) -> bool:
    return len(roofline.observed(result)) > 0


def in_order(names) -> list[str]:
    """The parts as COLOURS has them; others after them."""
    known = [name for name in COLOURS if name in names]
    return known + [name for name in names if name not in COLOURS]


def draw(result):
    variants = roofline.observed(result)
    parts = {variant: roofline.parts(result, variant) for variant in variants}
    names = in_order(list(dict.fromkeys(name for table in parts.values() for name in table.index)))
    figure, (axes,) = style.panels(1, 9, rows=max(len(variants) * 3 // 2, 4))
    places = np.arange(len(variants))[::-1]
    times = np.array([table["time_ns"].reindex(names).fillna(0) for table in parts.values()]) / 1e6
    floors = np.array([table["at_bandwidth_ns"].reindex(names).fillna(0) for table in parts.values()]) / 1e6
    stack(axes, places + HEIGHT / 2, times, names)
    stack(axes, places - HEIGHT / 2, floors, names, alpha=0.45)
    for place, variant, time, floor in zip(places, variants, times.sum(axis=1), floors.sum(axis=1)):
        share = roofline.whole(result, variant)["share"]
        style.beside(axes, time, place + HEIGHT / 2, f"{time:,.3g} ms")
        if np.isfinite(share):
            style.beside(axes, floor, place - HEIGHT / 2, f"{share:.0%} of {roofline.bandwidth(result, variant):,.3g} GB/s")
    style.name_rows(axes, variants)
    axes.set_xlim(0, max(times.sum(axis=1).max(), floors.sum(axis=1).max()) * 1.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("ms of a step, by part")
    style.title(axes, "Time by part, and time of its bytes at the read bandwidth")
    style.legend_below(axes, ncols=4)
    style.sign(figure, result)
    return figure


def stack(axes, places, widths, names, alpha: float = 1) -> None:
    left = np.zeros(len(places))
    for i, name in enumerate(names):
        axes.barh(places, widths[:, i], left=left, height=HEIGHT, color=COLOURS.get(name, OTHER), alpha=alpha,
                  label=NAMES.get(name, name) if alpha == 1 else None)
        left += widths[:, i]
