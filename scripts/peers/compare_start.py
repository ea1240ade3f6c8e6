"""Compares `plelab generate` with llama.cpp from the start of a process to the first token: time and memory; writes a result file.

    .venv/bin/python scripts/peers/compare_start.py --checkpoint DIR [--format bfloat16|int8|int4] [--out F.h5] …

Both programs read what compare_llama.py makes in --folder, which the page cache holds: each file is read whole before the first
round, each side starts once before it is counted, and the file says what the disks moved in each start.  In each round each side
starts a fresh process, in random order, with the same ids as its prompt, and prints the token that it chooses after it:

    plelab              `generate`, with its weights copied to huge pages and the table where --ple says
    llama.cpp           as it is by itself: the file is mapped, and weights are packed anew for this CPU's instructions
    llama.cpp@control   the same again, so that the file says how far apart two measurements of the same thing are
    llama.cpp mapped    without packing them anew: the least that llama.cpp does before a prompt, which then takes longer

llama.cpp runs in a program of a page (llama/start.c), because a start of Python would be counted as its own.  Neither side reads a
vocabulary.  Beside the peak stands a floor: the weights that a decode step reads, keys and values, and --libraries megabytes.
"""
import argparse
import json
import math
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import tempfile

import numpy as np

import prompt_vocabulary
import start_process
from compare_llama import GGUF_OF, PEER, gguf_file
from peer_result import CONTROL_SUFFIX, LLAMA, OURS, ROOT, add_turn_options, check_options, now
from resultfile import ResultError, main_guard
from text_sides import TRACE, ids_of, packed
import intervals
import resultwriter

MAPPED = f"{PEER} mapped"
PROMPT = "prompt.txt"
MOST_PRESSURE = 0.2  # of a start; the threads of a side alone make less on cores of their own
METRICS = ("start_ns", "load_ns", "prompt_ns", "cpu_ns", "peak_bytes", "anonymous_bytes")
PAIRS = ((OURS, PEER), (PEER + CONTROL_SUFFIX, PEER), (MAPPED, PEER), (OURS, MAPPED))
ASK = """\
import importlib.metadata, importlib.util, json
print(json.dumps({"llama_cpp": importlib.metadata.version("llama_cpp_python"), "origin": importlib.util.find_spec("llama_cpp").origin}))
"""


def said_by(command: list) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ResultError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def build_llama(folder: pathlib.Path) -> tuple[pathlib.Path, str]:
    """The program, linked with the library of llama.cpp's environment, and the version of that."""
    found = json.loads(said_by([LLAMA.python(), "-c", ASK]))
    package = pathlib.Path(found["origin"]).resolve().parent
    source, program = pathlib.Path(__file__).parent / "llama" / "start.c", folder / "llama_start"
    said_by([os.environ.get("CC", "cc"), "-O2", "-o", program, source, f"-I{package.parent / 'include'}", f"-L{package / 'lib'}",
             f"-Wl,-rpath,{package / 'lib'}", "-lllama", "-lggml", "-lggml-base"])  # fmt: skip
    return program, found["llama_cpp"]


class Sides:
    """Name → the command of a fresh process, and what it says of its own prompt."""

    def __init__(self, options: argparse.Namespace, theirs: list, place: pathlib.Path):
        """theirs: the command of llama_start without REPACK.  place: the folder of the checkpoint whose vocabulary is the prompt's ids."""
        ours = [options.plelab, "generate", place, "--chat", "off", "--prompt-file", place / PROMPT, "--max-tokens", "1", "--dtype", "bfloat16",
                "--ple", options.ple, "--threads", options.threads]  # fmt: skip
        self._commands = {OURS: ours, PEER: [*theirs, 1], PEER + CONTROL_SUFFIX: [*theirs, 1], MAPPED: [*theirs, 0]}

    def names(self) -> list[str]:
        return list(self._commands)

    def start(self, name: str) -> dict:
        """One row of /start/starts, without round and order."""
        seen = start_process.start(self._commands[name])
        prompt_ns = round(1e9 * (self._ours_s(seen.said) if name == OURS else json.loads(seen.printed)["prompt_s"]))
        return {"side": name, "start_ns": seen.start_ns, "load_ns": seen.start_ns - prompt_ns, "prompt_ns": prompt_ns, "cpu_ns": seen.cpu_ns,
                "peak_bytes": seen.peak_bytes, "anonymous_bytes": seen.anonymous_bytes, "file_bytes": seen.file_bytes,
                "device_bytes": seen.device_bytes, "pressure_ns": seen.pressure_ns}  # fmt: skip

    @staticmethod
    def _ours_s(said: str) -> float:
        """"… TTFT 812.5 ms, …" """
        found = re.search(r"TTFT ([\d.]+) ms", said)
        if not found:
            raise ResultError(f"plelab generate says no TTFT: {said.strip()}")
        return float(found[1]) / 1e3


