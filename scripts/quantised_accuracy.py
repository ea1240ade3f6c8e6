"""What quantised weights of the small model lose: writes a result file with a row for each format.

    .venv/bin/python scripts/quantised_accuracy.py [--tokens 2000] [--out results/findings/quantised_small.h5]

The shipped model is packed in every format into .work/quantised; `kv_int8` keeps its weights and has keys and values in int8.
Each reads the same tokens one at a time, as a decode step
does, in which vectors are quantised, too, and then all of them as one prompt, whose products depend on the CPU (ARCHITECTURE.md).
`kl_nats` is the divergence of its next-token distribution from that of the bfloat16 weights, a mean over tokens with the half
width of its 95 % interval over blocks of 100; `nats` is its own loss; `prompt_kl_nats` is the divergence of the prompt.

A second table compares int4, whose scales are searched for, with int4 rounded as llama.cpp's Q4_0 on the shipped texts, each as
one prompt of --paired-tokens: differences of divergence and of loss, token by token, so that what both have in common drops out.
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
PAIRED_BLOCKS = 20
TRACES = ROOT / "configs" / "traces" / "small"


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


def blocks_of(values: np.ndarray, block: int = BLOCK) -> np.ndarray:
    whole = len(values) // block * block
    return values[:whole].reshape(-1, block).mean(-1)


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


def ids_of(trace: pathlib.Path, count: int) -> np.ndarray:
    read = json.loads(trace.read_text())
    return np.array((read["ids"] if isinstance(read, dict) else read)[:count])


def written(ids: np.ndarray, folder: pathlib.Path) -> pathlib.Path:
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps(ids.tolist()))
    return tokens


def pair_of(trace: pathlib.Path, options: argparse.Namespace, folder: pathlib.Path) -> dict:
    """int4 less int4 rounded as Q4_0, on one text: means over tokens, and the half widths of their intervals."""
    ids = ids_of(trace, options.paired_tokens)
    tokens = written(ids, folder)
    exact, searched, nearest = (log_probabilities(options.plelab, checkpoint, tokens, folder, [])
                                for checkpoint in (MODEL, folder / "int4", folder / "int4_nearest"))  # fmt: skip
    kl = (np.exp(exact) * (nearest - searched)).sum(-1)
    nats = (nearest - searched)[np.arange(len(ids) - 1), ids[1:]]

    def half(values: np.ndarray) -> float:
        return intervals.half_width(blocks_of(values, len(values) // PAIRED_BLOCKS))

    return {"text": trace.stem, "kl_difference": float(kl.mean()), "kl_half": half(kl),
            "nats_difference": float(nats.mean()), "nats_half": half(nats), "tokens": len(ids)}  # fmt: skip


def measure(options: argparse.Namespace, folder: pathlib.Path) -> list[dict]:
    ids = ids_of(options.trace, options.tokens)
    tokens = written(ids, folder)

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
    parser.add_argument("--paired-tokens", type=int, default=4000, help="of each text, for the second table")
    parser.add_argument("--trace", type=pathlib.Path, default=TRACES / "books.json", help="ids of the small model")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results" / "quantised_small.h5")
    options = parser.parse_args()
    if options.paired_tokens < 10 * PAIRED_BLOCKS:
        raise ResultError(f"--paired-tokens {options.paired_tokens}: expected at least {10 * PAIRED_BLOCKS}, ten for each block")
    started = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    folder = ROOT / ".work" / "quantised"
    folder.mkdir(parents=True, exist_ok=True)
    rows = measure(options, folder)
    pairs = [pair_of(trace, options, folder) for trace in sorted(TRACES.glob("*.json"))]
    meta = resultwriter.host() | {"weights": "trained", "text": options.trace.name, "started_at": started,
                                   "command": shlex.join(["python3", "scripts/quantised_accuracy.py", *sys.argv[1:]])}  # fmt: skip
    resultwriter.write_own(options.out, "quantised_accuracy", meta, {"quantised/formats": rows, "quantised/pairs": pairs})
    for row in rows:
        print(f"{row['format']:19} {row['bits_per_weight']:6.3f} bits  KL {row['kl_nats']:.5f} ± {row['kl_half']:.5f} nats  prompt {row['prompt_kl_nats']:.5f} ± {row['prompt_kl_half']:.5f}  "
              f"loss {row['nats']:.4f}  same choice {row['same_choice']:.3f}")

    for pair in pairs:
        print(f"int4 less Q4_0's rounding, {pair['text']:13} divergence {pair['kl_difference']:+.4f} ± {pair['kl_half']:.4f}  "
              f"loss {pair['nats_difference']:+.4f} ± {pair['nats_half']:.4f} nats")


if __name__ == "__main__":
    main_guard(main)
