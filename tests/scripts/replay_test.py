"""scripts/replay_to_hdf5.py, and what figures and report make of its tables."""
import json
import math
import os
import pathlib
import subprocess
import sys

import h5py
import pandas as pd

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests/scripts")]
import figures  # noqa: E402
import figures_test  # noqa: E402
import report  # noqa: E402
import replay_to_hdf5  # noqa: E402
from figures import your_storage  # noqa: E402
from resultfile import Result, ResultError  # noqa: E402

META = {"kind": "meta", "replay_schema": "1", "program": "plelab-replay", "cpu_model": "A <CPU>", "storage": "a disk", "rows": "random bytes",
        "cold": "step", "weights": "none", "conclusion": "A row costs 0.240 ms & more."}


def cost(backend="direct", state="cold", depth=1, p50_ns=2.4e5, skipped=""):
    numbers = {"p50_ns": p50_ns, "p99_ns": 2 * p50_ns, "mean_ns": p50_ns, "rows_per_s": depth / p50_ns * 1e9}
    numbers = dict.fromkeys(numbers) if skipped else numbers
    return {"kind": "row_costs", "backend": backend, "state": state, "depth": depth, "row_bytes": 15360, "samples": 9, **numbers, "skipped": skipped}


def hits(policy, mib, rate):
    return {"kind": "cache_hits", "policy": policy, "cache_bytes": mib << 20, "rows": mib * 68, "lookups": 1000, "hit_rate": rate}


def comparison(step_ms, variant, difference_ns, half_ns=1e4, control=0):
    known = difference_ns is not None
    interval = {"difference_ns": difference_ns, "difference_low_ns": difference_ns - half_ns if known else None,
                "difference_high_ns": difference_ns + half_ns if known else None}
    interval |= {f"median_{name}": value for name, value in interval.items()}
    return {"kind": "comparisons", "step_ms": step_ms, "variant": variant, "baseline": "resident", "control": control, "reps": 5, "steps": 50,
            "mean_ns": step_ms * 1e6 + (difference_ns or 0), "p50_ns": step_ms * 1e6, "p99_ns": None, **interval, "margin": 0.01,
            "verdict": "fail" if known else "", "wait_ns": 100.0}


def lines(*step_ms):
    made = [cost(), cost(depth=32, p50_ns=3e6), cost("pread", "warm", p50_ns=4e3), cost("io_uring", skipped="forbidden here")]
    made += [hits(policy, mib, rate) for mib in (16, 64, 256) for policy, rate in (("lru", 0.8), ("tinylfu", 0.9), ("lru, shuffled", 0.7))]
    for step in step_ms or (0.5, 1.0, 2.0, 5.0, 10.0, 20.0):
        made += [comparison(step, "resident", None), comparison(step, "disk", 2e5), comparison(step, "resident@control", 1e3, 5e3, 1)]
    return made


class Replays(figures_test.Drawn):
    def write(self, *rows, meta=META) -> pathlib.Path:
        path = self.folder / "replay.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in (meta, *rows)))
        return path

    def result(self, *rows) -> Result:
        out = self.folder / "replay.h5"
        replay_to_hdf5.write(out, *replay_to_hdf5.read(self.write(*rows)))
        return Result(out)


