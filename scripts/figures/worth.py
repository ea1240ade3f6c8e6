"""Bars of trained arms (scripts/arms.py) in bits per byte: PLE dropped, dropped and healed, or never there."""
import textwrap

import pandas as pd

from . import style

NAMES = {"without": "without PLE, otherwise equal", "without_equal_total": "without PLE, as many parameters in all",
         "without_equal_fast": "without PLE, as many parameters in fast memory"}  # fmt: skip


def bars(axes, table: pd.DataFrame, names, colours) -> None:
    """Draws a bar of `difference` ± `half` for each row."""
    for i, row in enumerate(table.itertuples()):
        axes.bar(i, row.difference, yerr=row.half, capsize=3, color=colours[i], width=0.62, error_kw={"linewidth": 1})
        axes.annotate(f"{row.difference:+.3f}", (i, max(row.difference + row.half, 0)), ha="center", va="bottom",
                      xytext=(0, 2), textcoords="offset points", fontsize=style.size.note)  # fmt: skip
    axes.set_xticks(range(len(table)), names, fontsize=style.size.note)
    axes.grid(axis="x", visible=False)
    axes.axhline(0, color="#555555", linewidth=1)
    axes.margins(y=0.15)


def draw_worth(axes, table: pd.DataFrame, narrow: bool = False) -> None:
    """Draws rows `healed` (a budget below 1,000 tokens means not healed) and those of NAMES; `narrow` in half of a figure."""
    names = ["dropped" if row.budget < 1000 else f"dropped, then {row.budget / 1e3:g}\u00a0k tokens" if row.arm == "healed"
             else NAMES[row.arm] for row in table.itertuples()]  # fmt: skip
    colours = [style.COLOURS[3] if row.arm == "healed" else style.COLOURS[0] for row in table.itertuples()]
    if style.size.width or narrow:
        lying_bars(axes, table, [textwrap.fill(name, 24) for name in names], colours)
        axes.set_xlabel("bits per byte above the model with PLE")
    else:
        bars(axes, table, [textwrap.fill(name, 18) for name in names], colours)
        axes.set_ylabel("bits per byte above the model with PLE")


def lying_bars(axes, table: pd.DataFrame, names, colours) -> None:
    """`bars` with the names to their left, where they have no room below."""
    rows = range(len(table))[::-1]
    for place, row, colour in zip(rows, table.itertuples(), colours):
        axes.barh(place, row.difference, xerr=row.half, capsize=2.5, color=colour, height=0.62, error_kw={"linewidth": 1})
        axes.annotate(f"{row.difference:+.3f}", (max(row.difference + row.half, 0), place), ha="left", va="center",
                      xytext=(3, 0), textcoords="offset points", fontsize=style.size.note)  # fmt: skip
    axes.set_yticks(rows, names, fontsize=style.size.note)
    axes.grid(axis="y", visible=False)
    axes.axvline(0, color="#555555", linewidth=1)
    axes.margins(x=0.15)
