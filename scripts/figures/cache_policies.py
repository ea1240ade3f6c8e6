"""Which row shall leave a full cache: hits of each policy beside LRU's and the optimum's, at each capacity."""
from . import style
from .locality import stream_facts, stream_name

TITLE = "Which policy keeps the right rows"
CAPTION = ("Left: how many more of the lookups each policy hits than LRU, in percentage points, against the bytes that the cache "
           "holds; all have seen the same earlier part of the text, and the bands are 95 % intervals of that difference over "
           "passages of 256 tokens. static: the most frequent rows of the earlier part, never evicted. Right: the part of the way "
           "from LRU to the optimum (Belady, which knows the future, and starts with the best rows of the earlier part) that each "
           "closes, without intervals, where that way is at least one point.")
COLOURS = {"lru_warmed": "#000000", "optimal_warmed": "#555555", "lfu_warmed": "#E69F00", "clock_warmed": "#56B4E9", "s3fifo_warmed": "#009E73",
           "sieve_warmed": "#D55E00", "tinylfu_warmed": "#CC79A7", "static_hot": "#0072B2"}
LINES = {"lru_warmed": "-", "optimal_warmed": "--", "lfu_warmed": "-.", "clock_warmed": ":", "s3fifo_warmed": "-", "sieve_warmed": (0, (5, 1, 1, 1)),
         "tinylfu_warmed": (0, (3, 1)), "static_hot": (0, (5, 1, 1, 1, 1, 1))}
BASELINE, OPTIMUM = "lru_warmed", "optimal_warmed"
LEAST_GAP = 0.01  # hits per lookup: below it the share of the way is a ratio of two small numbers


def applies(result) -> bool:
    return len(result.curve("cache_policies")) > 0


def label_of(series: str) -> str:
    return {OPTIMUM: "optimum (Belady)", "static_hot": "static"}.get(series, series.removesuffix("_warmed"))


def draw(result):
    table = result.curve("cache_policies")
    facts = stream_facts(result)
    figure, (points, shares) = style.panels(2, 11.4, 5.8)
    best = table[table["series"] == OPTIMUM].set_index("x")["y"].sort_index()
    for series in [name for name in table["series"].unique() if name != BASELINE]:
        rows = table[table["series"] == series].set_index("x").sort_index()
        look = {"color": COLOURS.get(series, "#000000"), "linestyle": LINES.get(series, "-"), "marker": "o",
                "markersize": 0.35 * style.size.body, "label": label_of(series)}
        points.plot(rows.index / 1e6, rows["y"] * 100, **look)
        points.fill_between(rows.index / 1e6, rows["low"] * 100, rows["high"] * 100, color=look["color"], alpha=0.15, linewidth=0)
        if series != OPTIMUM:
            share = (rows["y"] / best)[best >= LEAST_GAP]
            shares.plot(share.index / 1e6, share * 100, **look)
    for axes in (points, shares):
        axes.axhline(0, color="#999999", linewidth=1)
        style.log_axis(axes.xaxis)
        axes.set_xlabel("MB of rows that the cache holds (log)")
    points.set_ylabel("percentage points above LRU")
    shares.set_ylabel("% of the way from LRU to the optimum")
    style.title(points, f"{facts['measured_tokens']:,.0f} tokens of {stream_name(result)}, caches warmed alike")
    style.title(shares, "Part of the gap that is closed")
    style.legend_below(points, ncols=4)
    style.sign(figure, result)
    return figure
