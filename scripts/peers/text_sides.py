"""What comparisons of text models share: the text of each round, `plelab run` of one repetition on it, and a peer's answer to it."""
import argparse
import json
import os
import pathlib
import subprocess

from peer_result import ROOT, Worker
from resultfile import Result, ResultError

TRACE = os.path.relpath(ROOT / "configs" / "traces" / "northanger_abbey_gemma.json")
CONFIG = """\
experiment: ple_strategies
model: {{checkpoint: {checkpoint}, dtype: {dtype}, threads: {threads}}}
workload: {{trace: {trace}, prompt_tokens: {prompt}, prompt_layers: {prompt_layers}, decode: replay, decode_tokens: {tokens}}}
design: {{isolate: process, warmup_steps: {warmup}, reps: {rounds}, processes: 1, memory_reps: 0, seed: {seed}, margin: {margin}}}
variants:
  - {{name: plelab, ple: {{{ple}}}}}
"""
# What the sides ran on, as plelab's own runs say it.
OF_PLELAB = ("weights", "checkpoint", "checkpoint_hash", "dtype", "decode", "text", "text_hash")


class Excerpts:
    """The ids of each round: the next stretch of the text."""

    def __init__(self, ids: list[int], options: argparse.Namespace, origin: str):
        self._ids, self._prompt = ids, options.prompt
        self._length = options.prompt + options.warmup + options.tokens
        if len(ids) < options.rounds * self._length:
            raise ResultError(f"{origin} has {len(ids):,} ids, and {options.rounds} rounds of {self._length} need "
                              f"{options.rounds * self._length:,}; give a longer text, or fewer rounds or tokens")

    def of(self, index: int) -> list[int]:
        return self._ids[index * self._length:(index + 1) * self._length]

    def split(self, index: int) -> tuple[list[int], list[int]]:
        return self.of(index)[:self._prompt], self.of(index)[self._prompt:]


def ple_map(spec: str) -> str:
    """"disk,backend=direct" as the map of a config."""
    return ", ".join(f"{key}: {value}" for key, _, value in (item.partition("=") for item in f"strategy={spec}".split(",")))


def config_of(options: argparse.Namespace, trace: str) -> str:
    return CONFIG.format(**vars(options) | {"trace": trace, "ple": ple_map(options.ple)})


class Plelab:
    def __init__(self, options: argparse.Namespace, excerpts: Excerpts, folder: pathlib.Path):
        self._options, self._excerpts, self._folder = options, excerpts, folder
        self.meta: dict[str, str] = {}
        self.step_bytes: list[int] = []  # that a step must read: of each round

    def measure(self, index: int) -> tuple[float, list[float]]:
        trace, config, out = (self._folder / name for name in ("trace.json", "peer.yaml", "peer.h5"))
        trace.write_text(json.dumps(self._excerpts.of(index)))
        config.write_text(config_of(self._options, str(trace)))
        done = subprocess.run([self._options.plelab, "run", config, "--set", "design.reps=1", "--out", out, "--force"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise ResultError(f"plelab run failed: {(done.stderr or done.stdout).strip()}")
        result = Result(out)
        self.meta = self.meta or {key: str(result.meta[key]) for key in OF_PLELAB if key in result.meta}
        steps = result.table("steps")
        self.step_bytes.append(int(steps["step_bytes"].median()))
        return result.table("reps")["prefill_ns"].iloc[-1] / 1e9, [ns / 1e9 for ns in steps["step_ns"]]


def ids_of(trace: str) -> list[int]:
    read = json.loads(pathlib.Path(trace).read_text())
    return read["ids"] if isinstance(read, dict) else read


def known_ids(options: argparse.Namespace) -> list[int]:
    """The trace's ids, without those that the checkpoint has no PLE row for."""
    config = json.loads((pathlib.Path(options.checkpoint) / "config.json").read_text())
    rows = config.get("text_config", config)["vocab_size_per_layer_input"]
    return [token for token in ids_of(options.trace) if token < rows]


def run(command: list) -> None:
    """A program whose output the user sees."""
    if subprocess.run(list(map(str, command)), check=False).returncode != 0:
        raise ResultError(f"{command[0]} failed; its own words are above")


def made_once(path: pathlib.Path, command: list) -> pathlib.Path:
    """path, which the command has made unless it was there."""
    if not path.exists():
        run(command)
    return path


def packed(options: argparse.Namespace, folder: pathlib.Path, keep_int8: list[str] = ()) -> str:
    """Where the checkpoint is in options.format, which `plelab pack` has made of it once.  Names in `keep_int8` stay in int8."""
    if options.format == "bfloat16":
        return options.checkpoint
    path = folder / "_".join([options.format, *keep_int8])
    kept = ["--weights-int8", ",".join(keep_int8)] if keep_int8 else []
    return str(made_once(path, [options.plelab, "pack", options.checkpoint, "--out", path, "--weights-dtype", options.format, *kept]))


def peer_side(worker: Worker, options: argparse.Namespace, excerpts: Excerpts):
    def measure(index: int) -> tuple[float, list[float]]:
        prompt, tokens = excerpts.split(index)
        answer = worker.ask({"prompt": prompt, "tokens": tokens})
        return answer["prefill_s"], answer["step_s"][options.warmup:]
    return measure


def add_text_options(parser: argparse.ArgumentParser, tokens: int) -> None:
    parser.add_argument("--prompt", type=int, default=128, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=tokens, help="measured decode steps per round")
    parser.add_argument("--warmup", type=int, default=4, help="decode steps before the measured ones")
    parser.add_argument("--prompt-layers", default="needed", choices=["needed", "all"],
                        help="of ours, those that read all of the prompt; all: none is skipped for any token")
    parser.add_argument("--ple", default="disk", help="strategy, as for `plelab logits`: disk, resident, disk,backend=direct")
