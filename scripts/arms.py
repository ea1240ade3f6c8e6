#!/usr/bin/env python3
"""Compares trained arms (results/arms/*.h5): what per-layer embeddings are worth, with 95 % intervals over seeds.

    .venv/bin/python scripts/arms.py results/arms/*.h5 [--out FOLDER]      (default: results/arms_figures)

Differences are paired by seed: both arms of a pair read the same documents in the same order.  Intervals use Student's t.
"""
import argparse
import functools
import json
import math
import pathlib

import numpy as np
import pandas as pd
from figures import ablation, style
from figures.worth import NAMES, bars, draw_worth, lying_bars
from resultfile import Result, ResultError, main_guard, read_all

AGAINST = "with"
WHERE = {"shared": "one table\nfor all layers", "first_third": "first third\nof the layers", "last_third": "last third\nof the layers",
         "half_dim": "half as wide", "quarter_dim": "a quarter\nas wide", "without": "none"}  # fmt: skip
HEAL_START = 360_000  # the series `heal` starts after this many training tokens (configs/training/series.json)
# Two-sided 95 % quantiles of Student's t by degrees of freedom.
STUDENT = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def read(paths) -> pd.DataFrame:
    """One row per run: series, arm, seed, budget, learning rates, parameters, bits per byte on the test split.

    Raises ResultError for a file without bits per byte on the test split.
    """
    rows = []
    for result in read_all(paths):
        with result.reading():
            rows.append(run_of(result))
    return pd.DataFrame(rows)


def run_of(result) -> dict:
    accuracy = result.table("accuracy")
    test = accuracy[(accuracy["task"] == "test") & (accuracy["metric"] == "bits_per_byte")] if len(accuracy) else accuracy
    if not len(test):
        raise ResultError(f"{result.path}: no bits per byte on the test split; was it made by `plelab train`?")
    options = json.loads(result.table("variants")["options"].iloc[0])
    return {"series": result.name.split("_")[0], "arm": options["arm"], "seed": options["seed"],
            "budget": options["budget"], "bits": test["value"].iloc[0],
            "parameters": int(result.meta["parameters"]), "fast": int(result.meta["parameters_resident"]),
            "lr": key(result, "lr"), "table_lr": key(result, "table_lr"), "cpu": result.meta["cpu_model"], "path": result.path}  # fmt: skip


@functools.cache  # a report reads the same folder twice
def read_folder(folder: pathlib.Path) -> pd.DataFrame:
    """`read` of every result in a folder.  Raises ResultError when there is none."""
    paths = sorted(folder.glob("*.h5"))
    if not paths:
        raise ResultError(f"{folder}: no result of `plelab train`; make them with scripts/training/run_series.py")
    return read(paths)


def key(result, name) -> float:
    """A number of the recorded config."""
    lines = (line.strip() for line in result.meta["config_yaml"].splitlines())
    found = [line.split(":")[1] for line in lines if line.startswith(f"{name}:")]
    return float(found[0])


