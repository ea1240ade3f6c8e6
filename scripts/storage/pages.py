"""How many pages of a table a text touches, in the table's own order of rows and in that of a packed one."""
from __future__ import annotations

import json
import pathlib
import struct

import h5py
import numpy as np
from resultfile import ResultError

PAGE_BYTES = 4096


def header(path: pathlib.Path) -> bytes:
    with path.open("rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        return file.read(size)


def place_of_row(folder: pathlib.Path) -> np.ndarray:
    """Where each row of a folder of `plelab pack --ple-order` lies (model/checkpoint/packed_table.h)."""
    files = [path for path in sorted(folder.glob("*.safetensors")) if b'"place_of_row"' in header(path)]
    if len(files) != 1:
        raise ResultError(f"{folder}: expected one table that `plelab pack --ple-order` made, found {len(files)}; scripts/pack_small.sh makes it")
    text = header(files[0])
    begin, end = json.loads(text)["place_of_row"]["data_offsets"]
    with files[0].open("rb") as file:
        file.seek(8 + len(text) + begin)
        return np.frombuffer(file.read(end - begin), dtype="<i4")


def replayed_tokens(result: pathlib.Path) -> list[np.ndarray]:
    """The tokens that each repetition of a run decoded."""
    with h5py.File(result) as file:
        steps = file["tables/steps"][...]
    steps = steps[steps["variant"] == steps["variant"][0]]
    return [steps["token_id"][steps["rep"] == rep] for rep in np.unique(steps["rep"])]


def pages_per_token(texts: list[np.ndarray], places: np.ndarray, row_bytes: int) -> float:
    """Distinct pages that a text touches, for each of its tokens: the mean over texts, each of which begins with none."""
    def touched(text: np.ndarray) -> int:
        rows = np.where(text < len(places), text, 0)  # other tokens read row 0
        begin = places[rows].astype(np.int64) * row_bytes
        first, last = begin // PAGE_BYTES, (begin + row_bytes - 1) // PAGE_BYTES
        return len(set(first) | set(last) | {page for a, b in zip(first, last) for page in range(a + 1, b)})

    return float(np.mean([touched(text) / len(text) for text in texts]))


def rows(result: pathlib.Path, packed: pathlib.Path, row_bytes: dict[str, int]) -> list[dict]:
    """row_bytes: of a row in each form."""
    places = place_of_row(packed)
    texts = replayed_tokens(result)
    own = np.arange(len(places))
    distinct = float(np.mean([len(np.unique(text)) / len(text) for text in texts]))
    return [{"form": form, "row_bytes": size, "tokens": len(texts[0]), "texts": len(texts), "distinct_rows_per_token": distinct,
             "pages_per_token_own_order": pages_per_token(texts, own, size),
             "pages_per_token_by_frequency": pages_per_token(texts, places, size)} for form, size in row_bytes.items()]
