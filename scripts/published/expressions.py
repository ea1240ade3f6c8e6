"""What a mark says: a cell, or one of a small set of functions of cells.  Nothing of it is run as Python.

    mark  = expression, whose values are those of the numerals before the mark, in order
    expression = NUMBER | FILE/TABLE[COLUMN=PATTERN,…].COLUMN:COLUMN… | FUNCTION(expression, …)
"""
from __future__ import annotations

import re

import numpy as np

from published.cells import REFERENCE, MarkError, Results, cells, listed

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w/])")
NAME = re.compile(r"[a-z_0-9]+(?=\()")

# Functions of values, element by element; a single value goes with each of several.
OF_VALUES = {
    "difference": (2, lambda a, b: a - b),
    "negative": (1, lambda a: -a),
    "percent": (1, lambda a: 100 * a),
    "points": (2, lambda a, b: 100 * (a - b)),  # percentage points
    "product": (2, lambda a, b: a * b),
    "ratio": (2, lambda a, b: a / b),
    "sum": (None, lambda *values: sum(values)),
}
# Functions of all rows that a cell's pattern finds.
OF_ROWS = {
    "average": lambda rows: [np.mean(rows)],
    "count": lambda rows: [len(rows)],
    "largest": lambda rows: [np.max(rows)],
    "median": lambda rows: [np.median(rows)],
    "range": lambda rows: [np.min(rows), np.max(rows)],  # two numerals: "0.07 to 0.13"
    "smallest": lambda rows: [np.min(rows)],
    "total": lambda rows: [np.sum(rows)],
}


class Parser:
    def __init__(self, results: Results, text: str):
        self._results, self._text, self._at, self._cells = results, text, 0, 0

    def values(self) -> list[float]:
        values = self._expression()
        if not self._cells:
            raise MarkError(f"'{self._text}' names no cell of a file; where nothing was measured, write <!--given WHY-->")
        if self._text[self._at:].strip():
            raise MarkError(f"'{self._text}': did not expect '{self._text[self._at:].strip()}'")
        return [float(value) for value in values]

    def _match(self, pattern: re.Pattern):
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _skip(self, text: str) -> bool:
        rest = self._text[self._at:].lstrip()
        found = rest.startswith(text)
        if found:
            self._at = len(self._text) - len(rest) + len(text)
        return found

    def _expression(self) -> np.ndarray:
        self._skip("")
        name = self._match(NAME)
        if name:
            return self._call(name[0])
        if reference := self._match(REFERENCE):
            return self._one_row(reference[0])
        if number := self._match(NUMBER):
            return np.array([float(number[0])])
        raise MarkError(f"'{self._text}': expected a cell, a number or a function at '{self._text[self._at:]}'; "
                        "a cell is FILE/TABLE[COLUMN=PATTERN,…].COLUMN")

    def _columns(self, reference: str) -> list[np.ndarray]:
        self._cells += 1
        return cells(self._results, reference)

    def _one_row(self, reference: str) -> np.ndarray:
        columns = self._columns(reference)
        if len(columns[0]) != 1:
            raise MarkError(f"'{reference}' is ambiguous: {len(columns[0])} rows match; name more columns, or use one of "
                            f"{listed(OF_ROWS)}")
        return np.array([column[0] for column in columns])

    def _call(self, name: str) -> np.ndarray:
        if name not in OF_VALUES and name not in OF_ROWS:
            raise MarkError(f"no function '{name}'; there are: {listed([*OF_VALUES, *OF_ROWS], 30)}")
        self._skip("(")
        if name in OF_ROWS:
            self._skip("")
            reference = self._match(REFERENCE)
            columns = self._columns(reference[0]) if reference else []
            if len(columns) != 1 or not self._skip(")"):
                raise MarkError(f"'{self._text}': {name}() takes one cell with one column")
            return np.array(OF_ROWS[name](columns[0]), float)
        arguments = [self._expression()]
        while self._skip(","):
            self._skip(" ")
            arguments.append(self._expression())
        count, function = OF_VALUES[name]
        lengths = {len(a) for a in arguments} - {1}
        if not self._skip(")") or (count and len(arguments) != count) or len(lengths) > 1:
            raise MarkError(f"'{self._text}': {name}() takes {count or 'one or more'} values of as many columns each")
        return function(*arguments)


def evaluate(results: Results, text: str) -> list[float]:
    """The values of a mark, one for each numeral before it.  Raises MarkError."""
    return Parser(results, text).values()
