"""Compares the encode times of the vision and audio towers with the reference's (timm, transformers), interleaved.

    python3 scripts/peers/compare_towers.py [--tower vision|audio] [--dtype float32] [--threads N] [--rounds N]

The weights are random and have the published shapes: 294 M parameters at 768 × 768 pixels, 681 M at 30 s of sound.  In each
round both sides encode once, one after the other; the side that is not measured is idle.  Each measured encoding follows
one that is not counted, and the side that goes first alternates.  Both use the same dtype and number of threads.  The
script prints the median of each side, and the ratio of the two in each round: median, smallest, largest.
scripts/reference/setup.sh makes the reference environment; PLELAB_REFERENCE_PYTHON names another interpreter.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOWERS = {"vision": ("EncodeImages", "side", 768), "audio": ("EncodeAudio", "seconds", 30)}


class Reference:
    def __init__(self, tower: str, options: argparse.Namespace):
        python = os.environ.get("PLELAB_REFERENCE_PYTHON", str(ROOT / ".venv-reference" / "bin" / "python"))
        if not pathlib.Path(python).exists():
            sys.exit(f"{python} does not exist: run scripts/reference/setup.sh, or set PLELAB_REFERENCE_PYTHON")
        worker = pathlib.Path(__file__).with_name("towers_worker.py")
        self._process = subprocess.Popen(
            [python, worker, tower, "--size", str(TOWERS[tower][2]), "--dtype", options.dtype, "--threads",
             str(options.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions = self._answer()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"towers_worker.py ended with code {self._process.wait()}")
        return json.loads(line)

    def measure(self) -> float:
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()["seconds"]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


class Plelab:
    def __init__(self, tower: str, options: argparse.Namespace):
        name, size_name, size = TOWERS[tower]
        # With these minimum times the benchmark runs one warm-up encoding and one measured encoding.
        self._command = [options.micro, f"--benchmark_filter=^{name}/{options.dtype}/{size_name}:{size}/",
                         "--benchmark_format=json", "--benchmark_min_time=0.001", "--benchmark_min_warmup_time=0.001"]
        self._environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}

    def measure(self) -> float:
        done = subprocess.run(self._command, capture_output=True, text=True, env=self._environment)
        if done.returncode != 0 or not done.stdout:
            sys.exit(f"{' '.join(map(str, self._command))} failed:\n{done.stdout}{done.stderr}")
        benchmark, = json.loads(done.stdout)["benchmarks"]
        if benchmark["time_unit"] != "ms":
            sys.exit(f"{benchmark['name']}: expected milliseconds, found {benchmark['time_unit']}")
        return benchmark["real_time"] / 1e3


def compare(tower: str, options: argparse.Namespace) -> None:
    peers = {"plelab": Plelab(tower, options), "reference": Reference(tower, options)}
    times = {name: [] for name in peers}
    for index in range(options.rounds):
        for name in (list(peers) if index % 2 == 0 else reversed(peers)):
            times[name].append(peers[name].measure())
    versions = peers["reference"].versions
    peers["reference"].close()
    ratios = [ours / theirs for ours, theirs in zip(times["plelab"], times["reference"])]
    library = "timm" if tower == "vision" else "transformers"
    print(f"{tower}, {options.dtype}, {options.threads} threads, {options.rounds} rounds, random weights: "
          f"plelab {statistics.median(times['plelab']):.2f} s, {library} {versions[library]} (torch {versions['torch']}) "
          f"{statistics.median(times['reference']):.2f} s, ratio {statistics.median(ratios):.3f} "
          f"({min(ratios):.3f} … {max(ratios):.3f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tower", choices=TOWERS, help="default: both, one after the other")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--micro", default=str(ROOT / "build" / "plelab_micro"))
    options = parser.parse_args()
    for tower in [options.tower] if options.tower else TOWERS:
        compare(tower, options)


if __name__ == "__main__":
    main()
