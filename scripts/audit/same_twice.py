"""Runs configs/same_twice_small.yaml again and again, and counts how often the two residents look alike, as they must.

For each run three intervals of 98.3 % (three looks at one difference) of resident_again - resident are computed from
/tables/steps alone, without the program's own statistics: over all steps, over even and over odd ones, by Student's t
on the differences of repetition means.  Beside them stand the file's own intervals of 95 % of pairs that are the same, this
one and the baseline's twin: one in twenty may leave out 0.  With --busy a `dd` reads another file of the same disk all the while.
"""
from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from even_odd import LOOKS, repetition_means  # noqa: E402
from intervals import half_width  # noqa: E402
from resultfile import CONTROL_SUFFIX, Result, ResultError, main_guard  # noqa: E402

# Student's t at 1 - 0.05/3/2, by degrees of freedom (scipy.stats.t.ppf, which the product does not need).
T_983 = {4: 3.9608, 5: 3.5341, 6: 3.2875, 7: 3.1276, 8: 3.0158, 9: 2.9333, 11: 2.8200, 14: 2.7178, 19: 2.6251}
CONFIG = "configs/same_twice_small.yaml"
SAME, OTHER = "resident", "resident_again"


def intervals(path: pathlib.Path) -> dict[str, tuple[float, float, float]]:
    """By look: (difference, low, high) as shares of a step of `resident`."""
    steps = Result(path).table("steps")
    found = {}
    for look, halves in LOOKS.items():
        means = repetition_means(steps, halves)
        differences = (means[OTHER] - means[SAME]).dropna()
        half = half_width(differences, T_983)
        if np.isnan(half):
            raise ResultError(f"{path}: {len(differences)} repetitions; known are {sorted(n + 1 for n in T_983)}")
        level = means[SAME].mean()
        found[look] = tuple(value / level for value in (differences.mean(), differences.mean() - half, differences.mean() + half))
    return found


def without_zero(result: Result) -> int:
    """How many of the file's own intervals of identical pairs leave out 0."""
    bounds = [result.comparison(name, "mean_difference")[1:] for name in (OTHER, SAME + CONTROL_SUFFIX)]
    return sum(not low <= 0 <= high for low, high in bounds)


def line(name: str, found: dict, control: str) -> str:
    looks = "  ".join(f"{look} {100 * value:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]" for look, (value, low, high) in found.items())
    return f"{name}: {looks} % of a step; {'alike' if alike(found) else 'NOT alike'}; control {control}"


def alike(found: dict) -> bool:
    return all(low <= 0 <= high for _, low, high in found.values())


class Reader:
    """A `dd` that reads a file past the page cache, over and over, while the object is entered."""

    def __init__(self, path: str | None):
        self.command = path and ["sh", "-c", 'while :; do dd if="$0" of=/dev/null bs=1M iflag=direct status=none || exit 1; done', path]
        self.process = None

    def __enter__(self):
        if self.command:
            self.process = subprocess.Popen(self.command, start_new_session=True)
        return self

    def __exit__(self, *_):
        if self.process:
            subprocess.run(["pkill", "-TERM", "-s", str(self.process.pid)], check=False)
            self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--busy", metavar="FILE", help="a large file of the same disk that `dd` reads meanwhile")
    parser.add_argument("--folder", default=".work/same_twice", help="where the results go")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    folder = pathlib.Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    overrides = [word for assignment in args.set for word in ("--set", assignment)]
    good, widths, excluded = 0, [], 0
    with Reader(args.busy):
        for run in range(args.runs):
            out = folder / f"{'busy' if args.busy else 'idle'}_{run:02d}.h5"
            command = ["build/plelab", "run", CONFIG, "--out", str(out), "--force", "--set", f"design.seed={run}", *overrides]
            if subprocess.run(command, capture_output=True).returncode:
                raise ResultError(f"{' '.join(command)} failed; run it to see why")
            found, result = intervals(out), Result(out)
            good += alike(found)
            excluded += without_zero(result)
            widths.append((found["all"][2] - found["all"][1]) / 2)
            print(line(out.stem, found, result.meta.get("control", "none")), flush=True)
    print(f"{good} of {args.runs} runs find no difference in all three looks; half-width on all steps: median "
          f"{100 * np.median(widths):.2f} %, largest {100 * max(widths):.2f} % of a step; of {2 * args.runs} intervals of 95 % of "
          f"identical pairs {excluded} leave out 0")


if __name__ == "__main__":
    main_guard(main)
