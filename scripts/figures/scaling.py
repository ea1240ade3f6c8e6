"""Time of a decode step against the length of the context, and per token against threads and sequences: a panel for each."""
import math

from scaling import Point, axes_of, line, points

from . import style

TITLE = "Time per token against context, threads and sequences"
CAPTION = ("Means over repetitions of a decode step (bars: 95 %, Student; none below five repetitions), against one key of the config each, the "
           "others as in the title.  Context: the tokens of the prompt, to which warm-up and measured steps add theirs.  Sequences: those that "
           "a step decodes together; its time is divided by their number, and grey is what one token would take if a step took no longer "
           "with more of them.  Threads: grey is the time of the fewest divided by how many times more there are.")
NAMES = {"prompt_tokens": ("context", "tokens in the context before the steps (log)"), "threads": ("threads", "threads"),
         "batch": ("sequences", "sequences in a step")}
ONE = {"prompt_tokens": "prompt of 1", "threads": "1 thread", "batch": "1 sequence"}
MANY = {"prompt_tokens": "prompt of {:,}", "threads": "{} threads", "batch": "{} sequences"}


def applies(result) -> bool:
    data = points(result)
    return len(data) > 0 and len(axes_of(data)) > 0


def draw(result):
    data = points(result)
    keys = axes_of(data)
    figure, panels = style.panels(len(keys), 5.0 * len(keys), 4.6)
    for axes, key in zip(panels, keys):
        draw_axis(axes, data, key)
    if len({point.way for point in data}) > 1:
        style.legend_above(figure)
    style.sign(figure, result)
    return figure


def said(place: dict[str, int]) -> str:
    return ", ".join(ONE[key] if value == 1 else MANY[key].format(value) for key, value in place.items())


def per_token(point: Point, key: str) -> list[float]:
    """(value, low, high) in ms.  Sequences of one step share it."""
    share = point.place["batch"] if key == "batch" else 1
    return [ms / share for ms in point.step_ms]


def draw_axis(axes, data: list[Point], key: str) -> None:
    ways = list(dict.fromkeys(point.way for point in data))
    highest = 0.0
    for i, way in enumerate(ways):
        along = line([point for point in data if point.way == way], key)
        places, times = [point.place[key] for point in along], [per_token(point, key) for point in along]
        values = [value for value, _, _ in times]
        reach = [[0 if math.isnan(low) else value - low for value, low, _ in times],
                 [0 if math.isnan(high) else high - value for value, _, high in times]]
        axes.errorbar(places, values, yerr=reach, color=style.COLOURS[i], marker="osD^vP"[i % 6], capsize=2.5, label=way)
        highest = max(highest, *values, *(high for _, _, high in times if not math.isnan(high)))
        if key != "prompt_tokens" and i == 0:
            axes.plot(places, [values[0] * places[0] / place for place in places], color="#999999", linestyle="--", linewidth=1, zorder=1)
    places = sorted({point.place[key] for way in ways for point in line([p for p in data if p.way == way], key)})
    if key == "prompt_tokens":
        axes.set_xscale("log", base=2)
        axes.set_xlim(places[0] / 1.4, places[-1] * 1.4)
    axes.set_xticks(places, [style.plain(place) for place in places])
    axes.minorticks_off()
    axes.set_ylim(0, highest * 1.12)
    name, label = NAMES[key]
    axes.set_xlabel(label)
    axes.set_ylabel("ms per token")
    rest = said(line(data, key)[0].elsewhere(key))
    style.title(axes, f"Against {name}" + (f" ({rest})" if rest else ""))
