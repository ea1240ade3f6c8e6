"""How far the layers of quantised weights are from those of the weights that they were made of."""
from . import style

TITLE = "What quantised weights change in the output of each layer"
CAPTION = ("The root mean square of the difference over all tokens and streams, as a share of the exact output's, on a logarithmic axis. "
           "Left: each layer gets the exact input. Right: each gets what the quantised layers before it have left. The last point of a line, "
           "which stands apart, is that of the logits.")
PANELS = (("own", "From the exact input"), ("accumulated", "After the layers before"))
TABLE = "quantised/layers"


def applies(result) -> bool:
    return TABLE in result.own


def draw(result):
    figure, panels = style.panels(2, 11.0, 4.8)
    errors = result.own[TABLE]
    for axes, (column, name) in zip(panels, PANELS):
        for (form, rows), colour, line in zip(errors.groupby("format", sort=False), style.COLOURS, style.LINES):
            values = 100 * rows[column].to_numpy()
            axes.plot(range(len(values) - 1), values[:-1], color=colour, linestyle=line, label=form)
            axes.plot([len(values)], values[-1:], color=colour, marker="D", linestyle="none")
        draw_axes(axes, len(values))
        style.title(axes, name)
    style.note(figure, said_of(result))
    return figure


def said_of(result) -> str:
    """Of which weights these are the errors, and how they were computed."""
    meta = result.meta
    return " · ".join((f"{result.weights} weights", f"{meta['tokens']} tokens", f"computed in {meta['dtype']}", meta["cpu_model"],
                       f"commit {meta['git_commit'][:10]}"))  # fmt: skip


def draw_axes(axes, logits: int) -> None:
    axes.set_ylabel("error, % of the output (log)")
    style.log_axis(axes.yaxis)
    axes.set_xlabel("layer")
    step = 5 if logits > 12 else 1
    ticks = list(range(0, logits - 1, step))
    axes.set_xticks([*ticks, logits], [*map(str, ticks), "logits"])
    style.legend_below(axes, ncols=4)
