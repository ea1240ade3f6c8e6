#!/usr/bin/env python3
"""Shows the shape of the source tree at one or more commits: files in each folder, and lines in each file.

    .venv/bin/python scripts/tree_shape.py [COMMIT…] [--out FIGURE.png]      (default: HEAD)
"""
import argparse
import collections
import pathlib
import statistics
import subprocess

import matplotlib.pyplot as plt

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREES = ("model", "harness", "experiments")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def lines_by_file(commit: str) -> dict[str, int]:
    """Lines of every C++ source and header of the program, without the tests."""
    files = [f for f in git("ls-tree", "-r", "--name-only", commit, *TREES).split() if f.endswith((".h", ".cpp"))]
    return {file: git("show", f"{commit}:{file}").count("\n") for file in files}


def by_folder(lines: dict[str, int]) -> dict[str, int]:
    return dict(collections.Counter(str(pathlib.PurePath(file).parent) for file in lines).most_common())


def by_idea(lines: dict[str, int]) -> dict[str, int]:
    """A header and its source are one idea."""
    ideas = collections.Counter()
    for file, count in lines.items():
        ideas[file.rsplit(".", 1)[0]] += count
    return ideas


def describe(commit: str, lines: dict[str, int]) -> str:
    folders = by_folder(lines)
    sources = [count for file, count in lines.items() if file.endswith(".cpp")]
    return (f"{commit:<10} {len(lines):>5} files in {len(folders):>2} folders, most in one {max(folders.values()):>3}; "
            f"median lines: file {statistics.median(lines.values()):.0f}, source {statistics.median(sources):.0f}, "
            f"header with its source {statistics.median(by_idea(lines).values()):.0f}; longest {max(lines.values())}")


def draw(shapes: dict[str, dict[str, int]], out: str) -> None:
    figure, axes = plt.subplots(2, len(shapes), figsize=(6 * len(shapes), 11), squeeze=False,
                                gridspec_kw={"height_ratios": [3, 1]}, layout="constrained")
    for column, (commit, lines) in enumerate(shapes.items()):
        folders = by_folder(lines)
        bars, histogram = axes[0][column], axes[1][column]
        bars.barh(list(folders)[::-1], list(folders.values())[::-1])
        bars.axvline(25, color="grey", linestyle="--")
        bars.set(title=f"{commit}: files in each folder", xlabel="sources and headers")
        histogram.hist(by_idea(lines).values(), bins=range(0, 600, 25))
        histogram.set(title="lines of a header with its source", xlabel="lines", ylabel="ideas")
    figure.savefig(out, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", nargs="*", default=["HEAD"])
    parser.add_argument("--out", help="also draw it, as PNG")
    arguments = parser.parse_args()
    try:
        shapes = {commit: lines_by_file(commit) for commit in arguments.commits}
    except subprocess.CalledProcessError as error:
        parser.error(error.stderr.strip())
    for commit, lines in shapes.items():
        print(describe(commit, lines))
    if arguments.out:
        draw(shapes, arguments.out)


if __name__ == "__main__":
    main()
