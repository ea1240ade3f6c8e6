"""Is the table broken up by concept?  What the order of tokens adds to the hits of a cache, by domain, like for like."""
import numpy as np

from . import style
from .cache_policies import COLOURS, label_of

TITLE = "What the order of tokens adds to the hits of a cache, by domain"
CAPTION = ("Hits of caches that have seen the first half of a domain, on its second half, at two sizes. Upper line of each domain: LRU on "
           "the same tokens in random order, on tokens in random order within each passage of 256 (what a passage speaks of stays "
           "together, the order of its words is gone; in a cache that holds a passage this changes nothing), and on the text as it stands; then the optimum (Belady, which knows the future). "
           "Lower line: a set of rows that never changes, learned on the first half of the same domain, and on those of all other domains. "
           "Last panel: the part of the way from LRU to the optimum that each policy closes. Bars: 95 % intervals over passages of 256 tokens; "
           "of the random orders, 95 % of them.")
SHOWN_ROWS = (64, 1024)  # the nearest capacities that all domains have
LRU, OPTIMUM, OTHERS = "lru_warmed", "optimal_warmed", "static_from_others"
SHUFFLED, WITHIN, OWN = "lru_warmed_shuffled", "lru_warmed_shuffled_within", "static_hot"
# series: label, colour, marker, filled, place above the middle of a domain's row
CACHES = {SHUFFLED: ("LRU, tokens in random order", "#999999", "o", True, 0.16), WITHIN: ("in random order within passages", "#56B4E9", "d", True, 0.16),
          LRU: ("LRU, the text as it stands", "#0072B2", "s", True, 0.16), OPTIMUM: ("optimum (Belady)", "#555555", "|", True, 0.16),
          OTHERS: ("static, learned on the other domains", "#D55E00", "^", False, -0.2), OWN: ("static, learned on this domain", "#E69F00", "^", True, -0.2)}
POLICIES = {"lfu_warmed": "v", "clock_warmed": "P", "s3fifo_warmed": "D", "sieve_warmed": "X", "tinylfu_warmed": "o"}


def applies(result) -> bool:
    return len(result.curve("domain_hits")) > 0


def at(table, series: str, rows: float):
    """The rows of a series at one capacity, by domain."""
    return table[(table["series"] == series) & (table["x"] == rows)].set_index("label")


def capacities(result) -> list[float]:
    """Those of SHOWN_ROWS, or what is nearest to them among the capacities that all domains have."""
    lru = result.curve("domain_hits").query("series == @LRU")
    counts = lru["x"].value_counts()
    common = counts.index[counts == lru["label"].nunique()]
    return sorted({min(common, key=lambda rows: abs(np.log(rows / wanted))) for wanted in SHOWN_ROWS})


def order_adds(result, rows: float):
    """Percentage points that the order of the text adds to LRU's hits, by domain, with their interval; the most first."""
    table = at(result.curve("domain_above_lru"), SHUFFLED, rows)
    points = -100 * table[["y", "high", "low"]]
    return points.set_axis(["y", "low", "high"], axis="columns").sort_values("y", ascending=False)


def bars(values) -> np.ndarray:
    """Lengths of the bars to the left and right of each value."""
    return 100 * np.maximum(0, np.nan_to_num([values["y"] - values["low"], values["high"] - values["y"]]))


def draw_hits(axes, result, rows: float, domains) -> None:
    table = result.curve("domain_hits")
    middle = np.arange(len(domains))[::-1]
    for line in ((SHUFFLED, LRU), (OTHERS, OWN)):
        ends = [100 * at(table, series, rows).loc[domains, "y"] for series in line]
        axes.hlines(middle + CACHES[line[0]][4], *ends, color="#BBBBBB", linewidth=1.2, zorder=1)
    for series, (label, colour, marker, filled, place) in CACHES.items():
        values = at(table, series, rows).loc[domains]
        axes.errorbar(100 * values["y"], middle + place, xerr=bars(values), fmt=marker, color=colour, label=label, elinewidth=1, zorder=2,
                      markersize=0.55 * style.size.body * (1.7 if marker == "|" else 1), markerfacecolor=colour if filled else "white")
    axes.set_xlabel("hits, % of lookups")
    style.title(axes, f"Hits of a cache of {rows:,.0f} rows")


def draw_gap(axes, result, rows: float, domains) -> None:
    table = result.curve("domain_gap")
    middle = np.arange(len(domains))[::-1]
    for i, (series, marker) in enumerate(POLICIES.items()):
        values = at(table, series, rows).reindex(domains)
        axes.errorbar(100 * values["y"], middle + 0.28 - 0.14 * i, xerr=bars(values), fmt=marker, color=COLOURS[series], label=label_of(series),
                      elinewidth=1, markersize=0.45 * style.size.body)
    axes.axvline(0, color="#999999", linewidth=1)
    axes.set_xlabel("% of the way from LRU to the optimum")
    style.title(axes, f"Which policy closes the gap, {rows:,.0f} rows")


def draw(result):
    sizes = capacities(result)
    domains = list(order_adds(result, sizes[0]).index)
    figure, panels = style.panels(len(sizes) + 1, 14.5, rows=2 * len(domains), ratios=(1,) * (len(sizes) + 1))
    for axes in panels:
        style.name_rows(axes, domains)
        axes.grid(False, axis="y")
        for place in range(1, len(domains)):
            axes.axhline(place - 0.5, color="#E4E4E4", linewidth=0.8, zorder=0)
    for axes, rows in zip(panels, sizes):
        draw_hits(axes, result, rows, domains)
    draw_gap(panels[-1], result, sizes[-1], domains)
    style.legend_below(panels[0], ncols=2)
    style.legend_below(panels[-1], ncols=3)
    style.sign(figure, result)
    return figure
