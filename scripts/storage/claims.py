#!/usr/bin/env python3
"""What the storage lab shows, line by line: what is claimed, what the result files say, whether it holds.

    .venv/bin/python scripts/storage/claims.py [--findings results/findings] [--tests]

Reads ple_storage_e2b.h5, storage_lab.h5 (scripts/storage/measure.py), placement_law.h5 (scripts/law/fit.py),
ple_packed_small.h5, cache_locality.h5 and cache_domains.h5.  --tests also runs the tests that show the rest, in build/ and in
the folders that scripts/storage/sanitizers.sh makes.  Exit codes: 0 all hold; 1 some do not; 2 a file is missing.
"""
from __future__ import annotations

import argparse
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))
import rates  # noqa: E402
from resultfile import Result, ResultError, main_guard  # noqa: E402

Line = tuple[str, str, bool | None]  # claim, measured, whether it holds (None: told without a bound)
LAYERS = 30  # of E2B: rows are needed when the first of them is done
LEAST_US = 20  # a prediction may be off by so much, or by a tenth


def span(values, digits=3, unit="") -> str:
    value, low, high = values
    return f"{value:.{digits}f}{unit} [{low:.{digits}f}, {high:.{digits}f}]"


def rows_of(path: pathlib.Path, name: str) -> np.ndarray:
    """A table of a script's own, or a curve; columns of text are str."""
    result = Result(path)
    frame = result.own.get(name, result.curve(name))
    if not len(frame):
        raise ResultError(f"{path}: has no table {name}; was it made by another version?")
    return frame.to_records(index=False)


def placement_lines(findings: pathlib.Path) -> Iterator[Line]:
    result = Result(findings / "ple_storage_e2b.h5")
    variant = "disk_uring"
    ratio = result.comparison(variant, "ratio")
    steps = len(result.steps_ms(variant))
    yield f"E2B bf16, cold at every step, {steps:,} steps: upper end of the ratio of steps below 1.02", span(ratio, 4), ratio[2] < 1.02 and steps >= 2560
    p99 = (result.level_ns(variant, "p99") - result.level_ns("resident", "p99")) / 1e6
    yield "    change of a step; of its 99th percentile", f"{span(np.array(result.comparison(variant, 'mean_difference')) / 1e6, 2, ' ms')}; {p99:+.2f} ms", None
    ratio = result.comparison(variant, "ratio", "prefill_ns")
    yield "E2B bf16, prompt of 512: upper end of the ratio below 1.05", span(ratio), ratio[2] < 1.05
    saved = (result.memory("resident", "peak_rss") - result.memory(variant, "peak_rss")) / 1e9
    yield "    peak RSS lower by at least 3.9 GB", f"{saved:.2f} GB", saved >= 3.9


def replay_lines(findings: pathlib.Path) -> Iterator[Line]:
    for row in rows_of(findings / "storage_lab.h5", "storage/replays"):
        rows, step = int(row["rows_per_token"]), row["step_ms"]
        window_us = step * 1e3 / LAYERS
        most = 0.01 if rows == 1 else 0.05
        what = f"replay, cold, {rows} row{'s' if rows > 1 else ''} at {row['step_asked_ms']:g} ms: at most {most:.0%} of a step, or as the law says"
        for name, begin in (("mean", f"{what}: mean"), ("p99", "    p99 less the baseline's p99")):
            key = "" if name == "mean" else "_p99"
            found, low, high, law = (row[f"{column}_ms"] for column in
                                     (f"measured{key}", f"measured{key}_low", f"measured{key}_high", f"predicted{key}"))
            close = abs(law - found) <= max(0.1 * abs(found), LEAST_US / 1e3)
            yield begin, f"{found / step:+.1%} of a step: {found:.3f} [{low:.3f}, {high:.3f}] ms, law {law:.3f}; window {window_us:.0f} us", bool(found / step <= most or close)