def read_once(paths: list[pathlib.Path]) -> None:
    """So that the page cache holds them, as far as there is room."""
    piece = bytearray(1 << 24)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(piece):
                pass


def take_rounds(sides: Sides, rounds: int, seed: int) -> list[dict]:
    rng, rows = random.Random(seed), []
    for name in sides.names():
        sides.start(name)  # not counted
    for index in range(rounds):
        for order, name in enumerate(rng.sample(sides.names(), len(sides.names()))):
            rows.append({"round": index, "order": order} | sides.start(name))
        print(f"round {index + 1} of {rounds}", file=sys.stderr, flush=True)
    return rows


def column(rows: list[dict], side: str, metric: str) -> np.ndarray:
    """By round."""
    return np.array([float(row[metric]) for row in sorted(rows, key=lambda row: row["round"]) if row["side"] == side])


def ratio_rows(rows: list[dict]) -> list[dict]:
    """Of each pair: the geometric mean of the rounds' ratios, with Student's interval on logarithms."""
    found = []
    for metric in METRICS:
        for side, baseline in PAIRS:
            logs = np.log(column(rows, side, metric)) - np.log(column(rows, baseline, metric))
            mean, half = logs.mean(), intervals.half_width(logs)
            found.append({"metric": metric, "side": side, "baseline": baseline, "ratio": math.exp(mean), "low": math.exp(mean - half),
                          "high": math.exp(mean + half), "rounds": len(logs)})  # fmt: skip
    return found


def config_of(checkpoint: pathlib.Path) -> dict:
    path = checkpoint / "config.json"
    if not path.exists():
        raise ResultError(f"{path}: does not exist; expected the folder of a checkpoint")
    return json.loads(path.read_text())


def kv_bytes(config: dict, positions: int, chunk: int = 512) -> int:
    """Keys and values in bfloat16 of so many positions.  Sliding layers keep a window and what one pass adds, shared ones nothing."""
    text = config.get("text_config", config)
    each = 2 * 2 * text["num_key_value_heads"] * text["head_dim"]
    makers = text["layer_types"][:text["num_hidden_layers"] - text["num_kv_shared_layers"]]
    window = min(text["sliding_window"] - 1 + min(chunk, positions), positions)
    return sum(each * (window if kind == "sliding_attention" else positions) for kind in makers)


def floor_rows(options: argparse.Namespace, checkpoint: pathlib.Path) -> list[dict]:
    counted = json.loads(said_by([options.plelab, "inspect", checkpoint, "--json"]))["bytes"]
    parts = {"weights": counted["working_set"], "keys_values": kv_bytes(config_of(checkpoint), options.prompt + 1),
             "libraries": options.libraries * 10**6}  # fmt: skip
    return [{"part": name, "bytes": size} for name, size in (parts | {"floor": sum(parts.values())}).items()]


def label_of(checkpoint: pathlib.Path) -> str:
    """"random" or "trained", from the metadata of the first safetensors file."""
    first = min(checkpoint.glob("*.safetensors"), default=None)
    if first is None:
        raise ResultError(f"{checkpoint}: there are no safetensors files in it")
    with first.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header.get("__metadata__", {}).get("weights", "unlabelled")


def table(rows: list[dict], ratios: list[dict], floor: list[dict]) -> str:
    """What a person reads: means over rounds, and the ratio of each pair with its interval."""
    sides = list(dict.fromkeys(side for pair in PAIRS for side in pair if side != PEER + CONTROL_SUFFIX))
    table = [["", "", *sides, *(f"{side} ÷ {baseline}" for side, baseline in PAIRS)]]
    for metric in METRICS:
        name, _, unit = metric.rpartition("_")
        means = [f"{column(rows, side, metric).mean() / 1e9:.3f}" for side in sides]
        said = [f"{row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" for row in ratios if row["metric"] == metric]
        table.append([name, {"ns": "s", "bytes": "GB"}[unit], *means, *said])
    widths = [max(map(len, cells)) for cells in zip(*table)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths)).rstrip() for cells in table]
    least = floor[-1]["bytes"]
    lines.append(f"floor {least / 1e9:.3f} GB: " + ", ".join(f"{row['part']} {row['bytes'] / 1e9:.3f}" for row in floor[:-1]) + f"; {OURS}'s peak is "
                 f"{column(rows, OURS, 'peak_bytes').mean() / least:.3f} of it")  # fmt: skip
    return "\n".join(lines + warnings(rows))


