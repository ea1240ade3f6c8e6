"""scripts/report.py, summary.py and headline.py: what is said first, what is called a difference, and no empty column."""
import html
import pathlib
import re
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests/scripts")]
import headline  # noqa: E402
import report  # noqa: E402
import summary  # noqa: E402
import synthetic  # noqa: E402
from resultfile import Result  # noqa: E402
from synthetic import Group, Variant  # noqa: E402

FINDINGS = PROJECT / "results/findings"
VERSION_1 = PROJECT / "tests/data/results/version_1.h5"
RESIDENT = Variant("resident", "resident", 5_242_880)


def tables(page: str) -> list[list[list[str]]]:
    """The tables of a page: rows of cells, the first of which are headings."""
    found = []
    for table in re.findall(r"<table>(.*?)</table>", page, re.S):
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)
        found.append([[html.unescape(re.sub("<[^>]+>", "\n", cell)) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)] for row in rows])
    return found


class Pages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_of(self, *groups, **options) -> Result:
        return Result(synthetic.write_run(self.folder / "run.h5", list(groups), **options))

    def pair(self, slower_ns=2e5, half_ns=1e4, twin_ns=5e3, **options) -> Result:
        return self.run_of(Group("", [RESIDENT, Variant("disk", "disk", 0, slower_ns, half_ns)], twin_ns), **options)


class Headline(Pages):
    def test_leads_with_the_paired_median_in_ms_and_in_percent_of_a_step_and_the_verdict(self):
        self.assertEqual(headline.sentence(self.pair()),
                         "With disk 5.24 MB less are held in RAM; its median step is 0.200 ms longer than that of resident "
                         "[0.190, 0.210], 10.0 % of a step (margin 1 %: fail).")

    def test_what_is_below_the_twin_is_no_difference(self):
        said = headline.sentence(self.pair(slower_ns=4e4, half_ns=1e4, twin_ns=5e4))
        self.assertIn("shows no difference from that of resident: +0.040 ms [+0.030, +0.050], 2.0 % of a step, within what the twin of "
                      "resident shows (±0.050 ms)", said)

    def test_an_interval_that_holds_0_is_no_difference(self):
        said = headline.sentence(self.pair(slower_ns=4e4, half_ns=9e4))
        self.assertIn("shows no difference", said)
        self.assertIn("(margin 1 %: undecided)", said)

    def test_where_predecessors_matter_both_differences_are_said_and_none_decides(self):
        result = self.run_of(Group("", [RESIDENT, Variant("disk", "disk", 0, 2e5, 1e4, behind_ns=-1.5e5)]))
        self.assertIn("its median step is +0.200 ms [+0.190, +0.210] off that of resident, 10.0 % of a step, but the mean difference freed of "
                      "predecessors is +0.050 [+0.040, +0.060] ms, so it is undecided", headline.sentence(result))
        self.assertIn("freed of predecessors +0.050", report.tables_html(result, summary.variant_rows(result)))

    def test_four_repetitions_decide_nothing(self):
        said = headline.sentence(self.pair(reps=4))
        self.assertIn("over 4 repetitions, too few for an interval, its median step is +0.200 ms off that of resident", said)

    def test_a_failed_control_is_said_first_and_no_time_after_it(self):
        result = self.run_of(Group("", [RESIDENT, Variant("disk", "disk", 0, 2e5)], carry_over_p=0.001))
        self.assertEqual(headline.sentence(result), "The run's own control failed, so its times decide nothing.")
        self.assertEqual(summary.badges(result)[0], ("control", "FAILED: +0.0 µs [-5.0, +5.0], carry-over", "warn"))

    def test_a_group_whose_control_failed_is_named_first_and_the_others_count(self):
        groups = [Group("a", [Variant("x", "cached", 9), Variant("y", "disk", 0, 2e5)]),
                  Group("b", [Variant("z", "cached", 9), Variant("w", "disk", 0, 2e5)], carry_over_p=0.001)]  # fmt: skip
        said = headline.sentence(self.run_of(*groups))
        self.assertTrue(said.startswith("The control of z failed, so no time compared with it counts; with y 9 B less are held in RAM; its "
                                        "median step is 0.200 ms longer than that of x"), said)
        self.assertNotIn("with w", said)

    def test_each_dtype_is_compared_with_its_own_baseline(self):
        groups = [Group(d, [Variant(f"in_ram@{d}", "cached", 5_242_880), Variant(f"disk@{d}", "disk", 0, ns)])
                  for d, ns in (("float32", 5e4), ("bfloat16", 8e5))]  # fmt: skip
        said = headline.sentence(self.run_of(*groups))
        self.assertIn("With disk@float32 5.24 MB less are held in RAM; its median step is 0.050 ms longer than that of in_ram@float32", said)
        self.assertIn("its median step is 0.800 ms longer than that of in_ram@bfloat16", said)

    def test_an_ablation_names_its_layers_and_speaks_of_no_time(self):
        result = Result(synthetic.write_layers(self.folder / "a.h5", {0: 0.02, 2: 0.01, 5: 0.04}))
        self.assertEqual(headline.sentence(result), "Zeroing the rows of one of 3 layers costs least in layer 2, 0.010 nats per token "
                         "[0.009, 0.011], and most in layer 5, 0.040 nats per token [0.039, 0.041].")

    def test_experiments_that_time_nothing_speak_of_no_time(self):
        for name in ("ple_ablation_small", "ple_rank_small", "depth_small", "ple_contribution_small", "ple_media_small", "cache_locality_small"):
            result = Result(FINDINGS / f"{name}.h5")
            said = " ".join([headline.sentence(result), *summary.cannot_tell(result), *(f"{a}: {b}" for a, b, _ in summary.badges(result))])
            self.assertNotRegex(said, r"\bms\b|\bstep|\btimes?\b|temperature", name)


    def test_domains_say_where_order_adds_most_and_least(self):
        result = Result(synthetic.write_domains(self.folder / "a.h5", {"prose": {64: 0.4}, "code": {64: 0.6}}, {"prose": {64: 0.3}, "code": {64: 0.35}}))
        self.assertEqual(headline.sentence(result), "The order of the tokens adds to the hits of a warmed LRU cache most and least in these domains: "
                         "25.0 percentage points in code (to 60.0%) and 10.0 in prose (to 40.0%) at 64 rows; compared with the same tokens "
                         "shuffled.")

    def test_modalities_say_the_time_until_the_first_token_by_input(self):
        result = Result(synthetic.write_modalities(self.folder / "a.h5"))
        self.assertEqual(headline.sentence(result), "Until the first token: text 20 ms, image 20 ms (of which 8 ms encode its media), audio "
                         "20 ms (of which 4 ms encode its media); medians of 5 repetitions, random weights.")