def interval(values) -> tuple[float, float]:
    """Mean and half the width of its 95 % interval; NaN for one value."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return float(values.mean()), math.nan
    quantile = STUDENT[len(values) - 1] if len(values) <= len(STUDENT) else 1.96
    return float(values.mean()), quantile * values.std(ddof=1) / math.sqrt(len(values))


def differences(runs: pd.DataFrame, against: pd.DataFrame, reference_arm: str = AGAINST) -> pd.DataFrame:
    """For each arm and budget: bits per byte of the arm minus those of `reference_arm`, paired by seed."""
    reference = against[against["arm"] == reference_arm].set_index(["budget", "seed"])["bits"]
    rows = []
    for (arm, budget), group in runs[runs["arm"] != reference_arm].groupby(["arm", "budget"], sort=False):
        paired = [row.bits - reference[budget, row.seed] for row in group.itertuples() if (budget, row.seed) in reference]
        if paired:
            mean, half = interval(paired)
            rows.append({"arm": arm, "budget": budget, "difference": mean, "half": half, "seeds": len(paired)})
    columns = ["arm", "budget", "difference", "half", "seeds"]
    return pd.DataFrame(rows, columns=columns).sort_values("budget", kind="stable")


def seeds(table: pd.DataFrame) -> str:
    """The number of seeds as text: "5 seeds", or "3 to 5 seeds" when arms have different numbers."""
    least, most = table["seeds"].min(), table["seeds"].max()
    return f"{most} seeds" if least == most else f"{least} to {most} seeds"


def draw_budgets(table: pd.DataFrame, runs: pd.DataFrame):
    """The answer to question 3: how many bits per byte a model without PLE loses, by training budget."""
    figure, axes = style.single(8.6, 4.8)
    for i, arm in enumerate(name for name in NAMES if name in set(table["arm"])):
        group = table[table["arm"] == arm].sort_values("budget")
        shift = 1 + 0.03 * (i - 1)  # so that error bars do not hide each other
        axes.errorbar(group["budget"] * shift, group["difference"], yerr=group["half"], marker="os^"[i], capsize=3,
                      linestyle=style.LINES[i], color=style.COLOURS[i], label=NAMES[arm])  # fmt: skip
    axes.axhline(0, color="#555555", linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(sorted(table["budget"].unique()), [f"{b / 1e6:g} M" for b in sorted(table["budget"].unique())])
    axes.minorticks_off()
    axes.set_xlabel("training tokens (log)")
    axes.set_ylabel("bits per byte above the arm with PLE")
    style.title(axes, "Loss of models trained without per-layer embeddings (PLE)")
    style.legend_below(axes, ncols=1)
    style.note(figure, f"trained here · {len(runs)} runs · {seeds(table)}, paired, 95 % (Student) · test split")
    return figure


def worth(runs: pd.DataFrame) -> pd.DataFrame:
    """Bits per byte above the model with PLE when the table is dropped, dropped and healed, or was never there.

    All of them after HEAL_START training tokens.  Empty when the series `heal` was not run.
    """
    heal, budgets = (runs[runs["series"] == series] for series in ("heal", "budgets"))
    without = differences(budgets, budgets)
    healed = differences(heal, heal, "continued").sort_values("budget")
    return pd.concat([healed, without[without["budget"] == HEAL_START]], ignore_index=True) if len(healed) else healed


def set_beside(results, folder: pathlib.Path | None) -> None:
    """Gives every ablation of rows the arms that its figure draws beside it; without a folder none.

    Dropping rows measures how far a model relies on them, which says little about models that never had them.
    """
    ablations = [result for result in results if ablation.applies(result)]
    if ablations and folder is not None:
        table = worth(read_folder(folder))
        for result in ablations:
            result.worth = table


def draw_heal(table: pd.DataFrame):
    """Compares dropping the table, healing after dropping, and models that never had the table."""
    figure, axes = style.single(8.6, 4.8)
    draw_worth(axes, table)
    style.title(axes, "PLE table dropped, dropped and healed, or never there")
    style.note(figure, f"trained here for {HEAL_START / 1e3:g} k tokens · {seeds(table)}, paired, 95 % (Student) · test split · "
                     "dropped: against the same model, trained further with as many tokens")
    return figure


def draw_where(table: pd.DataFrame, budget: int):
    """Which part of PLE helps: one shared table, part of the layers, part of the width, or none."""
    names = [WHERE.get(arm, arm) for arm in table["arm"]]
    figure, axes = style.single(8.6, 4.8)
    colours = [style.COLOURS[0] if arm == "without" else style.COLOURS[1] for arm in table["arm"]]
    (lying_bars if style.size.width else bars)(axes, table, names, colours)
    (axes.set_xlabel if style.size.width else axes.set_ylabel)("bits per byte above PLE in every layer")
    style.title(axes, "Loss with only a part of the per-layer embeddings (PLE)")
    style.note(figure, f"trained here for {budget / 1e3:g} k tokens · {seeds(table)}, paired, "
                     "95 % (Student) · test split")
    return figure


def by_frequency(runs: pd.DataFrame) -> pd.DataFrame:
    """For each budget, label (input or target) and frequency bin: nats per token without PLE minus with PLE, over seeds."""
    curves = []
    for row in runs[runs["arm"].isin([AGAINST, "without"])].itertuples():
        curve = Result(row.path).curve("loss_by_frequency")[["label", "x", "y"]]
        curves.append(curve.assign(arm=row.arm, budget=row.budget, seed=row.seed))
    wide = pd.concat(curves).pivot_table(index=["budget", "label", "x", "seed"], columns="arm", values="y").dropna()
    difference = wide["without"] - wide[AGAINST]
    rows = [(*key, *interval(group)) for key, group in difference.groupby(["budget", "label", "x"]) if len(group) > 2]
    return pd.DataFrame(rows, columns=["budget", "label", "x", "difference", "half"])


def draw_frequency(table: pd.DataFrame):
    """Loss by how often the input token, or the target token, occurs in the training text."""
    figure, axes = style.panels(2, 9.6, 5.0)
    for panel, (label, name) in zip(axes, (("input", "the input token"), ("target", "the target token"))):
        for i, (budget, rows) in enumerate(table[table["label"] == label].groupby("budget")):
            rows = rows[rows["x"] >= 64]  # rarer bins hold too few tokens
            panel.errorbar(rows["x"] * (1 + 0.12 * (i - 1)), rows["difference"], yerr=rows["half"], color=style.COLOURS[i], marker="o",
                           linestyle=style.LINES[i], markersize=0.35 * style.size.body, linewidth=1.2, capsize=2, label=f"{budget / 1e6:.2g} M training tokens")  # fmt: skip
        panel.axhline(0, color="#555555", linewidth=1)
        style.log_axis(panel.xaxis)
        panel.set_xlabel(f"occurrences of {name} in the whole corpus (log)")
        panel.set_ylabel("nats per token above the arm with PLE")
        style.legend_below(panel, ncols=2)
    top = [f(limit) for f, limit in zip((min, max), zip(*(panel.get_ylim() for panel in axes)))]
    for panel in axes:
        panel.set_ylim(top)
    axes[0].set_title("Loss without PLE by token frequency")
    style.note(figure, "trained here · without PLE, otherwise equal, against with PLE · paired by seed, 95 % (Student) · test split")
    return figure


def save(figure, folder: pathlib.Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    style.save(figure, folder / name)
    print(folder / f"{name}.png")


def print_table(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}\n{'arm':<22}{'tokens':>10}{'bits per byte':>15}{'± 95 %':>10}{'seeds':>7}")
    for row in table.itertuples():
        print(f"{row.arm:<22}{row.budget:>10,}{row.difference:>+15.4f}{row.half:>10.4f}{row.seeds:>7}")


def print_rates(runs: pd.DataFrame) -> None:
    print(f"\nlearning rates (seed 0)\n{'arm':<22}{'lr':>8}{'tables':>8}{'bits per byte':>15}")
    for row in runs.sort_values(["arm", "bits"]).groupby("arm").head(2).itertuples():
        print(f"{row.arm:<22}{row.lr:>8g}{row.table_lr:>8g}{row.bits:>15.4f}")


def answers(runs: pd.DataFrame):
    """Yields (what is compared, its table, the figure's name, the figure or None) for every series that has results."""
    budgets = runs[runs["series"] == "budgets"]
    without = differences(budgets, budgets)
    if len(without):
        yield "Without PLE, against with PLE", without, "arms_budgets", draw_budgets(without, budgets)
    if len(frequency := by_frequency(budgets) if len(without) else ()):
        yield "", frequency.iloc[:0], "arms_frequency", draw_frequency(frequency)
    if len(table := differences(runs[runs["series"] == "where"], budgets)):
        budget = table["budget"].iloc[0]
        same = without[(without["budget"] == budget) & (without["arm"] == "without")]
        yield "With a part of PLE, against all of it", table, "arms_where", draw_where(pd.concat([table, same]), budget)
    if len(table := worth(runs)):
        yield "PLE dropped, then healed, against the same model trained further", table[table["arm"] == "healed"], "arms_heal", draw_heal(table)
    vocabulary = runs[runs["series"] == "vocabulary"]
    if len(table := differences(vocabulary, vocabulary)):
        yield "Without PLE, against with PLE; vocabulary of 2,048 pieces", table, "arms_vocabulary", None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results/arms_figures"))
    arguments = parser.parse_args()
    runs = read(arguments.results)
    if len(rates := runs[runs["series"] == "rates"]):
        print_rates(rates)
    for title, table, name, figure in answers(runs):
        if len(table):
            print_table(title, table)
        if figure is not None:
            save(figure, arguments.out, name)


if __name__ == "__main__":
    main_guard(main)