def law_lines(findings: pathlib.Path) -> Iterator[Line]:
    runs = rows_of(findings / "placement_law.h5", "law/runs")
    for name, chosen in (("this machine's disk", np.char.startswith(runs["device"].astype(str), "disk")),
                         ("modelled devices", ~np.char.startswith(runs["device"].astype(str), "disk"))):
        out = runs[chosen & (runs["held_out"] != "")]
        if not len(out):
            yield f"the law on {name}", "no held-out run", False
            continue
        units, worst = np.median(out["error_units"]), out["worst_units"].max()
        yield (f"the law, held out, {name}, {len(out)} runs: median within max(10 % of the change, 0.5 % of a step)", f"{units:.2f} of it", units <= 1)
        yield "    at worst within max(25 %, 1 %)", f"{worst:.2f} of it ({(out['worst_units'] > 1).sum()} runs beyond)", worst <= 1
    limited = int((runs["device"] == "disk_limited").sum())
    yield "    one held-out device is limited by the kernel", f"disk_limited: {limited} runs", limited > 0


def rate_lines(findings: pathlib.Path) -> Iterator[Line]:
    table = rows_of(findings / "storage_lab.h5", "storage/rates")

    def paired(a, b, column, column_of_b=None):
        """The median over rounds of the ratio of two jobs of the same round."""
        values = rates.of(table, *a, column) / rates.of(table, *b, column_of_b or column)
        return float(np.median(values)), f"{np.median(values):.3f}, {len(values)} rounds {values.min():.3f} to {values.max():.3f}"

    for depth in (32, 64):
        value, text = paired(("plelab", f"disk,backend=io_uring,queue_depth={depth}", rates.PREFILL_ROWS), ("fio", f"direct depth {depth}", 1), "rows_per_s")
        yield f"io_uring at depth {depth}: rows per second at least 0.9 of fio's", text, value >= 0.9
    for name, spec in (("direct", "disk,backend=direct,prefetch=false"), ("buffered", "disk,backend=pread,advice=random,prefetch=false")):
        value, text = paired(("plelab", spec, 1), ("fio", f"{name} depth 1", 1), "first_layer_us", "row_us")
        # A direct read is copied out of an aligned buffer, which fio does not do; buffered ones are copied by the kernel for both.
        copied = name == "direct"
        yield f"{'    direct' if copied else 'pread'} at depth 1: until a row is there, {'' if copied else 'at most 1.1 '}of fio's latency", text, None if copied else value <= 1.1
    gain, gain_text = paired(("plelab", "disk,backend=direct,prefetch=false", rates.PREFILL_ROWS),
                             ("plelab", "disk,backend=io_uring,queue_depth=32", rates.PREFILL_ROWS), "row_us")
    possible, possible_text = paired(("fio", "direct depth 32", 1), ("fio", "direct depth 1", 1), "rows_per_s")
    yield ("prefill of 512 rows, io_uring over one at a time: at least 0.8 of fio's depth 32 over depth 1",
           f"{gain_text} x, fio {possible_text} x", gain >= 0.8 * possible)
    mapped, free = (next(row for row in table if row["name"] == name) for name in reversed(rates.MMAP_JOBS))
    yield (f"mmap under 64 MiB over {mapped['rows']:,} random rows stays under it between requests", f"{mapped['mapped_most_mib']:.0f} MiB at most, {mapped['row_us']:.0f} us "
           f"a row; without a budget {free['mapped_most_mib']:.0f} MiB, {free['row_us']:.0f} us", bool(mapped["mapped_most_mib"] <= 64 and mapped["rows"] >= rates.MMAP_ROWS))


def format_lines(findings: pathlib.Path) -> Iterator[Line]:
    result = Result(findings / "ple_packed_small.h5")
    asked = {name: result.table("steps").query("variant == @name")["bytes_asked"].mean() for name in ("bfloat16", "int8", "int4")}
    share = asked["int4"] / asked["bfloat16"]
    yield "int4 rows from a packed file: 0.28 of bfloat16's bytes", f"{share:.3f} ({asked['int4']:.0f} of {asked['bfloat16']:.0f})", abs(share - 0.28) < 0.01
    for name in ("bfloat16", "layer_major", "int8", "int4", "codebook"):
        delta = np.array(result.comparison(name, "mean_difference")) / 1e6
        nats = result.accuracy(name, "delta_nats")
        yield f"    {name}: change of a step; loss", f"{span(delta, 3, ' ms')}; {span(nats, 4, ' nats')}", None
    for row in rows_of(findings / "storage_lab.h5", "storage/pages"):
        before, after = row["pages_per_token_own_order"], row["pages_per_token_by_frequency"]
        yield (f"    {row['form']} rows of {row['row_bytes']} bytes: pages per token, own order and by frequency ({row['texts']} texts of {row['tokens']})",
               f"{before:.3f} and {after:.3f}", None)


