"""What quantised weights change in the output of each layer: writes a result file with a row for each format and layer.

    .venv/bin/python scripts/quantised_layers.py --checkpoint DIR [--trace IDS.json] [--tokens 64] [--out FILE.h5]

DIR holds bfloat16 weights.  A format that --folder does not have of it is packed there, and removed again: each has a copy of
the table.  `plelab layer-errors` computes both models layer by layer: `own` is the error of a layer that gets the exact input,
`accumulated` that of one that gets what the quantised layers before it have left.  Both are the root mean square of the
difference over all tokens and streams, as a share of the exact output's.  The layer after the last one is the logits.
"""
import argparse
import contextlib
import datetime
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

import h5py
import resultwriter
from quantised_accuracy import FORMATS, ROOT, run
from resultfile import main_guard

SHOWN = ("int8", "int4", "int4_nearest", "int4_g128")
TRACE = ROOT / "configs" / "traces" / "northanger_abbey_gemma.json"


def rows_of(name: str, checkpoint: pathlib.Path, other: pathlib.Path, options: argparse.Namespace) -> tuple[list[dict], dict[str, str]]:
    """A row for each layer, and what the file says of the checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "layers.h5"
        run([options.plelab, "layer-errors", checkpoint, other, "--tokens", options.trace, "--most", options.tokens, "--out", out])
        with h5py.File(out) as file:
            layers, said = file["layers"][:], {key: str(value) for key, value in file.attrs.items()}
    return [{"format": name, "layer": layer["layer"].decode(), "own": float(layer["own"]),
             "accumulated": float(layer["accumulated"])} for layer in layers], said  # fmt: skip


@contextlib.contextmanager
def packed(name: str, options: argparse.Namespace):
    """The folder of a format, which is there or is made for as long as it is needed."""
    folder = options.folder / options.checkpoint.resolve().name / name
    found = folder.exists()
    try:
        if not found:
            run([options.plelab, "pack", options.checkpoint, "--out", folder, *FORMATS[name]])
        yield folder
    finally:
        if not found:
            shutil.rmtree(folder, ignore_errors=True)


def measure(options: argparse.Namespace) -> tuple[list[dict], dict[str, str]]:
    """A row for each format and layer, and what the file says of the weights."""
    rows, meta = [], {}
    for name in SHOWN:
        with packed(name, options) as folder:
            found, said = rows_of(name, options.checkpoint, folder, options)
        rows += found
        meta = {key: said[key] for key in ("weights", "dtype", "tokens")} | {"checkpoint_hash": said["checkpoint_sha256"]}
        print(f"{name:13} own {found[0]['own']:.4f} of layer 0, {found[-2]['own']:.4f} of the last; accumulated {found[-2]['accumulated']:.4f}; "
              f"logits {found[-1]['accumulated']:.4f}", flush=True)
    return rows, meta


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True)
    parser.add_argument("--trace", type=pathlib.Path, default=pathlib.Path(os.path.relpath(TRACE)), help="ids in the checkpoint's vocabulary")
    parser.add_argument("--tokens", type=int, default=64, help="of the trace, from its start")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(os.path.relpath(ROOT / ".work" / "peers")), help="for packed folders")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    parser.add_argument("--out", type=pathlib.Path, help="default: results/quantised_layers_<checkpoint>.h5")
    options = parser.parse_args()
    started = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows, of_weights = measure(options)
    out = options.out or ROOT / "results" / f"quantised_layers_{options.checkpoint.resolve().name}.h5"
    meta = resultwriter.host() | of_weights | {"text": options.trace.name, "started_at": started,
                                                "command": shlex.join(["python3", "scripts/quantised_layers.py", *sys.argv[1:]])}  # fmt: skip
    resultwriter.write_own(out, "quantised_layers", meta, {"quantised/layers": rows})


if __name__ == "__main__":
    main_guard(main)
