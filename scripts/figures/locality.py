"""Hit rate against the size of a row cache: policies, the optimum, and the same tokens in random order."""
from . import style

TITLE = "Hit rate of a cache of PLE rows, on a text and on the same tokens shuffled"
CAPTION = ("Hits per lookup against the bytes that the cache holds, with one lookup per token of a real text. LRU is the project's own "
           "`cached` source, which starts empty or warmed by an earlier part of the text. Static: the most frequent rows of that "
           "earlier part, never evicted. Optimum (Belady): no cache that starts empty can have more hits; one that starts warmed "
           "can. The thin line is LRU at every capacity, from one pass. The grey band is LRU on the same tokens in random order (95 % of the orders), which shows the effect of frequency "
           "alone; the gap between it and LRU is what the order of the text adds (second panel). Other bands: 95 % intervals over passages of 256 tokens.")
SERIES = (("optimal", "optimum from empty (Belady)", "#555555", "--"), ("static_hot", "static: most frequent of the earlier part",
          "#E69F00", "-."), ("lru_warmed", "LRU, warmed by the earlier part", "#56B4E9", (0, (5, 1, 1, 1, 1, 1))), ("lru", "LRU from empty", "#0072B2", "-"),
          ("lru_shuffled", "LRU from empty, same tokens shuffled", "#999999", ":"))


def applies(result) -> bool:
    return len(result.curve("cache_locality")) > 0


def stream_facts(result) -> dict[str, float]:
    stream = result.curve("cache_stream")
    return dict(zip(stream["label"], stream["y"]))


def draw(result):
    table = result.curve("cache_locality")
    facts = stream_facts(result)
    figure, (hits, gain) = style.panels(2, 11.4, 5.8, ratios=(1.6, 1))
    for series, label, colour, line in SERIES:
        rows = table[table["series"] == series].sort_values("x")
        hits.plot(rows["x"] / 1e6, rows["y"] * 100, color=colour, linestyle=line, marker="o", markersize=0.35 * style.size.body, label=label)
        hits.fill_between(rows["x"] / 1e6, rows["low"] * 100, rows["high"] * 100, color=colour, alpha=0.18, linewidth=0)
    every = result.curve("lru_by_capacity")  # older files lack it
    if len(every):
        hits.plot(every["x"] / 1e6, every["y"] * 100, color="#0072B2", linewidth=0.8)
    first_uses = facts["distinct_rows"] / facts["measured_tokens"]
    hits.axhline((1 - first_uses) * 100, color="#D55E00", linewidth=1, linestyle=(0, (1, 3)),
                 label=f"all but first uses ({first_uses:.1%} of lookups)")
    hits.set(xlabel="MB of rows that the cache holds (10⁶ bytes, log)", ylabel="hits, % of lookups", ylim=(0, 100))
    style.title(hits, f"{facts['measured_tokens']:,.0f} tokens of {stream_name(result)}")
    style.legend_below(hits, ncols=2)
    draw_gain(gain, table)
    for axes in (hits, gain):
        style.log_axis(axes.xaxis)
    style.sign(figure, result)
    return figure


def stream_name(result) -> str:
    return str(result.curve("cache_stream")["series"].iloc[0])


def draw_gain(axes, table) -> None:
    """Draws hit rates minus that of LRU on the shuffled tokens, in percentage points."""
    shuffled = table[table["series"] == "lru_shuffled"].set_index("x").sort_index()
    lru = table[table["series"] == "lru"].set_index("x").sort_index()
    for series, label, colour, line in SERIES[:4]:
        rows = table[table["series"] == series].set_index("x").sort_index()
        axes.plot(rows.index / 1e6, (rows["y"] - shuffled["y"]) * 100, color=colour, linestyle=line, marker="o",
                  markersize=0.35 * style.size.body, label=label)
    axes.fill_between(lru.index / 1e6, (lru["y"] - shuffled["high"]) * 100, (lru["y"] - shuffled["low"]) * 100, color="#0072B2",
                      alpha=0.25, linewidth=0)
    axes.axhline(0, color="#999999", linewidth=1, linestyle=":")
    axes.set(xlabel="MB of rows (log)", ylabel="percentage points")
    style.title(axes, "Above LRU on the shuffled tokens")
    if not style.starts_row(axes):
        return
    style.legend_below(axes, ncols=2)