def locality_lines(findings: pathlib.Path) -> Iterator[Line]:
    hits = rows_of(findings / "cache_locality.h5", "cache_locality")
    at = lambda table, series, rows: next((100 * row["y"] for row in table if (row["series"], row["label"]) == (series, rows)), np.nan)  # noqa: E731
    lru, shuffled = (at(hits, series, "1024") for series in ("lru", "lru_shuffled"))
    yield "    LRU of 1,024 E2B rows on the second half of a novel; the same text shuffled", f"{lru:.1f} %, {shuffled:.1f} %", None
    policies = {name: at(hits, f"{name}_warmed", "1024") for name in ("lru", "lfu", "clock", "s3fifo", "sieve", "tinylfu")}
    least, most = at(hits, "lru_warmed_shuffled", "1024"), at(hits, "optimal_warmed", "1024")
    yield (f"every policy hits between LRU on the shuffled text ({least:.1f} %) and the optimum ({most:.1f} %)",
           ", ".join(f"{name} {value:.1f}" for name, value in policies.items()), all(least <= value <= most for value in policies.values()))
    gaps = rows_of(findings / "cache_domains.h5", "domain_gap")
    gaps = gaps[gaps["x"] == 1024]
    for label in dict.fromkeys(gaps["label"]):
        rows = gaps[gaps["label"] == label]
        best = rows[np.nanargmax(rows["y"])]
        yield f"    {label}: closes most of LRU's gap to the optimum, 1,024 rows", f"{best['series']}, {100 * best['y']:.0f} %", None


TESTS = (("errors, short reads, interruptions, truncation and deletion fail by file, row and offset, and spare the rest",
          "Uring.*:SubmitTo*:*EveryBackend*:RowReader.*:Disk*:*DiskBackends*:SigbusGuard*"),
         ("10,000 random interleavings of submit, wait, fail and destroy lose no row", "Uring.TenThousandRandomInterleavingsLoseNoRead"),
         ("each policy: the live cache is its replay, which a slow oracle and libCacheSim agree with", "CachePolicies/*:CachedPle.*:LibCacheSim.*:Belady.*"),
         ("a packed table returns what the transform of its form makes, bit for bit", "*PackedForm*"))
SANITIZED = (("ThreadSanitizer", "build-tsan"), ("AddressSanitizer and UndefinedBehaviorSanitizer", "build-plestore-asan"))


def run_tests(build: pathlib.Path, tests: str) -> tuple[str, bool]:
    program = build / "tests" / "plestore_tests"
    if not program.is_file():
        return f"{program} is not built", False
    done = subprocess.run([program, f"--gtest_filter={tests}", "--gtest_brief=1"], capture_output=True, text=True, check=False)
    ran = re.search(r"(\d+) tests? from", done.stdout)
    return f"{ran[1] if ran else 0} tests, {'all passed' if done.returncode == 0 else f'exit {done.returncode}'}", done.returncode == 0 and ran is not None


def test_lines(_: pathlib.Path) -> Iterator[Line]:
    for claim, tests in TESTS:
        yield (f"tests: {claim}", *run_tests(pathlib.Path("build"), tests))
    for name, build in SANITIZED:
        yield (f"tests: all of plestore, with {name}", *run_tests(pathlib.Path(build), "*"))


SECTIONS = (placement_lines, replay_lines, law_lines, rate_lines, format_lines, locality_lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=pathlib.Path, default=pathlib.Path("results/findings"))
    parser.add_argument("--tests", action="store_true", help="run the tests too (minutes)")
    arguments = parser.parse_args()
    missed = 0
    for section in SECTIONS + (test_lines,) * arguments.tests:
        for claim, found, holds in section(arguments.findings):
            missed += holds is not None and not holds
            print(f"{' ' if holds is None else '✓' if holds else '✗'} {claim}\n      {found}")
    print(f"{missed} missed" if missed else "all hold")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main_guard(main)
