"""Compares the encode times of the vision and audio towers with the reference's (timm, transformers); writes result files.

    .venv/bin/python scripts/peers/compare_towers.py [--tower vision|audio] [--dtype float32] [--threads N] [--rounds N]

The weights are random and have the published shapes: 294 M parameters at 768 × 768 pixels, 681 M at 30 s of sound.  In each
round both sides encode once, in random order; the side that is not measured is idle.  Each measured encoding follows one
that is not counted.  Both use the same dtype and number of threads.  In the file, prefill_ns and the one step of a round are
the time of that encoding; peer_result.py says what else it holds.  scripts/reference/setup.sh makes the reference
environment; PLELAB_REFERENCE_PYTHON names another interpreter.
"""
import argparse
import json
import os
import pathlib
import subprocess

from peer_result import CONTROL_SUFFIX, OURS, ROOT, Worker, add_options, check_options, now, take_turns, write
from resultfile import ResultError, main_guard

# benchmark of plelab_micro, name of its size, size, the reference's library
TOWERS = {"vision": ("EncodeImages", "side", 768, "timm"), "audio": ("EncodeAudio", "seconds", 30, "transformers")}
# Only the design of this config says something: what the statistics are to be computed with.
CONFIG = """\
experiment: ple_strategies
model: {{checkpoint: none, dtype: {dtype}, threads: {threads}}}
workload: {{trace: none, decode_tokens: 1}}
design: {{isolate: process, reps: {rounds}, processes: 1, memory_reps: 0, seed: {seed}, margin: {margin}}}
variants:
  - {{name: plelab, ple: {{strategy: resident}}}}
"""


def plelab(tower: str, options: argparse.Namespace):
    name, size_name, size, _ = TOWERS[tower]
    # With these minimum times the benchmark runs one warm-up encoding and one measured encoding.
    command = [options.micro, f"--benchmark_filter=^{name}/{options.dtype}/{size_name}:{size}/", "--benchmark_format=json",
               "--benchmark_min_time=0.001", "--benchmark_min_warmup_time=0.001"]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}

    def measure(_: int) -> tuple[float, list[float]]:
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0 or not done.stdout:
            raise ResultError(f"{' '.join(map(str, command))} failed: {(done.stderr or done.stdout).strip()}")
        benchmark, = json.loads(done.stdout)["benchmarks"]
        if benchmark["time_unit"] != "ms":
            raise ResultError(f"{benchmark['name']}: expected milliseconds, found {benchmark['time_unit']}")
        seconds = benchmark["real_time"] / 1e3
        return seconds, [seconds]
    return measure


def reference(worker: Worker):
    def measure(_: int) -> tuple[float, list[float]]:
        seconds = worker.ask("")["seconds"]
        return seconds, [seconds]
    return measure


def compare(tower: str, options: argparse.Namespace, out: pathlib.Path) -> None:
    _, _, size, library = TOWERS[tower]
    started = now()
    with Worker("towers_worker.py", [tower, "--size", size, "--dtype", options.dtype, "--threads", options.threads]) as worker:
        theirs = reference(worker)
        sides = {OURS: plelab(tower, options), library: theirs, library + CONTROL_SUFFIX: theirs}
        times = take_turns(sides, options)
    meta = {"weights": "random", "dtype": options.dtype, "started_at": started, "tower": tower,
            "peer": f"{library} {worker.hello[library]}", "peer_torch": worker.hello["torch"]}
    write(options, out, CONFIG.format(**vars(options)), library, {OURS: "encoder"}, times, meta)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tower", choices=TOWERS, help="default: both, one after the other")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--micro", default=str(ROOT / "build" / "plelab_micro"))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results", help="folder of peers_TOWER_DTYPE.h5")
    add_options(parser)
    options = parser.parse_args()
    outs = {tower: options.out / f"peers_{tower}_{options.dtype}.h5" for tower in ([options.tower] if options.tower else TOWERS)}
    check_options(options, list(outs.values()))
    for tower, out in outs.items():
        compare(tower, options, out)


if __name__ == "__main__":
    main_guard(main)
