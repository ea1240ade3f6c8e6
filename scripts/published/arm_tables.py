"""What scripts/arms.py makes of trained arms, as tables that marks can name: arms/runs, arms/budgets, arms/worth, …"""
import pathlib

import arms
import pandas as pd


def arm_tables(folder: pathlib.Path) -> dict[str, pd.DataFrame]:
    """runs: one row per run.  budgets, where, vocabulary, worth: bits per byte above the arm with PLE, paired by seed, over
    seeds.  rates: the same for each pair of learning rates, of one seed each."""
    runs = arms.read_folder(folder)
    of = {series: runs[runs["series"] == series] for series in runs["series"].unique()}
    tables = {"runs": runs.drop(columns="path"), "worth": arms.worth(runs)}
    for series, against in (("budgets", "budgets"), ("where", "budgets"), ("vocabulary", "vocabulary")):
        if series in of and against in of:
            tables[series] = arms.differences(of[series], of[against])
    if "rates" in of:
        tables["rates"] = rates(of["rates"])
    return tables


def rates(runs: pd.DataFrame) -> pd.DataFrame:
    reference = runs[runs["arm"] == arms.AGAINST].set_index(["lr", "table_lr"])["bits"]
    rows = [{"arm": row.arm, "lr": row.lr, "table_lr": row.table_lr, "difference": row.bits - reference[row.lr, row.table_lr]}
            for row in runs[runs["arm"] != arms.AGAINST].itertuples()]
    return pd.DataFrame(rows)