class Badges(Pages):
    def test_flagged_repetitions_are_named_and_what_to_do(self):
        badges = summary.badges(self.pair(flags={3: "CPU pressure 41 %"}))
        self.assertIn(("busy machine", "repetition 3 flagged: CPU pressure 41 %; measure again when the machine is idle", "warn"), badges)
        self.assertFalse([b for b in summary.badges(self.pair()) if b[0] == "busy machine"])

    def test_each_group_has_its_control(self):
        groups = [Group("a", [Variant("x", "cached"), Variant("y", "disk")], 5e3), Group("b", [Variant("z", "cached"), Variant("w", "disk")], 7e3)]
        self.assertEqual([b[:2] for b in summary.badges(self.run_of(*groups))[:2]],
                         [("control of x", "+0.0 µs [-5.0, +5.0], no carry-over"), ("control of z", "+0.0 µs [-7.0, +7.0], no carry-over")])

    def test_cold_comes_in_two_words(self):
        badges = summary.badges(self.pair())
        self.assertIn(("guest cold", "yes", "good"), badges)
        self.assertIn(("device cold", "unknown", "warn"), badges)

    def test_version_1_called_cold_what_only_the_guest_knows(self):
        self.assertEqual(Result(VERSION_1).cold("disk"), ("yes", "unknown"))


class Tables(Pages):
    def tables_of(self, result):
        return tables(report.tables_html(result, summary.variant_rows(result)))

    def test_differences_are_those_of_the_file_with_the_verdict_beside_them(self):
        costs, explains = self.tables_of(self.pair())
        row = dict(zip(costs[0], costs[2]))
        self.assertEqual(row["Δ median ms [95 %]"].split(), ["+0.200", "[+0.190,", "+0.210]", "margin:", "fail"])
        self.assertEqual(row["% of a step"], "+10.0 %")
        self.assertEqual(dict(zip(explains[0], explains[2]))["device cold"], "unknown")

    def test_no_column_is_empty(self):
        paths = [*FINDINGS.glob("*.h5")]
        results = [Result(path) for path in paths] + [self.pair(), self.pair(reps=4), self.pair(memory=False)]
        for result in results:
            with self.subTest(result.name):
                for table in self.tables_of(result):
                    for heading, *cells in zip(*[row for row in table if len(row) == len(table[0])]):
                        self.assertTrue(set(cells) - {"—", "baseline"}, heading)

    def test_each_variant_names_its_baseline_where_there_are_several(self):
        groups = [Group("a", [Variant("x", "cached"), Variant("y", "disk")]), Group("b", [Variant("z", "cached"), Variant("w", "disk")])]
        costs = self.tables_of(self.run_of(*groups))[0]
        self.assertEqual([dict(zip(costs[0], row))["compared with"] for row in costs[1:]], ["x", "x", "z", "z"])
        self.assertNotIn("compared with", self.tables_of(self.pair())[0][0])

    def test_waits_are_said_to_explain_and_not_to_be_the_cost(self):
        self.assertIn("explain it and are not the cost", report.section(self.pair(), 0))

    def test_the_parts_of_a_step_stand_beside_the_bandwidth_of_the_run(self):
        rows = tables(report.parts_html(self.pair(parts=True)))[0]
        self.assertEqual(rows[0], ["part", "must read", "ms", "GB/s", "of the run's 40.5 GB/s"])
        self.assertEqual(rows[1:], [["attention", "20.00 MB", "1.000", "20.0", "49%"], ["ffn", "30.00 MB", "0.500", "60.0", "148%"],
                                    ["altup", "0 B", "0.100", "—", "—"], ["step", "50.00 MB", "1.600", "31.2", "77%"]])
        self.assertEqual(report.parts_html(self.pair()), "")

    def test_a_file_without_comparisons_says_so(self):
        page = report.section(Result(VERSION_1), 0)
        self.assertIn("This file has no /tables/comparisons", page)
        self.assertNotIn("Δ median", page)

    def test_a_variant_that_failed_shows_its_error(self):
        result = self.run_of(Group("", [RESIDENT, Variant("disk", "disk", 0, 2e5), Variant("bad", "disk", status="failed")]))
        self.assertIn("failed: it broke", report.section(result, 0))


if __name__ == "__main__":
    unittest.main()
