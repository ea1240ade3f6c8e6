"""Cells of result files by name: FILE/TABLE[COLUMN=PATTERN,COLUMN!=PATTERN,…].COLUMN, as marks write them."""
from __future__ import annotations

import fnmatch
import math
import pathlib
import re

import numpy as np
import pandas as pd
from intervals import log_interval, wilson
from resultfile import Result, ResultError

REFERENCE = re.compile(r"(?P<file>[\w.+-]+)/(?P<table>[\w./+-]+?)(?:\[(?P<rows>(?:[^\[\]]|\[[^\[\]]*\])*)\])?\.(?P<columns>\w+(?::\w+)*)(?!\w)")


class MarkError(Exception):
    """What is wrong with a mark, and what to do; one line."""


def listed(names, most: int = 8) -> str:
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f", … ({len(names)})" if len(names) > most else "")


class Results:
    """The result files that marks name.  `arms` stands for results/arms/*.h5, as scripts/arms.py compares them."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self._files: dict[str, Result] = {}
        self._arms: dict[str, pd.DataFrame] = {}

    def file(self, name: str) -> Result:
        if name not in self._files:
            path = self.folder / "findings" / f"{name}.h5"
            if not path.is_file():
                known = listed(sorted(p.stem for p in path.parent.glob("*.h5")))
                raise MarkError(f"no file {path}; there are: {known}")
            try:
                self._files[name] = Result(path)
            except ResultError as error:
                raise MarkError(str(error)) from None
        return self._files[name]

    def table(self, file: str, table: str) -> pd.DataFrame:
        if file == "arms":
            found = self._arms_tables()
            if table not in found:
                raise MarkError(f"arms has no table '{table}'; it has: {listed(found)}")
            return found[table]
        result = self.file(file)
        if table == "meta":
            return pd.DataFrame([result.meta])
        group, _, name = table.rpartition("/")
        frame = result.training.get(name) if group == "training" else result.own.get(table)
        if frame is None and not group:
            frame = result.table(name) if len(result.table(name)) else result.curve(name)
        if frame is None or not len(frame):
            raise MarkError(f"{result.path} has no table '{table}', or it has no rows; expected a name from /tables or /curves, "
                            "law/NAME, storage/NAME, training/RUN or meta")
        return frame

    def _arms_tables(self) -> dict[str, pd.DataFrame]:
        if not self._arms:
            from published.arm_tables import arm_tables  # reads 150 files: only where a mark needs them
            self._arms = arm_tables(self.folder / "arms")
        return self._arms


def matches(column: pd.Series, pattern: str) -> pd.Series:
    if column.dtype.kind in "biuf":
        try:
            return column == float(pattern)
        except ValueError:
            raise MarkError(f"'{column.name}' holds numbers, and '{pattern}' is none") from None
    return column.map(lambda value: value == pattern or fnmatch.fnmatchcase(value, pattern))


def chosen(frame: pd.DataFrame, rows: str, where: str) -> pd.DataFrame:
    """The rows that a selector names; `where` is the table, for errors."""
    for part in filter(None, rows.split(",")):
        name, equals, pattern = part.partition("=")
        but = name.endswith("!")  # COLUMN!=PATTERN: all rows but these
        name = name.removesuffix("!")
        if not equals or name not in frame:
            raise MarkError(f"{where} has no column '{name}'; it has: {listed(frame.columns, 20)}")
        found = frame[matches(frame[name], pattern) != but]
        if not len(found):
            raise MarkError(f"{where} has no row with {part}; '{name}' is one of: {listed(frame[name].unique(), 20)}")
        frame = found
    return frame


def derived(row: dict, column: str) -> float | None:
    """A column that follows from others of its row: half (of an interval), wilson_low, log_low, …"""
    if column == "half" and {"low", "high"} <= set(row):
        return (row["high"] - row["low"]) / 2
    if column in ("wilson_low", "wilson_high") and {"value", "n"} <= set(row):
        return wilson(row["value"], row["n"])[column == "wilson_high"]
    if column in ("log_low", "log_high") and {"value", "low", "high"} <= set(row):
        return log_interval(row["value"], (row["high"] - row["low"]) / 2)[column == "log_high"]
    return None


def number(value, where: str) -> float:
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise MarkError(f"{where} is '{value}', which is no number") from None
    if math.isnan(value):
        raise MarkError(f"{where} is not measured (NaN)")
    return value


def cells(results: Results, reference: str) -> list[np.ndarray]:
    """The values that a reference names: one array over its rows for each of its columns."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        raise MarkError(f"'{reference}' is no cell; expected FILE/TABLE[COLUMN=PATTERN,…].COLUMN")
    where = f"{match['file']}/{match['table']}"
    frame = chosen(results.table(match["file"], match["table"]), match["rows"] or "", where)
    columns = []
    for column in match["columns"].split(":"):
        if column in frame:
            columns.append(np.array([number(value, f"{where}.{column}") for value in frame[column]]))
            continue
        values = [derived(row, column) for row in frame.to_dict("records")]
        if None in values:
            raise MarkError(f"{where} has no column '{column}'; it has: {listed(frame.columns, 20)}")
        columns.append(np.array(values, float))
    return columns
