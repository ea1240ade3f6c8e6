"""Steps of a result against the length of the context, threads and sequences, from what the `zip` of a config appends to names."""
import collections
import dataclasses
import re

from resultfile import Result

# The keys in the order of their panels.
KEYS = ("prompt_tokens", "threads", "batch")
PATTERNS = {key: re.compile(rf"\b{key}=(\d+)") for key in KEYS}


@dataclasses.dataclass(frozen=True)
class Point:
    variant: str
    way: str  # the variant's name before the sweep
    place: dict[str, int]  # key → its value; only keys that the name has
    step_ms: tuple[float, float, float]  # the mean over repetitions, with its interval

    def elsewhere(self, key: str) -> dict[str, int]:
        return {name: value for name, value in self.place.items() if name != key}


def points(result: Result) -> list[Point]:
    """The timed variants whose names say where on the axes they are, in the order of the config."""
    found = []
    for row in result.done().itertuples():
        way, _, suffix = row.variant.partition("@")
        place = {key: int(match[1]) for key, pattern in PATTERNS.items() if (match := pattern.search(suffix))}
        if place and len(result.steps_ms(row.variant)):
            found.append(Point(row.variant, way, place, tuple(ns / 1e6 for ns in result.comparison(row.variant, "mean"))))
    return found


def line(data: list[Point], key: str) -> list[Point]:
    """The points along an axis, in its order.  On the others they are at one place: that at which there are most, or the first such."""
    along = [point for point in data if key in point.place]
    most = collections.Counter(str(point.elsewhere(key)) for point in along).most_common(1)
    return sorted((point for point in along if str(point.elsewhere(key)) == most[0][0]), key=lambda point: point.place[key])


def axes_of(data: list[Point]) -> list[str]:
    """The keys of which there are several values on such a line."""
    return [key for key in KEYS if len({point.place[key] for point in line(data, key)}) > 1]
