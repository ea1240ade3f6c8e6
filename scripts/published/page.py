"""A Markdown page, its numerals, and the marks beside them."""
from __future__ import annotations

import dataclasses
import re

from published.cells import MarkError, Results
from published.expressions import evaluate
from published.numerals import COMMENT_CHARACTER, EXCEPTIONS, Numeral, needs_mark, numerals_in, written_like
from published.tables import generated

MARK = re.compile(r"<!--(?P<kind>n|given) +(?P<text>(?!-->)\S[^\n]*?)-->")
TABLE = re.compile(r"^<!--table (?P<text>[^\n]*?)-->\n(?P<body>.*?)^<!--end-->$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
LINK_TARGET = re.compile(r"(?<=\]\()[^)\n]*")
TO_MARK = re.compile(r"(?:[\])*]|\s?%)*")  # what may stand between a numeral and its mark
BETWEEN = re.compile(rf"(?:[\s\[\](),;%*±…–{COMMENT_CHARACTER}]|to|and|or)*")  # what may stand between numerals of one mark
OTHER = "\0"  # what is no prose


@dataclasses.dataclass
class Problem:
    line: int
    message: str


def blank(text: str, matches, by: str) -> str:
    """The text with each match replaced by as many characters, so that places stay what they are."""
    for match in matches:
        text = text[:match.start()] + re.sub(r"[^\n]", by, match[0]) + text[match.end():]
    return text


def without_indented_code(text: str) -> str:
    lines, before_is_code = text.split("\n"), True
    for i, line in enumerate(lines):
        code = line.startswith("    ") and before_is_code
        before_is_code = code or not line.strip()
        lines[i] = OTHER * len(line) if code else line
    return "\n".join(lines)


def prose_of(text: str) -> str:
    """The page as a reader sees it, of the same length: no code, no comments, no link targets, no generated tables."""
    prose = blank(text, TABLE.finditer(text), OTHER)
    prose = blank(prose, FENCE.finditer(prose), OTHER)
    prose = without_indented_code(prose)
    prose = blank(prose, COMMENT.finditer(prose), COMMENT_CHARACTER)
    prose = blank(prose, CODE.finditer(prose), OTHER)
    return blank(prose, LINK_TARGET.finditer(prose), OTHER)


class Page:
    """The checks of one page.  `problems` and `text` (as it should be) are filled by `check`."""

    def __init__(self, name: str, text: str, results: Results):
        self.name, self.text, self._results = name, text, results
        self.problems: list[Problem] = []
        self.marks = self.given = 0
        self._changes: list[tuple[int, int, str]] = []

    def check(self) -> None:
        prose = prose_of(self.text)
        numerals = numerals_in(prose)
        marked: set[int] = set()
        for mark in MARK.finditer(self.text):
            if not prose[mark.start():mark.end()].strip(COMMENT_CHARACTER):  # else it stands in code
                marked |= self._check_mark(mark, prose, [n for n in numerals if n.end <= mark.start() and n.start not in marked])
        for table in TABLE.finditer(self.text):
            self._check_table(table)
        self._find_unmarked(prose, [n for n in numerals if n.start not in marked])
        self.problems.sort(key=lambda problem: problem.line)

    def written(self) -> str:
        """The page with the files' numbers."""
        text = self.text
        for start, end, new in sorted(self._changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _report(self, place: int, message: str) -> None:
        self.problems.append(Problem(self.text.count("\n", 0, place) + 1, message))

    def _check_mark(self, mark: re.Match, prose: str, before: list[Numeral]) -> set[int]:
        """The starts of the numerals that the mark binds."""
        last = before[-1:]
        if not last or not TO_MARK.fullmatch(prose, last[0].end, mark.start()):
            self._report(mark.start(), f"{mark[0]}: no numeral directly before the mark; put the mark behind its numeral")
            return set()
        if mark["kind"] == "given":
            self.given += 1
            return {last[0].start}
        self.marks += 1
        try:
            values = evaluate(self._results, mark["text"].strip())
        except MarkError as error:
            self._report(last[0].start, f"{last[0].text}: {error}; correct the mark")
            return {last[0].start}
        bound = before[-len(values):]
        gaps = zip(bound, bound[1:])
        if len(bound) < len(values) or not all(BETWEEN.fullmatch(prose, a.end, b.start) for a, b in gaps):
            self._report(last[0].start, f"{last[0].text}: the mark has {len(values)} values, and as many numerals do not stand "
                         f"side by side before it; correct the mark {mark[0]}")
            return {last[0].start}
        for numeral, value in zip(bound, values):
            self._compare(numeral, value, mark["text"].strip())
        return {numeral.start for numeral in bound}

    def _compare(self, numeral: Numeral, value: float, mark: str) -> None:
        expected = written_like(value, numeral)
        if expected == numeral.text:
            return
        self._changes.append((numeral.start, numeral.end, expected))
        self._report(numeral.start, f"{numeral.text}: the file says {expected} ({mark} is {value!r}); run scripts/numbers.py --write, "
                     "or correct the mark")

    def _check_table(self, table: re.Match) -> None:
        self.marks += 1
        try:
            expected = f"\n{generated(self._results, table['text'].split())}\n\n"
        except MarkError as error:
            self._report(table.start(), f"table {table['text']}: {error}; correct the mark")
            return
        if table["body"] != expected:
            self._changes.append((table.start("body"), table.end("body"), expected))
            self._report(table.start(), f"table {table['text']}: it is not what the file says; run scripts/numbers.py --write")

    def _find_unmarked(self, prose: str, numerals: list[Numeral]) -> None:
        spans = [match.span() for pattern, _ in EXCEPTIONS for match in re.finditer(pattern, prose)]
        for numeral in numerals:
            excepted = any(start < numeral.end and numeral.start < end for start, end in spans)
            if not excepted and needs_mark(prose, numeral):
                shown = " ".join(prose[numeral.start:numeral.end + 24].replace(OTHER, "`").replace(COMMENT_CHARACTER, "").split())
                self._report(numeral.start, f"'{shown}' names no file; put <!--n FILE/TABLE[COLUMN=VALUE].COLUMN--> behind the numeral "
                             "(CONTRIBUTING.md), or <!--given WHY--> where nothing was measured")
