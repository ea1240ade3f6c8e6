"""Parameters by group: stacked bars as in the published Figure 1, with exact counts."""
from . import style

TITLE = "Parameters by group, and which a decode step reads"
CAPTION = ("Exact counts of the published layout. `total`: everything in the files. `working set`: what a text decode step "
           "reads from fast memory. `effective`: the advertised number, which also leaves out the token embedding.")
GROUPS = (("text_stack", "text stack", "#0072B2"), ("unused_kv", "unused k/v", "#7FB8DA"),
          ("token_embedding", "token embedding", "#56B4E9"), ("ple_table", "PLE table", "#E69F00"),
          ("vision", "vision", "#009E73"), ("audio", "audio", "#CC79A7"),
          ("lm_head", "output layer", "#BBBBBB"))  # only where it is not tied to the token embedding
BARS = (("total", [g[0] for g in GROUPS]), ("working set", ["text_stack", "token_embedding", "lm_head"]),
        ("effective", ["text_stack", "unused_kv"]))


def applies(result) -> bool:
    return len(result.curve("parameter_groups")) > 0


def draw(result):
    table = result.curve("parameter_groups")
    shapes = list(dict.fromkeys(table["series"]))
    totals = table.groupby("series")["y"].max()
    figure, panels = style.panels(len(shapes), max(8.6, 3.4 * len(shapes) + 1.6), 5.2, in_row=3)
    for axes, shape in zip(panels, shapes):
        if totals.max() < 20 * totals.min():
            axes.set_ylim(0, 1.08 * max(table[table["series"] == s]["y"].sum() for s in shapes) / 1e9)
        counts = table[table["series"] == shape].set_index("label")["y"].to_dict()
        draw_shape(axes, shape, counts)
    shown = [group for group in GROUPS if group[0] in set(table["label"])]
    handles = [style.plt.Rectangle((0, 0), 1, 1, color=colour) for _, _, colour in shown]
    style.legend_above(figure, handles, [label for _, label, _ in shown])
    style.sign(figure, result)
    return figure


def draw_shape(axes, shape, counts):
    scale, unit = (1e9, "B") if sum(counts.get(g[0], 0) for g in GROUPS) > 1e9 else (1e6, "M")
    for position, (_, members) in enumerate(BARS):
        bottom = 0.0
        for group, _, colour in GROUPS:
            height = counts.get(group, 0) / scale
            if group not in members or height == 0:
                continue
            axes.bar(position, height, bottom=bottom, color=colour, width=0.66)
            if height > 0.045 * sum(counts.get(g[0], 0) for g in GROUPS) / scale:
                axes.text(position, bottom + height / 2, f"{height:.2f}", ha="center", va="center", fontsize=style.size.note,
                          color="white" if colour in ("#0072B2", "#009E73") else "#222222")
            bottom += height
        axes.text(position, bottom, f"{bottom:.2f} {unit}", ha="center", va="bottom", fontweight="bold", fontsize=style.size.body - 0.5)
    axes.set_xticks(range(len(BARS)), [bar for bar, _ in BARS])
    axes.grid(axis="x", visible=False)
    axes.margins(y=0.08)
    axes.set_ylabel("parameters, 10⁹" if unit == "B" else "parameters, 10⁶")
    style.title(axes, shape)
