"""Ways to read rows with the same memory, against the bytes of that memory: one panel for each regime of the page cache."""
from equal_ram import Point, points, read_ahead

from . import style

TITLE = "At equal RAM: a cache in the program or the page cache, and time per decode step"
CAPTION = ("Time of a decode step as a ratio to the baseline of the same group, which holds all rows in RAM (geometric mean over "
           "repetitions, bars: 95 %, Student), against the memory that rows may take: the capacity of `cached`, or the limit of a memory "
           "cgroup on the page cache (`page_cache.limit`) behind mmap and pread. Both axes logarithmic. Steady: the page cache holds what "
           "the steps before have left; cold: the table is evicted before each step. Read-ahead is the disk's setting during this run.")


def applies(result) -> bool:
    return len({point.mib for point in points(result)}) > 1


def draw(result):
    data = points(result)
    regimes = list(dict.fromkeys(point.regime for point in data))
    figure, panels = style.panels(len(regimes), 10, 5)
    bounds = [bound for point in data for bound in point.ratio if bound == bound] + [1]
    for axes, regime in zip(panels, regimes):
        draw_regime(axes, data, regime)
        axes.set_ylim(min(bounds) / 1.03, max(bounds) * 1.03)
        style.log_axis(axes.yaxis)
        style.title(axes, f"{regime.capitalize() or 'Step time'}, {read_ahead(result)}")
    panels[0].set_ylabel("step time ÷ that with all rows in RAM")
    style.legend_above(figure)
    style.sign(figure, result)
    return figure


def draw_regime(axes, data: list[Point], regime: str) -> None:
    ways, sizes = list(dict.fromkeys(point.way for point in data)), sorted({point.mib for point in data})
    for i, way in enumerate(ways):
        draw_way(axes, sorted((p for p in data if p.way == way and p.regime == regime), key=lambda point: point.mib), i, len(ways))
    axes.axhline(1, color="#999999", linewidth=0.9, zorder=1)
    axes.set_xlabel("MiB of memory for rows (log)")
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.4)
    axes.set_xticks(sizes, [style.plain(size) for size in sizes])


def draw_way(axes, line: list[Point], i: int, ways: int) -> None:
    if not line:
        return
    # Beside each other, so that bars of equal ways do not hide each other.
    places = [point.mib * 2 ** (0.07 * (i - (ways - 1) / 2)) for point in line]
    values, low, high = ([point.ratio[part] for point in line] for part in range(3))
    reach = [[value - bound for value, bound in zip(values, low)], [bound - value for value, bound in zip(values, high)]]
    axes.errorbar(places, values, yerr=reach, color=style.COLOURS[i % len(style.COLOURS)], linestyle=style.LINES[i % len(style.LINES)],
                  marker="osD^vP"[i % 6], capsize=2.5, label=line[0].way)
