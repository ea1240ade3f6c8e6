"""Writes tables in the form of a result (results/README.md), for scripts that measure without `plelab run`."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess

import h5py
import numpy as np
from resultfile import ResultError

SCHEMA_VERSION = 2
# A result has the seven tables also where it timed nothing.  This one ships, and has them without a row.
EMPTY_TABLES = pathlib.Path(__file__).resolve().parents[1] / "results" / "findings" / "cache_locality.h5"
UNITS = {"ns": "ns", "us": "us", "ms": "ms", "bytes": "bytes", "per_s": "1/s"}
# What a line of metadata of plelab-replay says of its own run, and not of the machine.
NOT_OF_THE_HOST = ("kind", "table", "geometry", "row_bytes", "rows_per_token", "device", "ple", "calibrated_ms", "baseline", "rows_checked",
                   "threads")


def unit(column: str) -> str:
    return next((name for ending, name in UNITS.items() if column.endswith(f"_{ending}")), "")


def column_of(values: list) -> np.ndarray:
    """Text of a fixed length, whole numbers, or numbers where None is NaN."""
    if any(isinstance(value, str) for value in values):
        encoded = [str(value).encode() for value in values]
        return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(1, *map(len, encoded))))
    if all(isinstance(value, (int, np.integer)) for value in values):
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def table_of(rows: list[dict]) -> np.ndarray:
    columns = {name: column_of([row[name] for row in rows]) for name in rows[0]}
    table = np.zeros(len(rows), [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table


def add_table(file: h5py.File, name: str, rows: list[dict]) -> None:
    dataset = file.create_dataset(name, data=table_of(rows), compression="gzip" if len(rows) > 1000 else None)
    dataset.attrs["units"] = json.dumps({column: unit(column) for column in rows[0]})


def replace_file(path: pathlib.Path, fill) -> None:
    """fill(file) writes a new file, which then takes the place of `path`, complete or not at all."""
    if path.exists() and not path.is_file():
        raise ResultError(f"{path}: is not a regular file, and nobody's to replace; name another file with --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with h5py.File(temporary, "w") as file:
            fill(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def host_of(replay: pathlib.Path) -> dict[str, str]:
    """What the first line of a file of plelab-replay says of the machine and the build."""
    with replay.open(encoding="utf-8") as lines:
        meta = json.loads(lines.readline())
    return {key: str(value) for key, value in meta.items() if key not in NOT_OF_THE_HOST}


def host() -> dict[str, str]:
    """The machine and the commit, as far as a script that measures by itself can tell them."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "-C", pathlib.Path(__file__).parent, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return {"git_commit": commit.stdout.strip() or "unknown", "cpu_model": cpu}


def write_own(path: pathlib.Path, experiment: str, meta: dict[str, str], tables: dict[str, list[dict]]) -> None:
    """A result whose seven tables are empty, and whose `tables` hold what it says, by their names in the file."""
    def fill(file: h5py.File) -> None:
        attributes = file.create_group("meta").attrs
        attributes["schema_version"] = np.int64(SCHEMA_VERSION)
        for key, value in ({"experiment": experiment, "config": experiment, "config_yaml": f"experiment: {experiment}\n"} | meta).items():
            attributes[key] = value
        with h5py.File(EMPTY_TABLES) as empty:
            empty.copy("tables", file)
        for name, rows in tables.items():
            add_table(file, name, rows)

    replace_file(path, fill)