def warnings(rows: list[dict]) -> list[str]:
    """What speaks against the numbers."""
    cold = sum(row["device_bytes"] > 0 for row in rows)
    busy = sum((row["pressure_ns"] or 0) > MOST_PRESSURE * row["start_ns"] for row in rows)
    return ([f"{cold} of {len(rows)} starts read from a disk: the page cache did not hold everything"] if cold else []) + \
           ([f"in {busy} of {len(rows)} starts tasks waited for a core more than {MOST_PRESSURE:.0%} of the time: measure again when the machine "
             "is idle"] if busy else [])  # fmt: skip


def prompt_of(options: argparse.Namespace, config: dict) -> list[int]:
    """<bos>, which both programs get, and the text's ids after it."""
    bos = config.get("bos_token_id", config.get("text_config", config).get("bos_token_id", 2))
    ids = ids_of(options.trace)
    ids = [bos, *ids[ids[:1] == [bos]:]][:options.prompt]
    if len(ids) < options.prompt:
        raise ResultError(f"{options.trace} has {len(ids):,} ids, <bos> among them, and --prompt {options.prompt} needs as many")
    return ids


def compare(options: argparse.Namespace) -> None:
    check_options(options, [options.out])
    published = pathlib.Path(options.checkpoint)
    weights, ids, folder = label_of(published), prompt_of(options, config_of(published)), options.folder / published.resolve().name
    model, checkpoint = gguf_file(options, folder), pathlib.Path(packed(options, folder))
    program, version = build_llama(folder)
    machine = resultwriter.host() | {"started_at": now()}
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        (place / PROMPT).write_text(prompt_vocabulary.make(checkpoint, ids[1:], place))
        read_once([model, *sorted(checkpoint.glob("*.safetensors"))])
        sides = Sides(options, [program, model, ",".join(map(str, ids)), options.threads], place)
        rows = take_rounds(sides, options.rounds, options.seed)
    ratios, floor = ratio_rows(rows), floor_rows(options, checkpoint)
    meta = machine | {
        "weights": weights, "checkpoint": options.checkpoint, "format": options.format, "text": options.trace, "prompt_tokens": str(options.prompt),
        "ple": options.ple, "threads": str(options.threads), "page_cache": "warm", "peer": f"{PEER} {model.stem}",
        "peer_version": version, "command": shlex.join(["python3", "scripts/peers/compare_start.py", *sys.argv[1:]])}  # fmt: skip
    resultwriter.write_own(options.out, "start", meta, {"start/starts": rows, "start/ratios": ratios, "start/floor": floor})
    print(f"{options.out}: {weights} weights, {options.prompt} ids, {options.threads} threads, {options.rounds} rounds; each ratio is to {PEER}")
    print(table(rows, ratios, floor))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--format", default="int4", choices=GGUF_OF, help="of the weights, on both sides; default int4")
    parser.add_argument("--keep-int8", nargs="+", default=[], choices=["ple", "embedding"], help="of int4: what we keep in int8")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(os.path.relpath(ROOT / ".work" / "peers")),
                        help="for GGUF files and packed folders")
    parser.add_argument("--trace", default=TRACE, help="ids in the checkpoint's vocabulary; default: a novel in Gemma's")
    parser.add_argument("--prompt", type=int, default=128, help="tokens of the prompt, <bos> among them")
    parser.add_argument("--ple", default="disk", help="strategy, as for `plelab generate`: disk, resident, disk,backend=direct")
    parser.add_argument("--libraries", type=int, default=250, help="megabytes of the floor for the program and its libraries")
    parser.add_argument("--out", type=pathlib.Path, help="default: results/peers_start_<checkpoint>_<format>.h5")
    add_turn_options(parser)
    options = parser.parse_args()
    name = pathlib.Path(options.checkpoint).resolve().name
    options.out = options.out or ROOT / "results" / f"peers_start_{name}_{options.format}.h5"
    compare(options)


if __name__ == "__main__":
    main_guard(main)
