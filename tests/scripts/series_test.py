"""scripts/training/run_series.py: names are unique, changes of an arm and of its series come together."""
import json
import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts/training"))
import run_series  # noqa: E402

CONFIG = json.loads((PROJECT / "configs/training/series.json").read_text())


class Series(unittest.TestCase):
    def test_every_run_has_its_own_result(self):
        names = [name for series in CONFIG["series"] for name, _ in run_series.runs(CONFIG, series)]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("budgets_without_equal_total_1080k_s3", names)

    def test_a_run_is_told_its_arm_seed_and_point(self):
        sets = dict(run_series.runs(CONFIG, "budgets"))["budgets_without_120k_s2"]
        self.assertEqual(sets, ["arm.ple=none", "arm.name=without", "arm.seed=2", "tokens.budget=120000"])

    def test_changes_of_arm_and_series_become_one_list(self):
        sets = run_series.merge_changes(["arm.change=[a=1]", "arm.seed=0", "arm.change=[b=2, c=3]"])
        self.assertEqual(sets, ["arm.seed=0", "arm.change=[a=1, b=2, c=3]"])

    def test_healing_starts_from_the_model_of_its_own_seed(self):
        sets = dict(run_series.runs(CONFIG, "heal"))["heal_healed_0k_lr0_table0_s2"]
        self.assertIn("arm.start=.work/training/budgets_with_360k_s2/checkpoint", sets)
        self.assertIn("arm.ple=none", sets)

    def test_small_budgets_and_first_seeds_come_first(self):
        names = [name for name, _ in run_series.runs(CONFIG, "budgets")]
        self.assertEqual(names[:2], ["budgets_with_120k_s1", "budgets_without_120k_s1"])
        self.assertTrue(names[-1].endswith("1080k_s5"))


if __name__ == "__main__":
    unittest.main()
