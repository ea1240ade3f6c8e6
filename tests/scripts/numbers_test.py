"""scripts/numbers.py: a published number that is not what its result file says, or names none, is found."""
import contextlib
import io
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests/scripts")]
import synthetic  # noqa: E402
from intervals import log_interval, wilson  # noqa: E402
from published.cells import MarkError, Results  # noqa: E402
from published.command import run  # noqa: E402
from published.expressions import evaluate  # noqa: E402
from published.numerals import numerals_in, written_like  # noqa: E402
from published.page import Page  # noqa: E402
from synthetic import Group, Variant  # noqa: E402

TEXT = h5py.string_dtype("utf-8", 64)
DROPPED = "small/accuracy[variant=dropped,metric=delta_nats]"
ACCURACY = (("resident", "delta_nats", 0.0, 0.0, 0.0, 100), ("dropped", "delta_nats", 0.5241639, 0.468092, 0.583383, 100),
            ("dropped", "acc", 0.65, 0.556, 0.744, 100), ("zero@layers=0", "delta_nats", 0.017, 0.01, 0.03, 100),
            ("zero@layers=1", "delta_nats", -0.00042, -0.01, 0.01, 100))  # fmt: skip


def table(columns: tuple, rows) -> np.ndarray:
    kinds = [(name, TEXT if isinstance(value, str) else np.asarray(value).dtype) for name, value in zip(columns, rows[0])]
    return np.array([tuple(v.encode() if isinstance(v, str) else v for v in row) for row in rows], kinds)


def write_small(path: pathlib.Path, accuracy=ACCURACY) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("meta").attrs.update({"weights": "trained", "trained_tokens": "18001920", "schema_version": 1})
        file["tables/accuracy"] = table(("variant", "task", "metric", "value", "low", "high", "n"),
                                        [(v, "novel", *rest) for v, *rest in accuracy])


NAN = math.nan
COMPARISONS = (  # metric, variant, statistic, value, low, high, verdict, control, p_corrected
    ("step_ns", "disk", "mean_difference", 240_000.0, 210_000.0, 270_000.0, "fail", 0, NAN),
    ("step_ns", "disk", "ratio", 1.048, 1.042, 1.054, "fail", 0, NAN),
    ("step_ns", "resident@control", "mean_difference", -200.0, -1100.0, 700.0, "pass", 1, 0.9),
    ("step_ns", "folded", "carry_over", 900.0, NAN, NAN, "", 1, 0.62),
    ("step_ns", "resident", "mean", 5_000_000.0, 4_980_000.0, 5_020_000.0, "", 0, NAN),
    ("step_ns", "disk", "mean", 5_240_000.0, 5_200_000.0, 5_280_000.0, "", 0, NAN),
)  # fmt: skip


def write_placement(path: pathlib.Path, comparisons=COMPARISONS) -> None:
    """A result of schema_version 2 that timed resident, its twin and disk."""
    with h5py.File(path, "w") as file:
        file.create_group("meta").attrs.update({"weights": "random", "control": "passed", "schema_version": 2, "threads": "2", "cpu_model": "AMD EPYC"})
        file["tables/variants"] = table(
            ("variant", "strategy", "options", "baseline", "exact", "status", "error", "fast_bytes", "file_bytes", "table_bytes"),
            [(name, name, "{}", "resident", 1, "done", "", 1, 1, 1) for name in ("resident", "resident@control", "disk")])
        file["tables/comparisons"] = table(
            ("metric", "variant", "statistic", "value", "low", "high", "verdict", "control", "p_corrected", "baseline", "margin", "reps", "steps", "p"),
            [(*row, "resident", NAN, 10, 2560, NAN) for row in comparisons])


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "findings").mkdir()
        write_small(self.folder / "findings/small.h5")
        write_placement(self.folder / "findings/placement.h5")
        self.results = Results(self.folder)

    def page(self, text: str) -> Page:
        page = Page("P.md", text, self.results)
        page.check()
        return page

    def problems(self, text: str) -> list[str]:
        return [f"{p.line}: {p.message}" for p in self.page(text).problems]

    def mistake(self, mark: str) -> str:
        with self.assertRaises(MarkError) as caught:
            evaluate(self.results, mark)
        return str(caught.exception)


