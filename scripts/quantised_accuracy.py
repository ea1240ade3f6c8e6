"""What quantised weights of the small model lose: writes a result file with a row for each format.

    .venv/bin/python scripts/quantised_accuracy.py [--tokens 2000] [--out results/findings/quantised_small.h5]

The shipped model is packed in every format into .work/quantised; `kv_int8` keeps its weights and has keys and values in int8.
Each reads the same tokens one at a time, as a decode step
does, in which vectors are quantised, too, and then all of them as one prompt, whose products depend on the CPU (ARCHITECTURE.md).
`kl_nats` is the divergence of its next-token distribution from that of the bfloat16 weights, a mean over tokens with the half
width of its 95 % interval over blocks of 100; `nats` is its own loss; `prompt_kl_nats` is the divergence of the prompt.
"""
import argparse
import datetime
import json
import pathlib
import shlex
import subprocess
import sys

import h5py
import intervals
import numpy as np
import resultwriter
from resultfile import ResultError, main_guard

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "configs" / "models" / "small"
FORMATS = {
    "int8": ["--weights-dtype", "int8"],
    "int4": ["--weights-dtype", "int4"],
    "int4_ple_int8": ["--weights-dtype", "int4", "--weights-int8", "ple"],
    "int4_embedding_int8": ["--weights-dtype", "int4", "--weights-int8", "embedding"],
    "int4_both_int8": ["--weights-dtype", "int4", "--weights-int8", "ple,embedding"],
    "int4_nearest": ["--weights-dtype", "int4", "--weights-rounding", "nearest"],
    "int4_g128": ["--weights-dtype", "int4", "--weights-group", "128"],
}
INT8_CACHE = ("--kv-dtype", "int8")
HOW = {"steps": ["--step"], "prompt": []}
BLOCK = 100


def run(command: list) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ResultError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def log_probabilities(plelab: str, checkpoint: pathlib.Path, tokens: pathlib.Path, folder: pathlib.Path, how: list[str]) -> np.ndarray:
    out = folder / "logits.h5"
    run([plelab, "logits", checkpoint, "--tokens", tokens, "--out", out, *how, "--dtype", "bfloat16", "--force"])
    with h5py.File(out) as file:
        logits = file["logits"][:].astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def bits_of(said: str) -> float:
    """"… 90 weights of 4.500 bits, …" """
    return float(said.split(" weights of ")[1].split(" bits")[0])


def blocks_of(values: np.ndarray) -> np.ndarray:
    whole = len(values) // BLOCK * BLOCK
    return values[:whole].reshape(-1, BLOCK).mean(-1)


def divergence(exact: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """A mean over tokens, and the half width of its interval."""
    kl = (np.exp(exact) * (exact - found)).sum(-1)
    return float(kl.mean()), intervals.half_width(blocks_of(kl))


def row_of(name: str, bits: float, exact: dict[str, np.ndarray], found: dict[str, np.ndarray], ids: np.ndarray) -> dict:
    (kl, half), (prompt_kl, prompt_half) = (divergence(exact[how], found[how]) for how in HOW)
    exact, found = exact["steps"], found["steps"]
    nats = -found[np.arange(len(ids) - 1), ids[1:]]
    return {"format": name, "bits_per_weight": bits, "kl_nats": kl, "kl_half": half, "prompt_kl_nats": prompt_kl,
            "prompt_kl_half": prompt_half, "nats": float(nats.mean()), "same_choice": float((found.argmax(-1) == exact.argmax(-1)).mean()), "tokens": len(ids)}


def measure(options: argparse.Namespace) -> list[dict]:
    folder = ROOT / ".work" / "quantised"
    folder.mkdir(parents=True, exist_ok=True)
    trace = json.loads(pathlib.Path(options.trace).read_text())
    ids = np.array((trace["ids"] if isinstance(trace, dict) else trace)[:options.tokens])
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps(ids.tolist()))

    def read(checkpoint: pathlib.Path, cache: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
        return {how: log_probabilities(options.plelab, checkpoint, tokens, folder, [*flags, *cache]) for how, flags in HOW.items()}

    exact = read(MODEL)
    rows = [row_of("bfloat16", 16.0, exact, exact, ids), row_of("kv_int8", 16.0, exact, read(MODEL, INT8_CACHE), ids)]
    for name, arguments in FORMATS.items():
        print(f"{name}", file=sys.stderr, flush=True)
        said = run([options.plelab, "pack", MODEL, "--out", folder / name, "--force", *arguments])
        rows.append(row_of(name, bits_of(said), exact, read(folder / name), ids))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=2000, help="of the trace, from its start")
    parser.add_argument("--trace", default=str(ROOT / "configs" / "traces" / "small" / "books.json"), help="ids of the small model")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results" / "quantised_small.h5")
    options = parser.parse_args()
    started = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = measure(options)
    meta = resultwriter.host() | {"weights": "trained", "text": pathlib.Path(options.trace).name, "started_at": started,
                                   "command": shlex.join(["python3", "scripts/quantised_accuracy.py", *sys.argv[1:]])}  # fmt: skip
    resultwriter.write_own(options.out, "quantised_accuracy", meta, {"quantised/formats": rows})
    for row in rows:
        print(f"{row['format']:19} {row['bits_per_weight']:6.3f} bits  KL {row['kl_nats']:.5f} ± {row['kl_half']:.5f} nats  prompt {row['prompt_kl_nats']:.5f} ± {row['prompt_kl_half']:.5f}  "
              f"loss {row['nats']:.4f}  same choice {row['same_choice']:.3f}")


if __name__ == "__main__":
    main_guard(main)
