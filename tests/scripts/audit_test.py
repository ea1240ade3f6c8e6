"""scripts/audit: what a reviewer recomputes from the steps."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "scripts/audit"), str(PROJECT / "tests/scripts")]
import even_odd  # noqa: E402
import synthetic  # noqa: E402
from resultfile import Result  # noqa: E402
from synthetic import Group, Variant  # noqa: E402

SCRIPT = PROJECT / "scripts/audit/even_odd.py"


class EvenOdd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "run.h5"

    def run_of(self, on_even_ns: int, reps: int = 10):
        """`disk` takes as long as the baseline, and `on_even_ns` + 1 µs for each repetition more on even steps."""
        synthetic.write_run(self.path, [Group("", [Variant("resident", "resident", 9), Variant("disk", "disk", 0, 0)])], reps, 16)
        with h5py.File(self.path, "a") as file:
            steps = file["tables/steps"][:]
            chosen = (steps["variant"] == b"disk") & (steps["step"] % 2 == 0)
            steps["step_ns"][chosen] += on_even_ns + 1000 * steps["rep"][chosen]
            file["tables/steps"][:] = steps
        return Result(self.path)

    def test_what_comes_on_even_steps_only_is_seen(self):
        steps = self.run_of(40_000).table("steps")
        of = {look: even_odd.difference(steps, "disk", "resident", halves) for look, halves in even_odd.LOOKS.items()}
        # Repetitions 0 to 9 add 40 to 49 µs: mean 44.5, variance 82.5/9, and Student's t of 9 degrees at 0.975.
        half = 2.2622 * (82.5 / 9 / 10) ** 0.5 / 1000
        for look, (value, wide) in {"even": (0.0445, half), "odd": (0, 0), "all": (0.02225, half / 2)}.items():
            self.assertAlmostEqual(of[look][0], value, places=9)
            self.assertAlmostEqual(of[look][1], wide, places=9)

    def test_the_table_names_each_variant_with_its_waits_and_bytes(self):
        self.run_of(500, reps=4)
        done = subprocess.run([sys.executable, SCRIPT, self.path, self.path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        line = next(line for line in done.stdout.splitlines() if line.startswith("disk "))
        self.assertEqual(line.split(), ["disk", "+0.0010", "+0.0020", "+0.0000", "+0.150", "640", "4,096"], "no half-width of four")
        self.assertEqual(done.stdout.count("differences in ms per step"), 2)
        self.assertNotIn("\nresident ", done.stdout)

    def test_a_file_without_steps_is_refused(self):
        done = subprocess.run([sys.executable, SCRIPT, PROJECT / "results/findings/parameter_groups.h5"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no steps were timed", done.stderr)


if __name__ == "__main__":
    unittest.main()
