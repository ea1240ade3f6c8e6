"""Times of this project and of a peer, taken in turns, as a result file.

Each side runs once in each round, in an order drawn anew for each round; the sides that are not measured are idle.  The peer
runs twice (its twin is PEER@control), so that the file says how far apart two measurements of the same thing are.  The script
writes raw times; `plelab record-peers` makes the result of them, with the statistics of all other results: a round is a
repetition, and the ratio is plelab ÷ peer with its 95 % interval over rounds.
"""
import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import random
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from resultfile import CONTROL_SUFFIX, Result, ResultError  # noqa: E402

LEAST_ROUNDS = 5  # fewer have no interval
OURS = "plelab"


@dataclasses.dataclass(frozen=True)
class Environment:
    """The Python of a peer: a folder beside the project's own, which `setup` makes and `variable` replaces."""

    folder: str
    setup: str
    variable: str

    def python(self) -> str:
        python = os.environ.get(self.variable, str(ROOT / self.folder / "bin" / "python"))
        if not pathlib.Path(python).exists():
            raise ResultError(f"{python} does not exist: run {self.setup}, or set {self.variable}")
        return python


REFERENCE = Environment(".venv-reference", "scripts/reference/setup.sh", "PLELAB_REFERENCE_PYTHON")
LLAMA = Environment(".venv-llama", "scripts/peers/setup_llama.sh", "PLELAB_LLAMA_PYTHON")
OPENVINO = Environment(".venv-openvino", "scripts/peers/setup_openvino.sh", "PLELAB_OPENVINO_PYTHON")
LITERT = Environment(".venv-litert", "scripts/peers/setup_litert.sh", "PLELAB_LITERT_PYTHON")


