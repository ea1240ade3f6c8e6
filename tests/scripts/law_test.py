"""The fit of the placement law: constants that are known are found again, and runs are read strictly."""
import json
import math
import pathlib
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "law"))
import fit  # noqa: E402
import runs as measured  # noqa: E402


def run(device="nvme", geometry="gemma3n_e2b", rows=1, step=2.0, row_bytes=15360, delta=0.1, wait=0.05) -> measured.Run:
    interval = (delta, delta - 0.01, delta + 0.01)
    return measured.Run(device, geometry, rows, step, step, step, row_bytes, rows, interval, interval, interval, 0.0, wait, wait, wait)


class HeldOut(unittest.TestCase):
    def test_a_run_is_held_out_by_what_no_training_run_has(self):
        self.assertEqual(fit.held_out(run()), "")
        self.assertEqual(fit.held_out(run(device="disk_limited")), "device")
        self.assertEqual(fit.held_out(run(geometry="gemma4_e4b", step=5.0)), "geometry, step")

    def test_a_busy_machine_is_told_from_the_twin(self):
        busy, slow = run(), run(delta=2.0)
        busy.control_ms, slow.control_ms = -0.03, 0.4  # a quarter of the change, or 1 % of a step, may be wrong
        self.assertEqual(fit.steady([run(), busy, slow]), [run(), slow])


class Fit(unittest.TestCase):
    def test_known_costs_are_found_again(self):
        def predict(runs: list[measured.Run], collect_us: float, kib_us: float) -> None:
            for one in runs:
                one.wait_ms = max(0.1, one.rows * (collect_us + kib_us * one.row_bytes / 1024) / 1e3)

        known = fit.Costs(20, 3, 8, 0.5)
        train = []
        for rows in (1, 16, 48):
            for row_bytes in (160, 15360):
                one = run(rows=rows, row_bytes=row_bytes)
                predict([one], known.collect_us, known.kib_us)
                one.delta_ms = (one.wait_ms + known.of(one), 0, 0)
                train.append(one)
        found = fit.fit(train, predict)
        for name in ("step_us", "row_us", "collect_us", "kib_us"):
            self.assertAlmostEqual(getattr(found, name), getattr(known, name), places=6)

    def test_no_cost_is_negative(self):
        a = np.array([[1, 1.0], [1, 2], [1, 3]])
        np.testing.assert_allclose(fit.not_negative_least_squares(a, np.array([2.0, 1, 0])), [1, 0], atol=1e-9)
        np.testing.assert_allclose(fit.not_negative_least_squares(a, np.array([-1.0, -1, -1])), [0, 0])

    def test_errors_count_in_units_of_what_is_allowed(self):
        costs = {True: fit.Costs(0, 0, 0, 0), False: fit.Costs(0, 0, 0, 0)}
        found = fit.errors([run(delta=1.0, wait=1.1), run(delta=0.0, wait=0.02)], costs)
        np.testing.assert_allclose(found["units"], [1, 2])  # 10 % of 1 ms; 0.5 % of 2 ms
        np.testing.assert_allclose(found["worst_units"], [0.4, 1])  # 25 % of 1 ms; 1 % of 2 ms

    def test_the_interval_holds_as_many_further_runs(self):
        self.assertEqual(fit.covering(np.arange(1, 20, dtype=float)), 18)  # rank ceil(20 · 0.9)
        self.assertEqual(fit.covering(np.array([1.0, math.nan, 3])), 3)
        with self.assertRaises(measured.RunsError):
            fit.covering(np.array([math.nan]))


def steps_of(variant: str, step_ns: int, wait_ns: int, stall_at: int = -1) -> list[dict]:
    """Two repetitions of four steps, each begun 10 ms after the one before; a stall of 5 ms in one of them."""
    return [{"kind": "steps", "variant": variant, "rep": rep, "step": i, "begin_ns": rep * 10**9 + i * 10_000_000, "wait_ns": wait_ns,
             "step_ns": step_ns + 5_000_000 * (4 * rep + i == stall_at)} for rep in range(2) for i in range(4)]


def lines(**changes) -> list[dict]:
    contrast = {"kind": "comparisons", "baseline": "resident", "p50_ns": 2e6, "mean_ns": 2.1e6, "lookups": 16.0, "wait_ns": 1e5}
    for name in ("difference", "p99_difference"):
        contrast |= {f"{name}_ns": 5e5, f"{name}_low_ns": 4e5, f"{name}_high_ns": None}
    return [{"kind": "meta", "row_bytes": "15360"}, contrast | {"variant": "resident", "control": 0},
            contrast | {"variant": "disk", "control": 0, "wait_ns": 4e5} | changes, contrast | {"variant": "resident@control", "control": 1},
            *steps_of("resident", 2_000_000, 100_000), *steps_of("disk", 3_000_000, 400_000, stall_at=6),
            *steps_of("resident@control", 2_000_000, 100_000)]


class ReadRun(unittest.TestCase):
    def read(self, name: str, content: list[dict]) -> measured.Run:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            path.write_text("".join(json.dumps(line) + "\n" for line in content))
            return measured.read_run(path)

    def test_a_file_of_a_replay(self):
        found = self.read("disk_limited__gemma3n_e2b__16__2ms.jsonl", lines())
        self.assertEqual((found.device, found.rows_per_token, found.step_asked_ms, found.row_bytes), ("disk_limited", 16, 2.0, 15360))
        self.assertFalse(found.modelled)
        self.assertEqual(found.mean_ms[:2], (0.5, 0.4))
        self.assertTrue(math.isnan(found.mean_ms[2]))
        self.assertAlmostEqual(found.measured_wait_ms, 0.3)

    def test_a_stall_of_the_machine_is_no_change_by_the_rows(self):
        found = self.read("disk__gemma3n_e2b__16__2ms.jsonl", lines())
        for value in found.delta_ms:
            self.assertAlmostEqual(value, 0.3 + 0.7)  # of waits, and of the rest
        self.assertAlmostEqual(found.control_ms, 0)

    def test_the_pause_is_that_between_the_variants_steps(self):
        self.assertAlmostEqual(self.read("disk__gemma3n_e2b__16__2ms.jsonl", lines()).pause_ms, 7 - 5 / 6)  # a stall is no pause

    def test_another_file_is_refused_by_name(self):
        for name, content in (("disk__x__16.jsonl", lines()), ("a__b__1__2ms.jsonl", lines()[:2]), ("a__b__1__2ms.jsonl", [])):
            with self.assertRaisesRegex(measured.RunsError, "expected a run of scripts/law/measure.sh"):
                self.read(name, content)


if __name__ == "__main__":
    unittest.main()
