"""Compares the prefill and decode rates of `plelab run` with transformers on one checkpoint, interleaved in one run.

    .venv/bin/python scripts/peers/compare_transformers.py --checkpoint DIR [--trace FILE] [--tokens N] [--rounds N]

In each round both programs, one after the other, read the prompt and then N replayed tokens, while the other program is
idle.  The program that goes first alternates.  Both use the same ids, threads, dtype and batch size (1), and each times
every step with a monotonic clock of its own.  scripts/reference/setup.sh makes the reference environment;
PLELAB_REFERENCE_PYTHON names another interpreter.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import h5py

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = """\
experiment: ple_strategies
model: {{checkpoint: {checkpoint}, dtype: {dtype}, threads: {threads}}}
workload: {{trace: {trace}, prompt_tokens: {prompt}, decode: replay, decode_tokens: {tokens}}}
design: {{isolate: process, warmup_steps: {warmup}, reps: 1, memory_reps: 0}}
variants:
  - {{name: peer, ple: {{{ple}}}}}
"""


class Transformers:
    name = "transformers"

    def __init__(self, options: argparse.Namespace, ids: list[int]):
        worker = pathlib.Path(__file__).with_name("transformers_worker.py")
        python = os.environ.get("PLELAB_REFERENCE_PYTHON", str(ROOT / ".venv-reference" / "bin" / "python"))
        if not pathlib.Path(python).exists():
            sys.exit(f"{python} does not exist: run scripts/reference/setup.sh, or set PLELAB_REFERENCE_PYTHON")
        self._options, self._ids = options, ids
        self._process = subprocess.Popen(
            [python, worker, "--checkpoint", options.checkpoint, "--dtype", options.dtype, "--threads",
             str(options.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions = self._answer()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"transformers_worker.py ended with code {self._process.wait()}")
        return json.loads(line)

    def measure(self) -> tuple[float, list[float]]:
        o = self._options
        after_prompt = self._ids[o.prompt:o.prompt + o.warmup + o.tokens]
        self._process.stdin.write(json.dumps({"prompt": self._ids[:o.prompt], "tokens": after_prompt}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer["prefill_s"], answer["step_s"][o.warmup:]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


class Plelab:
    name = "plelab"

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path):
        self._plelab, self._folder = options.plelab, folder
        self._config = folder / "peer.yaml"
        ple = ", ".join(f"{key}: {value}" for key, value in
                        (item.split("=") for item in f"strategy={options.ple}".split(",")))
        self._config.write_text(CONFIG.format(
            checkpoint=options.checkpoint, dtype=options.dtype, threads=options.threads, trace=options.trace,
            prompt=options.prompt, tokens=options.tokens, warmup=options.warmup, ple=ple))

    def measure(self) -> tuple[float, list[float]]:
        result = self._folder / "peer.h5"
        done = subprocess.run([self._plelab, "run", self._config, "--out", result, "--force"], capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit(f"plelab run failed:\n{done.stdout}{done.stderr}")
        with h5py.File(result) as file:
            prefill_ns = file["tables/reps"]["prefill_ns"][-1]
            step_ns = file["tables/steps"]["step_ns"]
        return prefill_ns / 1e9, [float(ns) / 1e9 for ns in step_ns]


def report(measured: dict[str, list], prompt: int) -> None:
    print(f"{'':14}{'prefill tok/s':>16}{'decode tok/s':>16}{'ms per token':>16}")
    rates = {}
    for name, rounds in measured.items():
        prefill = prompt / statistics.median(seconds for seconds, _ in rounds)
        step = statistics.median(s for _, steps in rounds for s in steps)
        rates[name] = (prefill, 1 / step)
        print(f"{name:14}{prefill:16.1f}{1 / step:16.2f}{1e3 * step:16.2f}")
    ours, theirs = rates["plelab"], rates["transformers"]
    print(f"{'ratio':14}{ours[0] / theirs[0]:16.2f}{ours[1] / theirs[1]:16.2f}")
    by_round = [statistics.median(t[1]) / statistics.median(o[1])
                for o, t in zip(measured["plelab"], measured["transformers"])]
    print("decode ratio by round: " + ", ".join(f"{ratio:.2f}" for ratio in by_round))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--trace", default=str(ROOT / "configs" / "traces" / "northanger_abbey_gemma.json"))
    parser.add_argument("--prompt", type=int, default=128, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=32, help="measured decode steps per round")
    parser.add_argument("--warmup", type=int, default=4, help="decode steps before the measured ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--ple", default="disk", help="strategy, as for `plelab logits`: disk, resident, disk,backend=direct")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    options = parser.parse_args()
    options.checkpoint = str(pathlib.Path(options.checkpoint).resolve())
    options.trace = str(pathlib.Path(options.trace).resolve())
    ids = json.loads(pathlib.Path(options.trace).read_text())["ids"]
    if len(ids) < options.prompt + options.warmup + options.tokens:
        sys.exit(f"{options.trace} has {len(ids)} ids, {options.prompt + options.warmup + options.tokens} are needed")

    with tempfile.TemporaryDirectory() as folder:
        peers = [Plelab(options, pathlib.Path(folder)), Transformers(options, ids)]
        print(f"transformers {peers[1].versions['transformers']}, torch {peers[1].versions['torch']}, {options.dtype}, "
              f"{options.threads} threads, prompt {options.prompt}, {options.tokens} tokens × {options.rounds} rounds")
        measured = {peer.name: [] for peer in peers}
        for index in range(options.rounds):
            for peer in (peers if index % 2 == 0 else reversed(peers)):
                measured[peer.name].append(peer.measure())
        peers[1].close()
    report(measured, options.prompt)


if __name__ == "__main__":
    main()