class Conversion(Replays):
    def test_a_table_is_read_in_one_line_with_units_and_nan(self):
        self.result(*lines())
        with h5py.File(self.folder / "replay.h5") as file:
            table = pd.DataFrame(file["tables/replay_row_costs"][...])
            units = json.loads(file["tables/replay_row_costs"].attrs["units"])
            self.assertEqual(file["meta"].attrs["conclusion"], META["conclusion"])
        self.assertEqual(list(table["depth"]), [1, 32, 1, 1])
        self.assertEqual(table["backend"].iloc[3], b"io_uring")
        self.assertTrue(math.isnan(table["p50_ns"].iloc[3]))
        self.assertEqual((units["p50_ns"], units["row_bytes"], units["rows_per_s"], units["backend"]), ("ns", "bytes", "1/s", ""))

    def test_every_row_and_every_number_arrives(self):
        table = self.result(*lines()).table("replay_comparisons")
        self.assertEqual(len(table), 18)
        self.assertEqual(list(table["difference_ns"][1::3]), [2e5] * 6)
        self.assertEqual(list(table["variant"][:3]), ["resident", "disk", "resident@control"])

    def test_what_is_no_replay_is_refused_with_file_and_line(self):
        for text, said in (("", ":1: expected the metadata"), ('{"kind": "steps"}\n', ":1: expected the metadata"),
                           (json.dumps(META) + '\n{"kind": "steps", ', ":2: expected a JSON object"), (json.dumps(META) + "\n7\n", ":2: expected an object"),
                           (json.dumps(META) + '\n{"kind": "other"}\n', ":2: unknown kind 'other'"),
                           (json.dumps(META) + '\n{"kind": "steps", "a": 1}\n{"kind": "steps", "b": 1}\n', ":3: expected the columns"),
                           (json.dumps(META | {"replay_schema": "2"}), "replay_schema 1")):
            path = self.folder / "bad.jsonl"
            path.write_text(text)
            with self.assertRaises(ResultError) as refused:
                replay_to_hdf5.read(path)
            self.assertIn(said, str(refused.exception))

    def test_an_existing_file_stays_and_nothing_is_left_behind(self):
        path = self.write(*lines())
        command = [sys.executable, PROJECT / "scripts/replay_to_hdf5.py", path]
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 0)
        again = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(again.returncode, 2)
        self.assertIn("the file exists", again.stderr)
        self.assertEqual(subprocess.run([*command, "--force"], capture_output=True).returncode, 0)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        special = subprocess.run([*command, "--force", "--out", pipe], capture_output=True, text=True)
        self.assertEqual(special.returncode, 2)
        self.assertIn("not a regular file", special.stderr)
        self.assertTrue(pipe.is_fifo())
        pipe.unlink()
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["replay.h5", "replay.jsonl"])


class Figure(Replays):
    def test_it_fits_at_every_size_and_is_the_only_one(self):
        result = self.result(*lines())
        self.assertEqual(figures.applicable(result), [your_storage])
        self.check_all(result)

    def test_panels_are_those_that_were_measured(self):
        for kinds, panels in ((("row_costs", "cache_hits", "comparisons"), 3), (("cache_hits", "comparisons"), 2), (("comparisons",), 1)):
            result = self.result(*(row for row in lines() if row["kind"] in kinds))
            self.assertEqual(len(your_storage.draw(result).axes), panels)
            self.check_all(result, ("screen", "column"))

    def test_one_step_time_is_enough(self):
        self.check_all(self.result(*(row for row in lines(5.0) if row["kind"] == "comparisons")))

    def test_the_cost_is_a_share_of_the_baselines_step(self):
        (step, interval, reach, margin), = your_storage.placement(self.result(*lines(2.0)))
        self.assertEqual((step, margin), (2, 1))
        for found, expected in zip((*interval, reach), (10, 9.5, 10.5, 0.3)):
            self.assertAlmostEqual(found, expected)


class Report(Replays):
    def test_a_replay_is_the_section_your_storage_with_its_conclusion_first(self):
        page = report.section(self.result(*lines()), 1)
        self.assertLess(page.index("Your storage"), page.index("A row costs 0.240 ms &amp; more."))
        self.assertLess(page.index("A row costs 0.240 ms"), page.index("<svg"))
        for part in ("A &lt;CPU&gt;", "forbidden here", "random bytes", "+10.0 %", "16 MiB (1,088 rows)", "0.240"):
            self.assertIn(part, page)

    def test_one_strategy_alone_has_no_empty_tables(self):
        page = report.section(self.result(*(row for row in lines(5.0) if row["kind"] == "comparisons")), 0)
        self.assertEqual(page.count("<table>"), 1)


if __name__ == "__main__":
    figures_test.unittest.main()
