"""Reads a result file in a process of its own, because a damaged one can crash inside the HDF5 library; run by resultfile.py.

    python hdf5_child.py RESULT.h5…     writes a pickle of {"meta", "tables", "curves", "training", "own"} for each; exit 3: one is
                                        not readable
"""
import os
import pickle
import resource
import sys

import h5py
import numpy as np

NOT_READABLE = 3
OWN_GROUPS = ("law", "storage", "quantised", "start")  # of results that scripts write (results/README.md)
MOST_EXPANSION = 1032  # deflate makes at most so many bytes of one
SPARE_BYTES = 1 << 20
MEMORY_BYTES = 4 << 30
SECONDS, BYTES_PER_SECOND = 60, 10_000_000


class NotReadable(Exception):
    pass


def limit(size_bytes: int) -> None:
    """Limits what a damaged file can cost: memory beyond what is mapped already, and time."""
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    memory = mapped + MEMORY_BYTES + 4 * size_bytes
    seconds = SECONDS + size_bytes // BYTES_PER_SECOND
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text_of(value) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def plain(value):
    """An attribute as h5py reads it: a number or text."""
    if isinstance(value, np.generic) and not isinstance(value, np.void | np.str_ | np.bytes_):
        return value.item()
    return value if isinstance(value, int | float) else text_of(value)


def attribute(owner, name: str):
    try:
        return plain(owner.attrs[name])
    except TypeError:  # a type that numpy does not have
        return "unknown"


def attributes(owner) -> dict:
    return {text_of(name): attribute(owner, name) for name in owner.attrs}


def frame(name: str, dataset, most_bytes: int) -> dict:
    """The columns of a table, as arrays of numbers or of text."""
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.names is None or len(dataset.shape or ()) != 1:
        raise NotReadable(f"{name} is no table")
    if dataset.nbytes > most_bytes:
        raise NotReadable(f"{name} claims {dataset.nbytes:,} bytes, more than the file can hold")
    rows = dataset[...]
    columns = {text_of(column): rows[column] for column in rows.dtype.names}
    return {name: values if values.dtype.kind in "biuf" else np.array([text_of(v) for v in values], object)
            for name, values in columns.items()}


def read(path: str) -> dict:
    most_bytes = MOST_EXPANSION * os.path.getsize(path) + SPARE_BYTES
    out = {"meta": {}, "tables": {}, "curves": {}, "training": {}, "own": {}}
    with h5py.File(path, "r") as file:
        if "meta" not in file or not any(group in file for group in ("tables", "curves", "training")):
            raise NotReadable("it has no /meta or no tables")
        out["meta"] = attributes(file["meta"])
        for group in ("tables", "curves", "training"):
            for name, dataset in file.get(group, {}).items():
                out[group][text_of(name)] = frame(f"{group}/{text_of(name)}", dataset, most_bytes)
        for group in OWN_GROUPS:
            for name, dataset in file.get(group, {}).items():
                out["own"][f"{group}/{text_of(name)}"] = frame(f"{group}/{text_of(name)}", dataset, most_bytes)
    return out


def main() -> None:
    limit(sum(os.path.getsize(path) for path in sys.argv[1:]))
    try:
        results = [read(path) for path in sys.argv[1:]]
    except Exception as error:  # whatever h5py makes of a damaged file
        print(f"{type(error).__name__}: {error}" if not isinstance(error, NotReadable) else error, file=sys.stderr)
        sys.exit(NOT_READABLE)
    for result in results:
        pickle.dump(result, sys.stdout.buffer)


if __name__ == "__main__":
    main()