class Marks(Files):
    def test_numbers_that_agree_are_no_problem(self):
        page = self.page(f"It costs **0.524 ± 0.058<!--n {DROPPED}.value:half--> nats**, [0.468, 0.583]<!--n {DROPPED}.low:high--> in all.")
        self.assertEqual((page.problems, page.marks), ([], 2))

    def test_a_number_that_differs_is_named_with_what_the_file_says(self):
        self.assertEqual(self.problems(f"One.\n\nIt costs 0.525<!--n {DROPPED}.value--> nats."), [
            f"3: 0.525: the file says 0.524 ({DROPPED}.value is 0.5241639); run scripts/numbers.py --write, or correct the mark"])

    def test_writing_puts_in_what_the_file_says_and_nothing_else(self):
        text = f"A 0.5 ± 0.1<!--n {DROPPED}.value:half--> and 7.25<!--n {DROPPED}.high--> b."
        self.assertEqual(self.page(text).written(), text.replace("7.25", "0.58"))

    def test_several_numerals_are_bound_in_their_order(self):
        self.assertIn("0.468: the file says 0.524", self.problems(f"0.468 [0.524, 0.583]<!--n {DROPPED}.value:low:high-->")[0])

    def test_a_mark_with_more_values_than_numerals_is_a_problem(self):
        self.assertIn("the mark has 2 values", self.problems(f"From 0.5 on, it is 0.524<!--n {DROPPED}.value:half-->.")[0])

    def test_a_mark_without_a_numeral_is_a_problem(self):
        self.assertIn("no numeral directly before the mark", self.problems(f"It costs much<!--n {DROPPED}.value-->.")[0])

    def test_missing_files_tables_rows_and_columns_are_named_with_what_there_is(self):
        self.assertIn("findings/nowhere.h5; there are: placement, small", self.mistake("nowhere/accuracy[variant=a].value"))
        self.assertIn("small.h5 has no table 'steps'", self.mistake("small/steps[variant=a].value"))
        self.assertIn("no row with variant=disk; 'variant' is one of: resident, dropped", self.mistake("small/accuracy[variant=disk].value"))
        self.assertIn("no column 'nats'; it has: variant, task", self.mistake(f"{DROPPED}.nats"))
        self.assertIn("no column 'varient'", self.mistake("small/accuracy[varient=a].value"))

    def test_an_ambiguous_row_is_refused(self):
        self.assertIn("is ambiguous: 2 rows match", self.mistake("small/accuracy[variant=dropped].value"))

    def test_what_was_not_measured_is_no_number(self):
        self.assertIn("is not measured (NaN)", self.mistake("placement/comparisons[statistic=carry_over].low"))

    def test_a_mark_must_name_a_cell(self):
        self.assertIn("names no cell", self.mistake("ratio(32, 2)"))

    def test_nothing_is_run_as_python(self):
        for mark in ("__import__('os')", "exec(1)", f"{DROPPED}.value.real", f"{DROPPED}.value if 1 else 2", f"{DROPPED}.value + 1"):
            self.mistake(mark)

    def test_functions(self):
        zeros = "small/accuracy[variant=zero@layers=?,metric=delta_nats].value"
        for mark, expected in ((f"range({zeros})", [-0.00042, 0.017]), (f"count({zeros})", [2]), (f"total({zeros})", [0.01658]),
                               (f"percent({DROPPED}.low:high)", [46.8092, 58.3383]), (f"negative({DROPPED}.low)", [-0.468092]),
                               (f"difference({DROPPED}.high, {DROPPED}.low)", [0.115291]), (f"ratio({DROPPED}.low, 2)", [0.234046]),
                               ("ratio(small/meta.trained_tokens, 1e6)", [18.00192]),
                               ("largest(small/accuracy[variant!=zero*,metric=delta_nats].high)", [0.583383])):
            for found, value in zip(evaluate(self.results, mark), expected, strict=True):
                self.assertAlmostEqual(found, value, 9, mark)

    def test_intervals_of_shares_and_losses_stay_within_their_limits(self):
        # Values of scipy 1.17, binomtest(count, n).proportion_ci(method="wilson"), for 65 of 100, 300 of 300 and 0 of 10.
        for share, n, low, high in ((0.65, 100, 0.5525, 0.7364), (1.0, 300, 0.9874, 1.0), (0.0, 10, 0.0, 0.2775)):
            for found, expected in zip(wilson(share, n), (low, high)):
                self.assertAlmostEqual(found, expected, 4)
        low, high = log_interval(0.02, 0.03)
        self.assertAlmostEqual(low, 0.02 * math.exp(-1.5))
        self.assertAlmostEqual(low * high, 0.02**2)  # as far below as above, as a factor
        self.assertEqual([round(v, 3) for v in evaluate(self.results, "small/accuracy[metric=acc].wilson_low:wilson_high")], [0.553, 0.736])


