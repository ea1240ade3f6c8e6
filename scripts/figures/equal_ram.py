"""Ways to read rows with the same memory, against the bytes of that memory: one panel for each regime of the page cache."""
import re

from . import style

TITLE = "At equal RAM: a cache in the program or the page cache, and time per decode step"
CAPTION = ("Time of a decode step as a ratio to the baseline of the same group, which holds all rows in RAM (geometric mean over "
           "repetitions, bars: 95 %, Student), against the memory that rows may take: the capacity of `cached`, or the limit of a memory "
           "cgroup on the page cache (`page_cache.limit`) behind mmap and pread. Both axes logarithmic. Steady: the page cache holds what "
           "the steps before have left; cold: the table is evicted before each step. Read-ahead is the disk's setting during this run.")
# What the sweep of a config appends to a variant's name.
LIMIT, REGIME = re.compile(r"\blimit=(\d+)(KiB|MiB|GiB)\b"), re.compile(r"\bmaintain=(\w+)")
REGIMES = {"none": "Steady", "evict_each_step": "Cold at each step"}
MIB = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}


def points(result) -> list[dict]:
    """The variants whose names have a limit, with their ratio; not the baselines."""
    found = []
    for row in result.done().itertuples():
        limit, regime = LIMIT.search(row.variant), REGIME.search(row.variant)
        if not limit or result.is_baseline(row.variant) or not len(result.steps_ms(row.variant)):
            continue
        found.append({"way": row.variant.split("@")[0], "mib": int(limit[1]) * MIB[limit[2]], "regime": regime[1] if regime else "",
                      "ratio": result.comparison(row.variant, "ratio")})
    return found


def applies(result) -> bool:
    return len({point["mib"] for point in points(result)}) > 1


def read_ahead(result) -> str:
    kib = sorted({int(value) // 1024 for value in result.table("reps")["read_ahead_bytes"].dropna()})
    return f"read-ahead {' and '.join(map(style.plain, kib))} KiB" if kib else "read-ahead unknown"


def draw(result):
    data = points(result)
    regimes = list(dict.fromkeys(point["regime"] for point in data))
    ways = list(dict.fromkeys(point["way"] for point in data))
    figure, panels = style.panels(len(regimes), 10, 5)
    bounds = [bound for point in data for bound in point["ratio"] if bound == bound]
    for axes, regime in zip(panels, regimes):
        for i, way in enumerate(ways):
            line = sorted((p for p in data if p["way"] == way and p["regime"] == regime), key=lambda point: point["mib"])
            draw_way(axes, line, i, way, len(ways))
        axes.axhline(1, color="#999999", linewidth=0.9, zorder=1)
        axes.set_ylim(min(*bounds, 1) / 1.03, max(*bounds, 1) * 1.03)
        axes.set_xlabel("MiB of memory for rows (log)")
        style.log_axis(axes.yaxis)
        sizes = sorted({point["mib"] for point in data})
        axes.set_xscale("log", base=2)
        axes.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
        axes.set_xticks(sizes, [style.plain(size) for size in sizes])
        style.title(axes, f"{REGIMES.get(regime, regime) or 'Step time'}, {read_ahead(result)}")
    panels[0].set_ylabel("step time ÷ that with all rows in RAM")
    style.legend_above(figure)
    style.sign(figure, result)
    return figure


def draw_way(axes, line: list[dict], i: int, way: str, ways: int) -> None:
    if not line:
        return
    # Beside each other, so that bars of equal ways do not hide each other.
    places = [point["mib"] * 2 ** (0.07 * (i - (ways - 1) / 2)) for point in line]
    values = [point["ratio"][0] for point in line]
    low, high = ([point["ratio"][side] for point in line] for side in (1, 2))
    reach = [[value - bound for value, bound in zip(values, low)], [bound - value for value, bound in zip(values, high)]]
    axes.errorbar(places, values, yerr=reach, color=style.COLOURS[i % len(style.COLOURS)], linestyle=style.LINES[i % len(style.LINES)],
                  marker="osD^vP"[i % 6], capsize=2.5, label=way)