class Worker:
    """A peer in a process of its own, which answers each line of JSON with one.  Use it in a `with`."""

    def __init__(self, script: str, arguments: list, environment: Environment = REFERENCE):
        command = [environment.python(), str(pathlib.Path(__file__).parent / script), *map(str, arguments)]
        self._script = script
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.hello = self._answer()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise ResultError(f"{self._script} ended with code {self._process.wait()}; its own words are above")
        return json.loads(line)

    def ask(self, question) -> dict:
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def peak_rss_bytes(self) -> int:
        """The most memory that the process has had at once, pages of files included."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def add_options(parser: argparse.ArgumentParser) -> None:
    add_turn_options(parser)
    parser.add_argument("--margin", default="2%", help="what counts as no difference; stated beforehand")


def add_turn_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=10, help=f"at least {LEAST_ROUNDS}; default 10")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0, help="of the order within the rounds")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    parser.add_argument("--force", action="store_true", help="replace an existing result")


def check_options(options: argparse.Namespace, outs: list[pathlib.Path]) -> None:
    if options.rounds < LEAST_ROUNDS:
        raise ResultError(f"--rounds {options.rounds}: expected at least {LEAST_ROUNDS}, fewer have no interval")
    for out in outs:
        if out.exists() and not options.force:
            raise ResultError(f"{out}: exists; name another file with --out, or replace it with --force")


class Surroundings:
    """What the machine was like around each measurement, as `plelab machine-state` says it."""

    def __init__(self, options: argparse.Namespace):
        self._command = [options.plelab, "machine-state", "--threads", str(options.threads)]
        self._last = self._look()

    def _look(self) -> dict:
        seen = json.loads(subprocess.run(self._command, check=True, capture_output=True, text=True).stdout)
        return {**seen, "time_ns": time.time_ns()}

    def since_last(self, ended_ns: int) -> dict:
        """Columns of `reps` for what ran since the last look and ended at `ended_ns`."""
        before, self._last = self._last, self._look()
        now_, then = self._last["before"], before["after"]
        found = {"bandwidth_before": before["read_bandwidth"], "bandwidth_after": self._last["read_bandwidth"],
                 "steal_ns": now_["steal_ns"] - then["steal_ns"], "wall_ns": ended_ns - before["time_ns"]}  # fmt: skip
        if None not in (now_["cpu_pressure_us"], then["cpu_pressure_us"]):
            found["cpu_pressure_us"] = now_["cpu_pressure_us"] - then["cpu_pressure_us"]
        return found


def take_turns(sides: dict, options: argparse.Namespace) -> dict[str, dict]:
    """`sides`: name → measure(round), which returns (prefill in s, [step in s, …]).  Returns what record-peers reads of each."""
    rng = random.Random(options.seed)
    surroundings = Surroundings(options)
    times = {name: {"step_ns": {}, "prefill_ns": [], "order": [], "started_unix_ns": []} for name in sides}
    for index in range(options.rounds):
        for order, name in enumerate(rng.sample(list(sides), len(sides))):
            started = time.time_ns()
            prefill, steps = sides[name](index)
            side = times[name]
            for key, value in surroundings.since_last(time.time_ns()).items():
                side.setdefault(key, []).append(value)
            side["step_ns"][str(index)] = [max(round(1e9 * s), 1) for s in steps]
            side["prefill_ns"].append(round(1e9 * prefill))
            side["order"].append(order)
            side["started_unix_ns"].append(started)
        print(f"round {index + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return times


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write(options: argparse.Namespace, out: pathlib.Path, config_yaml: str, peer: str, strategies: dict, times: dict,
          meta: dict) -> None:
    """Makes the result and prints its ratio.  `peer` is the baseline; its twin is there too."""
    sides = {name: {"strategy": strategies.get(name.removesuffix(CONTROL_SUFFIX), "peer"), **side} for name, side in times.items()}
    record = {"config_yaml": config_yaml, "baseline": peer, "sides": sides,
              "meta": {"experiment": "peers", "command": shlex.join(["python3", *sys.argv]), "threads": str(options.threads), **meta}}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "times.json"
        path.write_text(json.dumps(record))
        command = [options.plelab, "record-peers", str(path), "--out", str(out)] + ["--force"] * options.force
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ResultError(f"plelab record-peers failed: {(done.stderr or done.stdout).strip()}")
    print(summary(Result(out), peer))


# Rounds count where the hypervisor took, and tasks waited for a core, less than this share of each side's time …
MOST_DISTURBED = 0.01
# … and the read bandwidth before and after each side agreed within this share.
MOST_DRIFT = 0.10


def rounds_that_count(result: Result) -> list[int]:
    reps = result.table("reps")
    cores = int(str(result.meta["cores"]).split()[0])
    undisturbed = ((reps["steal_ns"] < MOST_DISTURBED * cores * reps["wall_ns"])
                   & (reps["cpu_pressure_us"] * 1e3 < MOST_DISTURBED * reps["wall_ns"])
                   & ((reps["bandwidth_after"] / reps["bandwidth_before"] - 1).abs() < MOST_DRIFT))
    by_round = undisturbed.groupby(reps["rep"]).all()
    return [int(index) for index in by_round[by_round].index]


def medians(result: Result, peer: str, rounds: list[int]) -> str:
    """Of peer ÷ ours in these rounds, and of the share of the read bandwidth at which we read what a step must."""
    reps, steps = result.table("reps").set_index(["variant", "rep"]), result.table("steps")
    step = steps.groupby(["variant", "rep"])["step_ns"].median()
    ratios = {"prefill": [reps["prefill_ns"][peer, i] / reps["prefill_ns"][OURS, i] for i in rounds],
              "step": [step[peer, i] / step[OURS, i] for i in rounds]}
    said = ", ".join(f"{name} {statistics.median(values):.2f}" for name, values in ratios.items())
    step_bytes = steps[steps["variant"] == OURS].groupby("rep")["step_bytes"].median()
    if not step_bytes.any():
        return said
    shares = [step_bytes[i] / step[OURS, i] / (reps["bandwidth_before"][OURS, i] + reps["bandwidth_after"][OURS, i]) * 2 for i in rounds]
    return f"{said}; a step reads at {statistics.median(shares):.0%} of the read bandwidth"


def summary(result: Result, peer: str) -> str:
    lines = [f"{result.path}: {result.meta['peer']}, {result.weights} weights; control: {result.meta['control']}"]
    for metric, name in (("prefill_ns", "prefill"), ("step_ns", "step")):
        value, low, high = result.comparison(OURS, "ratio", metric)
        lines.append(f"{name:8} {OURS} ÷ {peer}: {value:.3f} [{low:.3f}, {high:.3f}]")
    counted, rounds = rounds_that_count(result), result.table("reps")["rep"].nunique()
    lines.append(f"medians  {peer} ÷ {OURS}, all {rounds} rounds: {medians(result, peer, list(range(rounds)))}")
    lines.append(f"         the {len(counted)} undisturbed rounds: {medians(result, peer, counted) if counted else '—'}")
    return "\n".join(lines)