class Unmarked(Files):
    def test_numerals_of_measurements_need_a_mark(self):
        for text in ("3 ms", "4 µs", "12 GB/s", "38 %", "8 to 9 %", "1.5 and more", "450 times smaller", "5 × faster", "± 3", "+2", "−2 points",
                     "**7** nats", "7 tokens/s", "3 · 10⁻¹⁰", "a [2, 3] % share"):
            self.assertTrue(self.problems(f"It is {text}."), text)

    def test_what_measures_nothing_needs_none(self):
        for text in ("10 layers of width 256", "a 95 % interval", "transformers 5.23.0", "the 1.91 B of it", "Gemma 3n E2B", "4 GB of disk",
                     "`0.5 ms`", "[a](b/0.5.html)", "8e-3", "a 5-gram", "int8", "layers 0 to 3, 6 and 7", "2¼ times"):
            self.assertEqual(self.problems(f"It is {text}."), [], text)

    def test_code_is_not_prose(self):
        self.assertEqual(self.problems("A:\n\n    sleep 0.5\n\n```\n0.5 ms\n```\n"), [])
        self.assertEqual(len(self.problems("* A list:\n    0.5 ms in it\n")), 1)

    def test_what_was_not_measured_can_be_given(self):
        page = self.page("Chance is 10<!--given one of ten--> %.")
        self.assertEqual((page.problems, page.given), ([], 1))
        self.assertIn("'10 %", self.problems("Chance is 10<!--given --> %.")[0])  # a reason is needed


class Rounding(unittest.TestCase):
    def written(self, value: float, like: str) -> str:
        numeral, = numerals_in(f" {like}")
        return written_like(value, numeral)

    def test_halves_go_away_from_zero_on_the_shortest_decimal(self):
        self.assertEqual([self.written(v, "0.52") for v in (0.525, 0.5249999, 0.535, -0.525)], ["0.53", "0.52", "0.54", "−0.53"])
        self.assertEqual(self.written(2.5, "3"), "3")
        self.assertEqual(self.written(0.9996, "0.999"), "1.000")

    def test_a_zero_has_no_sign(self):
        self.assertEqual([self.written(-0.0004, like) for like in ("−0.000", "+0.001", "0.002")], ["0.000"] * 3)
        self.assertEqual(self.written(-0.0, "0"), "0")

    def test_a_minus_is_the_sign_and_not_the_hyphen(self):
        self.assertEqual(self.written(-0.25, "-0.25"), "−0.25")

    def test_plus_and_separators_are_kept(self):
        self.assertEqual(self.written(0.01, "+0.02"), "+0.01")
        self.assertEqual(self.written(1234567.4, "7,654,321"), "1,234,567")
        self.assertEqual(self.written(12345.0, "999"), "12,345")

    def test_powers_of_ten_are_kept(self):
        self.assertEqual(self.written(-2.910383e-10, "−3 · 10⁻¹⁰"), "−3 · 10⁻¹⁰")


