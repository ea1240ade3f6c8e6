"""What PLE adds to the streams, layer by layer: is it a steering vector?"""
import numpy as np

from . import style

TITLE = "What PLE adds to the streams, layer by layer"
CAPTION = ("Left: rms of what the PLE branch adds, relative to the streams that it is added to (mean over tokens), with 95 % "
           "intervals (blocks of neighbouring tokens resampled); thin lines: tokens by how often their ids occur in the text. Middle: the "
           "cosine between the two. Right: the second moment of what is added, over tokens whose id occurs at least twice, split into the "
           "share that one vector for all tokens explains, the share that one vector per token id explains beyond it, and the rest, which "
           "depends on the context (unbiased: from pairs of different tokens). Dots: the share that the mean over an id's other occurrences "
           "in this text predicts.")
SHARES = (("share_layer", "one vector per layer", "#0072B2"), ("share_token", "one vector per token id, beyond it", "#56B4E9"),
          ("share_context", "context", "#E69F00"))
ALL = "all"


def applies(result) -> bool:
    return len(result.curve("ple_contribution")) > 0


def of(result, metric: str, bucket: str = ALL):
    """The rows of one metric by layer, of the first variant when a sweep has several."""
    table = result.curve("ple_contribution")
    table = table[table["variant"] == table["variant"].iloc[0]]
    return table[(table["metric"] == metric) & (table["bucket"] == bucket)].sort_values("layer")


def buckets_of(result) -> list[str]:
    """Frequency buckets, the rarest first."""
    labels = result.curve("ple_contribution")["bucket"].unique()
    return sorted((b for b in labels if b != ALL), key=lambda b: int(b.split("-")[0]))


def draw(result):
    figure, axes = style.panels(3, 13.2, 5.2, ratios=(1.1, 1, 1.1))
    draw_by_bucket(axes[0], result, "relative_norm")
    axes[0].set_ylabel("rms added ÷ rms of the streams")
    style.title(axes[0], "Size relative to the streams")
    axes[0].set_ylim(bottom=0)
    draw_by_bucket(axes[1], result, "cosine")
    axes[1].set_ylabel("cosine with the streams")
    style.title(axes[1], "Direction")
    axes[1].axhline(0, color="#999999", linewidth=0.8)
    draw_shares(axes[2], result)
    for panel in axes:
        panel.set_xlabel("layer")
        panel.xaxis.get_major_locator().set_params(integer=True)
    for panel in axes[:2]:
        style.legend_below(panel, ncols=3, title="occurrences of the token's id")
    handles, labels = axes[2].get_legend_handles_labels()
    style.legend_below(axes[2], ncols=2, handles=handles[1:] + handles[:1], labels=labels[1:] + labels[:1])
    style.sign(figure, result)
    return figure


def draw_by_bucket(axes, result, metric) -> None:
    buckets = buckets_of(result)
    for i, bucket in enumerate(buckets):
        rows = of(result, metric, bucket)
        shade = style.plt.get_cmap("viridis")(0.1 + 0.8 * i / max(1, len(buckets) - 1))
        axes.fill_between(rows["layer"], rows["low"], rows["high"], color=shade, alpha=0.12, linewidth=0)
        axes.plot(rows["layer"], rows["value"], color=shade, linewidth=1.1, linestyle=style.LINES[1 + i % 5], label=bucket)
    rows = of(result, metric)
    axes.fill_between(rows["layer"], rows["low"], rows["high"], color="#222222", alpha=0.2, linewidth=0)
    axes.plot(rows["layer"], rows["value"], color="#222222", marker="o", label="all tokens")


def draw_shares(axes, result) -> None:
    below = 0.0
    for metric, label, colour in SHARES:
        rows = of(result, metric)
        # The unbiased estimate of a share that is 0 may be negative.
        share = np.clip(rows["value"].to_numpy(), 0, None) * 100
        axes.bar(rows["layer"], share, bottom=below, width=0.82, color=colour, label=label)
        below = below + share
    rows = of(result, "predicted_by_token")
    axes.plot(rows["layer"], rows["value"] * 100, "o", color="#222222", label="predicted from other occurrences")
    covered = of(result, "share_token")["n"].max() / max(1, of(result, "relative_norm")["n"].max())
    style.title(axes, f"Shares of its second moment ({covered:.0%} of the tokens)")
    axes.set(ylabel="% of the second moment",
             ylim=(min(0, 110 * rows["value"].min()), 104))
