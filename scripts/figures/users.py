"""What several users at once do to a cache of rows, how soon an emptied one is of use, and how fast new rows come."""
from . import style
from .cache_policies import COLOURS, LINES, label_of
from .locality import stream_facts

TITLE = "Several users, an emptied cache, and how fast new rows come"
CAPTION = ("Left: hits when users take turns token by token, each in another stretch of the text, in a cache that has seen the "
           "earlier part; the lookups are nearly the same, in another order. Middle: hits of an LRU cache in the tokens from x/2 to x "
           "after it was emptied, by its capacity in rows, over as many starts as the text allows. Right: distinct rows among the first x "
           "tokens, in the text's order and shuffled. Bands: 95 % intervals over passages of the text.")
SHOWN_ROWS = 1024  # of the left panel; the nearest capacity that the file has


def applies(result) -> bool:
    return len(result.curve("interleaved_users")) > 0


def band(axes, rows, **look) -> None:
    axes.plot(rows["x"], rows["y"] * 100, marker="o", markersize=0.35 * style.size.body, **look)
    axes.fill_between(rows["x"], rows["low"] * 100, rows["high"] * 100, color=look["color"], alpha=0.15, linewidth=0)


def draw_users(axes, table, tokens: float) -> None:
    capacity = min(table["label"].unique(), key=lambda rows: abs(int(rows) - SHOWN_ROWS))
    table = table[table["label"] == capacity]
    for policy in table["series"].unique():
        name = policy if policy in COLOURS else f"{policy}_warmed"
        band(axes, table[table["series"] == policy].sort_values("x"), color=COLOURS.get(name, "#000000"), linestyle=LINES.get(name, "-"),
             label=label_of(policy))
    axes.set(xlabel="users in turn (log)", ylabel="hits, % of lookups")
    style.title(axes, f"A cache of {int(capacity):,} rows, {tokens:,.0f} tokens")


def draw_idle(axes, table) -> None:
    colours = ("#56B4E9", "#0072B2", "#009E73", "#D55E00")
    for colour, capacity in zip(colours, sorted(table["label"].unique(), key=int)):
        band(axes, table[table["label"] == capacity].sort_values("x"), color=colour, label=f"{int(capacity):,} rows")
    axes.set(xlabel="tokens since it was emptied (log)", ylabel="hits, % of lookups", ylim=(0, 100))
    style.title(axes, "After a cache was emptied")


def draw_growth(axes, table) -> None:
    for series, colour, line in (("text", "#0072B2", "-"), ("shuffled", "#999999", ":")):
        rows = table[table["series"] == series].sort_values("x")
        axes.plot(rows["x"], rows["y"], color=colour, linestyle=line, marker="o", markersize=0.35 * style.size.body, label=series)
    axes.set(xlabel="tokens (log)", ylabel="distinct rows (log)")
    style.log_axis(axes.yaxis)
    style.title(axes, "How fast new rows come")


def draw(result):
    figure, (users, idle, growth) = style.panels(3, 14.5, 5.4)
    draw_users(users, result.curve("interleaved_users"), stream_facts(result)["measured_tokens"])
    draw_growth(growth, result.curve("vocabulary_growth"))
    after_idle = result.curve("after_idle")
    if len(after_idle):
        draw_idle(idle, after_idle)
    else:
        idle.remove()
    for axes in (users, idle, growth):
        if axes in figure.axes:
            style.log_axis(axes.xaxis)
            style.legend_below(axes, ncols=2)
    style.sign(figure, result)
    return figure
