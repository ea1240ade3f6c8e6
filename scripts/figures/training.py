"""Loss during training, and at the end by how often a token occurs."""
import numpy as np

from . import style

TITLE = "Loss during training, and by token frequency"
CAPTION = ("Left: loss of the training batches (mean over the steps since the point before) and of held-out documents while "
           "training. Right: nats per token on the scored split, by how often the input token, or the target token, "
           "occurs in the training text; a PLE row belongs to the input token.")
SMOOTH = 9  # points


def applies(result) -> bool:
    return bool(result.training)


def smooth(values) -> np.ndarray:
    window = min(SMOOTH, len(values))
    padded = np.pad(np.asarray(values, float), (window // 2, window - 1 - window // 2), mode="edge")
    return np.convolve(padded, np.ones(window) / window, mode="valid")


def draw(result):
    curve = result.curve("loss_by_frequency")
    figure, axes = style.panels(1 + (len(curve) > 0), 9.6, 4.8)
    left = axes[0]
    for i, (run, rows) in enumerate(list(result.training.items())[:style.MOST_CURVES]):
        millions = rows["tokens"] / 1e6
        left.plot(millions, rows["loss"], color=style.COLOURS[i], alpha=0.25, linewidth=0.8)
        left.plot(millions, smooth(rows["loss"]), color=style.COLOURS[i], linestyle=style.LINES[i], label=f"{run}, training batches")
    valid = result.curve("valid_nats")
    for run, points in valid.groupby("series") if len(valid) else ():
        left.plot(points["x"] / 1e6, points["y"], "o", color=style.COLOURS[3], label=f"{run}, validation split")
    left.set_xlabel("training tokens, millions")
    left.set_ylabel("nats per token")
    style.title(left, "Loss during training")
    style.legend_below(left, ncols=1)
    if len(curve):
        draw_frequency(axes[1], curve)
    style.sign(figure, result)
    return figure


def draw_frequency(axes, curve) -> None:
    styles = {"input": ("#0072B2", "o-", "by input token"), "target": ("#E69F00", "s--", "by target token")}
    for label, (colour, line, name) in styles.items():
        rows = curve[curve["label"] == label].sort_values("x")
        axes.plot(rows["x"], rows["y"], line, color=colour, label=name)
    style.log_axis(axes.xaxis)
    axes.set_xlabel("occurrences in the training text (log)")
    axes.set_ylabel("nats per token")
    style.title(axes, "At the end, by token frequency")
    style.legend_below(axes, ncols=2)
