#!/usr/bin/env python3
"""Trains the arms of configs/training/series.json that have no result yet, with one small result file per run.

The script can be stopped at any moment.  When it is started again, it continues where it stopped; this works on any machine
that has the token files.
usage: scripts/training/run_series.py [SERIES…] [--list] [--jobs N] [--minutes M]
"""

import argparse
import itertools
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHORT = {"tokens.budget": "", "optimizer.lr": "lr", "optimizer.table_lr": "table"}


def label(key, value):
    """Returns a part of a file's name: a budget of 500000 gives "500k", optimizer.lr 0.004 gives "lr0.004"."""
    if key == "tokens.budget":
        return f"{value // 1000}k"
    return f"{SHORT.get(key, key)}{value:g}"


def runs(config, series):
    """Yields (name of the result, --set assignments) of every run of a series: point by point, then seed by seed."""
    spec = config["series"][series]
    for point, seed, arm in itertools.product(spec["points"], spec["seeds"], spec["arms"]):
        name = "_".join([series, arm, *(label(k, v) for k, v in point.items()), f"s{seed}"])
        own = [s.format(seed=seed) for s in (*config["arms"][arm], *spec.get("set", []))]
        sets = [*own, f"arm.name={arm}", f"arm.seed={seed}"]
        yield name, merge_changes(sets + [f"{key}={value}" for key, value in point.items()])


def merge_changes(sets):
    """Merges the `arm.change` lists of the arm and of the series into one."""
    changes = [s.removeprefix("arm.change=").strip("[]") for s in sets if s.startswith("arm.change=")]
    others = [s for s in sets if not s.startswith("arm.change=")]
    return others + ([f"arm.change=[{', '.join(changes)}]"] if changes else [])


def train(config, name, sets):
    """Trains one arm.  Returns the line with its test score, else the end of its output or what went wrong."""
    result = PROJECT / config["results"] / f"{name}.h5"
    folder = f".work/training/{name}"
    command = ["build/plelab", "train", config["base"], "--resume"]
    for assignment in [*sets, f"output.result={result.relative_to(PROJECT)}", f"output.folder={folder}"]:
        command += ["--set", assignment]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return f"FAILED ({run.returncode}): {run.stderr.strip().splitlines()[-1:]}"
    return next((line for line in run.stdout.splitlines() if line.startswith("test:")), run.stdout.strip()[-200:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("series", nargs="*", help="the series to train; default: all")
    parser.add_argument("--config", type=Path, default=PROJECT / "configs/training/series.json")
    parser.add_argument("--list", action="store_true", help="list the missing runs and train nothing")
    parser.add_argument("--jobs", type=int, default=1, help="number of runs at a time; each uses the threads of its config")
    parser.add_argument("--minutes", type=float, default=1e9, help="start no run after this many minutes")
    args = parser.parse_args()
    config = json.loads(args.config.read_text())
    unknown = set(args.series) - set(config["series"])
    if unknown:
        sys.exit(f"run_series.py: unknown series {sorted(unknown)}; known: {', '.join(config['series'])}")
    wanted = [r for s in args.series or config["series"] for r in runs(config, s)]
    missing = [r for r in wanted if not (PROJECT / config["results"] / f"{r[0]}.h5").exists()]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} runs have a result", flush=True)
    if args.list:
        print("\n".join(name for name, _ in missing))
        return
    deadline = time.monotonic() + 60 * args.minutes

    def one(run):
        if time.monotonic() < deadline:
            print(f"{run[0]}: {train(config, *run)}", flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, missing))


if __name__ == "__main__":
    main()
