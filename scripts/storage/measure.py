#!/usr/bin/env python3
"""Measures what this machine's storage gives: fio beside the project's own reads, a mapping's budget, and three replays.

    .venv/bin/python scripts/storage/measure.py FOLDER [--build build] [--work .work/law] [--size 2GB] [--rounds 7] [--seconds 2]
                                                [--out results/findings/storage_lab.h5]

Takes about six minutes on an idle machine.  Needs fio, scripts/pack_small.sh and configs/ple_packed_small.yaml run before, and a file of random rows on the disk to measure, which it makes in
--work.  What the replays are compared with, the law's predictions, comes from a profile measured beside them and from
configs/law/constants.yaml.  scripts/storage/claims.py says what the result shows.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "law"))
import runs as measured  # noqa: E402

import pages  # noqa: E402
import rates  # noqa: E402
import resultwriter  # noqa: E402
from resultfile import ResultError  # noqa: E402

TRACE = "configs/traces/northanger_abbey_gemma.json"
GEOMETRY = "gemma3n_e2b"
REPLAYS = ((1, 5), (16, 5), (48, 20))  # rows per token, ms of a step
STEPS = 205  # of each of five repetitions: enough for a 99th percentile
SMALL_ROW_BYTES = {"bfloat16": 640, "int8": 340, "int4": 180}  # of the small model, as `plelab pack` says


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def replay(build: pathlib.Path, arguments: list[str], out: pathlib.Path) -> None:
    """One replay, whose file is complete or absent; not repeated where it is there."""
    if out.exists():
        return
    part = out.with_suffix(".part")
    done = subprocess.run([str(build / "plelab-replay"), *arguments, "--out", str(part), "--force"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ResultError(f"plelab-replay {' '.join(arguments)}: {done.stderr.strip().splitlines()[-1:]}")
    part.rename(out)


def profile_of(build: pathlib.Path, file: pathlib.Path, out: pathlib.Path) -> None:
    if out.exists():
        return
    say("profile of this disk")
    done = subprocess.run([str(build / "plelab-device"), "--measure", str(file), "--name", "disk"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ResultError(f"plelab-device --measure {file}: {done.stderr.strip()}")
    out.write_text(done.stdout)


def replay_rows(folder: pathlib.Path, build: pathlib.Path) -> list[dict]:
    """The replays beside what the law says of them."""
    runs = measured.read_runs(folder)
    measured.predict(runs, folder, build / "plelab", TRACE, pathlib.Path("configs/law/constants.yaml"))
    return [{"rows_per_token": run.rows_per_token, "step_asked_ms": run.step_asked_ms, "step_ms": run.step_ms,
             "measured_ms": run.delta_ms[0], "measured_low_ms": run.delta_ms[1], "measured_high_ms": run.delta_ms[2],
             "measured_p99_ms": run.p99_ms[0], "measured_p99_low_ms": run.p99_ms[1], "measured_p99_high_ms": run.p99_ms[2],
             "predicted_ms": run.wait_ms, "predicted_p99_ms": run.p99_wait_ms, "control_ms": run.control_ms} for run in runs]


def measure(arguments: argparse.Namespace) -> None:
    if shutil.which("fio") is None:
        raise ResultError("fio: no such program; `apt-get install fio` brings it")
    folder, build, work = arguments.folder, arguments.build, arguments.work
    for name in (folder / "runs", folder / "profiles", work):
        name.mkdir(parents=True, exist_ok=True)
    table = ["--work", str(work), "--size", arguments.size, "--geometry", GEOMETRY, "--trace", TRACE]
    replay(build, [*table, "--step-ms", "2", "--steps", "1", "--cold", "never"], folder / "first.jsonl")
    file = work / "plelab-replay-random-1.bytes"
    asked = {"rounds": arguments.rounds, "seconds": arguments.seconds, "size": arguments.size, "work": str(work)}
    kept = folder / "arguments.json"
    if kept.exists() and json.loads(kept.read_text()) != asked:
        raise ResultError(f"{folder}: was measured with {kept.read_text()}; name a new folder, or give the same arguments")
    kept.write_text(json.dumps(asked))
    load = [pathlib.Path("/proc/loadavg").read_text().strip()]
    begin = time.time()
    kept = folder / "rates.json"  # as replays are: what was measured is not measured again
    if not kept.exists():
        kept.write_text(json.dumps(rates.measure(build / "plelab_micro", file, arguments.rounds, arguments.seconds, say)))
    found = json.loads(kept.read_text())
    profile_of(build, file, folder / "profiles" / "disk.yaml")
    for rows, step in REPLAYS:
        say(f"replay of {rows} rows per token at {step} ms")
        replay(build, [*table, "--step-ms", str(step), "--rows-per-token", str(rows), "--steps", str(STEPS), "--cold", "step", "--ple",
                       "disk,backend=io_uring"], folder / "runs" / f"disk__{GEOMETRY}__{rows}__{step}ms.jsonl")
    load.append(pathlib.Path("/proc/loadavg").read_text().strip())
    meta = resultwriter.host_of(folder / "first.jsonl") | {
        "fio": subprocess.run(["fio", "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "load_before": load[0], "load_after": load[1], "seconds": f"{time.time() - begin:.0f}", "file_bytes": str(file.stat().st_size),
        "profile_disk": (folder / "profiles" / "disk.yaml").read_text()}
    resultwriter.write_own(arguments.out, "storage_lab", meta, {
        "storage/rates": found, "storage/replays": replay_rows(folder, build),
        "storage/pages": pages.rows(arguments.tokens_of, arguments.packed, SMALL_ROW_BYTES)})
    print(arguments.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".work/law"), help="on the disk to measure")
    parser.add_argument("--size", default="2GB", help="of the file of random rows")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2, help="of each job")
    parser.add_argument("--packed", type=pathlib.Path, default=pathlib.Path(".work/packs/frequency"), help="made by scripts/pack_small.sh")
    parser.add_argument("--tokens-of", type=pathlib.Path, default=pathlib.Path("results/findings/ple_packed_small.h5"),
                        help="a result whose replayed tokens are counted over both orders of rows")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results/findings/storage_lab.h5"))
    try:
        measure(parser.parse_args())
    except (ResultError, measured.RunsError, rates.RatesError, OSError, subprocess.SubprocessError) as error:
        print(f"measure.py: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
