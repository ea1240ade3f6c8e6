"""Bars of trained arms (scripts/arms.py) in bits per byte: PLE dropped, dropped and healed, or never there."""
import textwrap

import pandas as pd

from . import style

NAMES = {"without": "without PLE, otherwise equal", "without_equal_total": "without PLE, as many parameters in all",
         "without_equal_fast": "without PLE, as many parameters in fast memory"}  # fmt: skip


def bars(axes, table: pd.DataFrame, names, colours) -> None:
    """Draws a bar of `difference` ± `half` for each row."""
    for i, row in enumerate(table.itertuples()):
        axes.bar(i, row.difference, yerr=row.half, capsize=4, color=colours[i], width=0.62)
        axes.annotate(f"{row.difference:+.3f}", (i, max(row.difference + row.half, 0)), ha="center", va="bottom",
                      xytext=(0, 2), textcoords="offset points", fontsize=8)  # fmt: skip
    axes.set_xticks(range(len(table)), names, fontsize=8)
    axes.axhline(0, color="#555555", linewidth=1)
    axes.margins(y=0.15)


def draw_worth(axes, table: pd.DataFrame, width: int = 18) -> None:
    """Draws rows `healed` (a budget below 1,000 tokens means not healed) and those of NAMES; names are wrapped at `width` characters."""
    names = ["dropped" if row.budget < 1000 else f"dropped, then {row.budget / 1e3:g}\u00a0k tokens" if row.arm == "healed"
             else NAMES[row.arm] for row in table.itertuples()]  # fmt: skip
    names = [textwrap.fill(name, width) for name in names]
    colours = [style.COLOURS[3] if row.arm == "healed" else style.COLOURS[0] for row in table.itertuples()]
    bars(axes, table, names, colours)
    axes.set_ylabel("bits per byte above the model with PLE")
