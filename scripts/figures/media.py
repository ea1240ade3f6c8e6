"""Accuracy and nats of the answer on tasks with pictures and sounds, without PLE rows."""
import json

import numpy as np
from intervals import wilson

from . import style

TITLE = "Loss without PLE rows on tasks with pictures and sounds"
CAPTION = ("Left: share of right answers. Right: additional nats of the right answer "
           "compared with the untouched model, paired by document. 95 % intervals over documents: Wilson's for shares, ±1.96 "
           "standard errors for differences.")


def choice_tasks(result) -> list[str]:
    """The multiple-choice tasks of an ablation."""
    table = result.table("accuracy")
    if result.meta.get("experiment") != "ple_ablation" or not len(table):
        return []
    return list(dict.fromkeys(table.loc[table["metric"] == "answer_nats", "task"]))


def media_tasks(result) -> list[str]:
    """Those that show pictures or play sounds.  Results from before `media_tasks` was recorded say so by zeroing soft tokens."""
    tasks = choice_tasks(result)
    if "media_tasks" in result.meta:
        return [task for task in tasks if task in json.loads(result.meta["media_tasks"])]
    zeroes_soft = any(result.options(variant).get("transform") == "zero_soft" for variant in result.done()["variant"])
    return tasks if zeroes_soft else []


def applies(result) -> bool:
    return len(media_tasks(result)) > 0


def values(result, task: str, metric: str) -> np.ndarray:
    """[variants, (value, low, high)]; NaN when it was not measured.  Older files have intervals of shares that pass 1."""
    table = result.table("accuracy")
    rows = table[(table["task"] == task) & (table["metric"] == metric)].set_index("variant")
    rows = rows.reindex(result.done()["variant"])
    if metric == "acc":
        return np.array([(row.value, *wilson(row.value, row.n)) for row in rows.itertuples()])
    return rows[["value", "low", "high"]].to_numpy()


def draw(result):
    return draw_tasks(result, media_tasks(result), TITLE)


def draw_tasks(result, names: list[str], title: str):
    variants = list(result.done()["variant"])
    figure, (right, nats) = style.new(10.6, 1.6 + 0.42 * len(variants), ncols=2, sharey=True)
    for i, task in enumerate(names):
        places = np.arange(len(variants))[::-1] + 0.22 * ((len(names) - 1) / 2 - i)
        colour = style.COLOURS[i % len(style.COLOURS)]
        for axes, metric, scale in ((right, "acc", 100), (nats, "delta_answer_nats", 1)):
            value, low, high = scale * values(result, task, metric).T
            axes.errorbar(value, places, xerr=[value - low, high - value], fmt="o", color=colour, capsize=2.5,
                          markersize=4.5, linewidth=1.2, label=task)
    right.set_yticks(np.arange(len(variants))[::-1], variants)
    right.set(xlabel="right answers, %", xlim=(0, 102))
    nats.axvline(0, color="#999999", linewidth=0.8)
    nats.set(xlabel="Δ nats of the right answer")
    for axes in (right, nats):
        axes.grid(axis="y", visible=False)
    right.set_ylim(-0.6, len(variants) - 0.4)
    right.legend(fontsize=8, loc="lower left", ncols=len(names))
    right.set_title(title)
    style.sign(figure, result)
    return figure