class Tables(Files):
    MARK = "<!--table placement placement-->\n\n<!--end-->\n"
    EXPECTED = """<!--table placement placement-->

`results/findings/placement.h5`: random weights, 2 threads, AMD EPYC; 10 repetitions, 2,560 steps of each variant in all.
Control passed: the twin of `resident` differs from it by −0.00020 [−0.00110, +0.00070] ms; carry-over: p = 0.62 (corrected).

| variant | step ÷ baseline | more ms per step | verdict |
|---|---|---|---|
| `resident` | 1 | 5.000 [4.980, 5.020] in all | |
| `disk` | 1.0480 [1.0420, 1.0540] | +0.240 [+0.210, +0.270] | outside the margin |

<!--end-->
"""

    def test_a_table_is_written_from_its_file_with_the_control_first(self):
        self.assertEqual(self.page(self.MARK).written(), self.EXPECTED)
        self.assertEqual(self.page(self.EXPECTED).problems, [])  # and its numerals need no marks

    def test_a_table_that_differs_is_a_problem(self):
        self.assertIn("1: table placement placement: it is not what the file says", self.problems(self.EXPECTED.replace("1.048", "1.049"))[0])

    def test_ways_to_read_at_equal_ram_have_a_table_for_each_regime(self):
        groups = [Group(f"{limit}{regime}", [Variant(f"resident@maintain={regime},limit={limit}", "resident", 9),
                                             Variant(f"mmap@maintain={regime},limit={limit}", "disk", 0, slower)], carry_over_p=p)
                  for limit, p in (("1MiB", 0.6), ("2MiB", 0.001))
                  for regime, slower in (("none", 2e5), ("evict_each_step", 4e5)) if (limit, regime) != ("2MiB", "evict_each_step")]  # fmt: skip
        synthetic.write_run(self.folder / "findings/ram.h5", groups)
        written = self.page("<!--table equal_ram ram-->\n\n<!--end-->\n").written()
        self.assertIn("Read-ahead 128 KiB. 3 groups, each with a twin of its baseline: 1 control failed.", written)
        self.assertIn("| steady | 1 MiB | 2 MiB |\n|---|---|---|\n| `mmap` | 1.100 [1.090, 1.110] | 1.100 [1.090, 1.110] |\n", written)
        self.assertIn("| cold at each step | 1 MiB | 2 MiB |\n|---|---|---|\n| `mmap` | 1.200 [1.190, 1.210] | not measured |\n", written)

    def test_a_file_without_comparisons_is_refused(self):
        self.assertIn("it is of schema_version 1, and 2 has one: measure again", self.problems(self.MARK.replace("placement--", "small--"))[0])

    def test_a_verdict_and_a_control_that_failed_are_shown(self):
        write_placement(self.folder / "findings/placement.h5",
                        [(*row[:6], "undecided" if row[6] else "", *row[7:]) for row in COMPARISONS])
        with h5py.File(self.folder / "findings/placement.h5", "a") as file:
            file["meta"].attrs["control"] = "failed"
        written = self.page(self.MARK).written()
        self.assertIn("Control failed: ", written)
        self.assertIn("| undecided |", written)


class Command(Files):
    def run_on(self, text: str, write: bool = False) -> tuple[int, str]:
        (self.folder / "P.md").write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            code = run([self.folder / "P.md"], Results(self.folder), write)
        return code, said.getvalue()

    def test_exit_codes(self):
        self.assertEqual(self.run_on(f"0.524<!--n {DROPPED}.value-->")[0], 0)
        code, said = self.run_on(f"0.525<!--n {DROPPED}.value-->")
        self.assertEqual((code, len(said.splitlines())), (1, 1))
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(run([self.folder / "none.md"], self.results, False), 2)
        self.assertIn("none.md: No such file or directory; expected a page", said.getvalue())

    def test_a_new_measurement_needs_no_typing(self):
        self.assertEqual(self.run_on(f"0.524<!--n {DROPPED}.value-->")[0], 0)
        write_small(self.folder / "findings/small.h5", [(v, m, value * 2, *rest) for v, m, value, *rest in ACCURACY])
        self.assertEqual(self.run_on(f"0.524<!--n {DROPPED}.value-->", write=True)[0], 0)
        self.assertEqual((self.folder / "P.md").read_text(encoding="utf-8"), f"1.048<!--n {DROPPED}.value-->")

    def test_the_name_of_the_script_hides_no_module(self):
        code = "import numbers, numpy; print(numbers.Integral.__module__, issubclass(numpy.int64, numbers.Integral))"
        said = subprocess.run([sys.executable, "-c", code], cwd=PROJECT / "scripts", capture_output=True, text=True)
        self.assertEqual(said.stdout, "numbers True\n", said.stderr)


if __name__ == "__main__":
    unittest.main()
