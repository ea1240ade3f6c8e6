"""Rates of random reads of one file, by fio and by the project's own interface, in turns."""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import tempfile

import numpy as np

ROW_BYTES = 15360  # of Gemma 3n E2B in bfloat16: a multiple of 512, as direct reads need
PREFILL_ROWS = 512
MMAP_ROWS = 100_000
NS_PER_S = 1e9


class RatesError(Exception):
    """One line: what is wrong, and what to do."""


def _json_of(command: list[str], environment: dict[str, str] | None = None) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | (environment or {}))
    text = done.stdout
    if done.returncode != 0 or "{" not in text:
        raise RatesError(f"{' '.join(command)}: exit {done.returncode}: {(done.stderr or text).strip().splitlines()[-1:] or 'no output'}")
    return json.loads(text[text.index("{"):])


def fio(file: pathlib.Path, depth: int, direct: bool, seconds: float) -> dict:
    """Random reads of rows: io_uring at a depth above 1, otherwise pread one after the other."""
    engine = "psync" if depth == 1 else "io_uring"
    answer = _json_of(["fio", "--name=rows", f"--filename={file}", "--readonly", "--rw=randread", f"--bs={ROW_BYTES}", "--norandommap",
                       f"--direct={int(direct)}", "--invalidate=1", "--fadvise_hint=random", "--randrepeat=0", f"--ioengine={engine}",
                       f"--iodepth={depth}", f"--runtime={seconds}", "--time_based", "--output-format=json"])
    read = answer["jobs"][0]["read"]
    return {"rows_per_s": read["iops"], "row_us": read["lat_ns"]["mean"] / 1e3, "rows": read["total_ios"]}


def gather(micro: pathlib.Path, file: pathlib.Path, spec: str, batch: int, seconds: float) -> dict:
    """Batches of random rows through the strategy `spec`, from Begin to the last layer.  Keeps its own file on the disk of `file`."""
    pattern = f"^Gather/{re.escape(spec)}/batch:{batch}/real_time$"
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        answer = _json_of([str(micro), f"--benchmark_filter={pattern}", f"--benchmark_min_time={seconds}", "--benchmark_format=json"],
                          {"PLELAB_MICRO_FILE": str(file), "TMPDIR": scratch})
    if not answer["benchmarks"]:
        raise RatesError(f"{micro}: has no benchmark '{spec}' with {batch} rows; is io_uring forbidden here?")
    found = answer["benchmarks"][0]
    batch_us = found["real_time"] * {"ns": 1e-3, "us": 1, "ms": 1e3}[found["time_unit"]]
    return {"rows_per_s": found["rows"], "row_us": batch_us / batch, "first_layer_us": found["until_first_layer_us"], "rows": int(found["iterations"]) * batch,
            "mapped_most_mib": found["mapped_most_MiB"]}


# What is measured, pairs to compare beside each other: fio's name, depth and whether direct; our strategy and batch.
JOBS = (("fio", ("direct depth 1", 1, True)), ("plelab", ("disk,backend=direct,prefetch=false", 1)),
        ("fio", ("buffered depth 1", 1, False)), ("plelab", ("disk,backend=pread,advice=random,prefetch=false", 1)),
        ("fio", ("direct depth 32", 32, True)), ("plelab", ("disk,backend=io_uring,queue_depth=32", PREFILL_ROWS)),
        ("plelab", ("disk,backend=direct,prefetch=false", PREFILL_ROWS)),
        ("fio", ("direct depth 64", 64, True)), ("plelab", ("disk,backend=io_uring,queue_depth=64", PREFILL_ROWS)))
MMAP_JOBS = ("disk,backend=mmap,advice=random", "disk,backend=mmap,advice=random,mapped=64MiB")


def measure(micro: pathlib.Path, file: pathlib.Path, rounds: int, seconds: float, say) -> list[dict]:
    """Each job once in each round, in turns forwards and backwards, so that a disk that changes with time changes for both."""
    rows = []

    def add(number: int, program: str, name: str, batch: int, found: dict) -> None:
        rows.append({"round": number, "program": program, "name": name, "batch": batch, "rows_per_s": float(found["rows_per_s"]),
                     "row_us": float(found["row_us"]),
                     "first_layer_us": float(found.get("first_layer_us", np.nan)), "rows": int(found["rows"]), "mapped_most_mib": float(found.get("mapped_most_mib", np.nan))})
        say(f"round {number}: {program} {name}, batch {batch}: {found['rows_per_s']:,.0f} rows/s, {found['row_us']:.1f} us a row")

    for number in range(rounds):
        for program, job in JOBS[::1 if number % 2 == 0 else -1]:
            if program == "fio":
                name, depth, direct = job
                add(number, program, name, 1, fio(file, depth, direct, seconds))
            else:
                spec, batch = job
                add(number, program, spec, batch, gather(micro, file, spec, batch, seconds))
    for spec in MMAP_JOBS:  # long enough for 100,000 rows
        found = gather(micro, file, spec, PREFILL_ROWS, seconds)
        if found["rows"] < MMAP_ROWS:
            found = gather(micro, file, spec, PREFILL_ROWS, 1.2 * MMAP_ROWS / found["rows_per_s"])
        add(0, "plelab", spec, PREFILL_ROWS, found)
    return rows


def of(rows, program: str, name: str, batch: int, column: str) -> np.ndarray:
    """A column of one job, by round.  rows: records or dicts."""
    return np.array([row[column] for row in rows if (row["program"], row["name"], row["batch"]) == (program, name, batch)])
