"""The variants of a result that read rows with a limited memory, from what the sweep of a config appends to their names."""
import dataclasses
import re

from resultfile import Result

LIMIT, REGIME = re.compile(r"\blimit=(\d+)(KiB|MiB|GiB)\b"), re.compile(r"\bmaintain=(\w+)")
REGIMES = {"none": "steady", "evict_each_step": "cold at each step"}
MIB = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}


@dataclasses.dataclass(frozen=True)
class Point:
    variant: str
    way: str  # the variant's name before the sweep
    mib: float  # that rows may take
    regime: str  # of the page cache
    ratio: tuple[float, float, float]  # of its step to that of its group's baseline


def points(result: Result) -> list[Point]:
    """The timed variants with a page_cache.limit; not the baselines."""
    found = []
    for row in result.done().itertuples():
        limit, regime = LIMIT.search(row.variant), REGIME.search(row.variant)
        if limit and not result.is_baseline(row.variant) and len(result.steps_ms(row.variant)):
            word = regime[1] if regime else ""
            found.append(Point(row.variant, row.variant.split("@")[0], int(limit[1]) * MIB[limit[2]], REGIMES.get(word, word),
                               result.comparison(row.variant, "ratio")))
    return found


def read_ahead(result: Result) -> str:
    """That of the disk of the tables, as the run found it."""
    kib = sorted({int(value) // 1024 for value in result.table("reps")["read_ahead_bytes"].dropna()})
    return f"read-ahead {' and '.join(f'{value:,}' for value in kib)} KiB" if kib else "read-ahead unknown"
