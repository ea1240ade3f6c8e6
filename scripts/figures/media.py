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


METRICS = (("acc", 100, "right answers, %"), ("delta_answer_nats", 1, "Δ nats of the right answer"))
TASK_MARKERS = ("o", "s", "D", "^", "v", "P")


def draw_tasks(result, names: list[str], title: str):
    """A panel for each metric that was measured; of more than six tasks the first six of the config."""
    variants, shown = list(result.done()["variant"]), names[:len(TASK_MARKERS)]
    metrics = [m for m in METRICS if any(np.isfinite(values(result, task, m[0])[:, 0]).any() for task in shown)]
    figure, axes = style.panels(len(metrics), 5.3 * len(metrics), rows=len(variants))
    for panel, (metric, scale, label) in zip(axes, metrics):
        for i, task in enumerate(shown):
            places = np.arange(len(variants))[::-1] + 0.6 / len(shown) * ((len(shown) - 1) / 2 - i)
            value, low, high = scale * values(result, task, metric).T
            panel.errorbar(value, places, xerr=[value - low, high - value], fmt=TASK_MARKERS[i], color=style.COLOURS[i],
                           capsize=2, linewidth=1.1, label=task)
        panel.set_xlabel(label)
        panel.grid(axis="y", visible=False)
        style.name_rows(panel, variants)
        if metric == "acc":
            panel.set_xlim(0, 102)
        else:
            panel.axvline(0, color="#999999", linewidth=0.8)
    style.title(axes[0], title)
    rest = f"the first {len(shown)} of {len(names)} tasks" if len(names) > len(shown) else None
    style.legend_above(figure, ncols=3, title=rest)
    style.sign(figure, result)
    return figure
