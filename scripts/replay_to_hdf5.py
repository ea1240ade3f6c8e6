#!/usr/bin/env python3
"""Makes tables of what `plelab-replay --out F.jsonl` wrote: one HDF5 file that plot.py, report.py and pandas read.

    .venv/bin/python scripts/replay_to_hdf5.py REPLAY.jsonl [--out F.h5] [--force]      (default: beside it)

The first line becomes the attributes of /meta, each other line a row of /tables/replay_KIND (results/README.md).
"""
import argparse
import json
import pathlib

from resultfile import ResultError, main_guard, one_line
from resultwriter import add_table, replace_file

SCHEMA = "1"
KINDS = ("row_costs", "cache_hits", "comparisons", "steps")
EVICTED = {"step": "evicted before each step", "repetition": "evicted before each repetition", "never": "page cache left as it is"}


def objects(path: pathlib.Path) -> list[dict]:
    """The lines of the file, each of which must be an object with a `kind`."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ResultError(f"{path}:{number}: expected a JSON object, found text that is none ({error.msg}); was its writer interrupted?") from None
        if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
            raise ResultError(f"{path}:{number}: expected an object with a 'kind'; plelab-replay --out writes such lines")
        found.append(row)
    return found


def read(path: pathlib.Path) -> tuple[dict, dict[str, list[dict]]]:
    """The metadata, and the rows of each kind in their order."""
    if not path.is_file():
        raise ResultError(f"{path}: no such file; build/plelab-replay --quick --out {path} writes one")
    lines = objects(path)
    if not lines or lines[0]["kind"] != "meta" or lines[0].get("replay_schema") != SCHEMA:
        raise ResultError(f"{path}:1: expected the metadata of plelab-replay with replay_schema {SCHEMA}; is it such a file?")
    tables: dict[str, list[dict]] = {}
    for number, row in enumerate(lines[1:], 2):
        kind = row.pop("kind")
        if kind not in KINDS:
            raise ResultError(f"{path}:{number}: unknown kind '{kind}'; known: {', '.join(KINDS)}")
        rows = tables.setdefault(kind, [])
        if rows and rows[0].keys() != row.keys():
            raise ResultError(f"{path}:{number}: expected the columns of the first row of {kind}, found others")
        rows.append(row)
    return {key: value for key, value in lines[0].items() if key != "kind"}, tables


def write(path: pathlib.Path, meta: dict, tables: dict[str, list[dict]]) -> None:
    def fill(file) -> None:
        # What the line below each figure says of numbers that no model made.
        state = EVICTED.get(meta.get("cold"), "an unknown page cache")
        rows_of = "rows of a file" if meta.get("rows") == "of a file" else f"rows of {meta.get('rows', 'unknown bytes')}"
        attributes = {"experiment": "replay", "measured_with": "plelab-replay", "page_cache": f"{rows_of}, {state}"}
        for key, value in (attributes | meta).items():
            file.require_group("meta").attrs[key] = value
        for kind, rows in tables.items():
            add_table(file, f"tables/replay_{kind}", rows)

    replace_file(path, fill)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("replay", type=pathlib.Path, help="a file that `plelab-replay --out` wrote")
    parser.add_argument("--out", type=pathlib.Path, help="the HDF5 file to write (default: beside it)")
    parser.add_argument("--force", action="store_true", help="replace it")
    arguments = parser.parse_args()
    out = arguments.out or arguments.replay.with_suffix(".h5")
    meta, tables = read(arguments.replay)
    if out.is_file() and not arguments.force:
        raise ResultError(f"{out}: the file exists; expected a new name (--out), or --force to replace it")
    write(out, meta, tables)
    print(one_line(out))


if __name__ == "__main__":
    main_guard(main)
