"""Which mutants scripts/mutate.py tries, and which tests it runs on them."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from mutation.rules import code_of, is_worth_trying  # noqa: E402
from mutation.suites import binaries_of, stages_of  # noqa: E402


class Rules(unittest.TestCase):
    def worth(self, original: str, mutant: str) -> bool:
        return is_worth_trying(original + "\n", mutant + "\n")

    def test_changed_operators_and_numbers_are_tried(self):
        self.assertTrue(self.worth("  if (a < b) return 1;", "  if (a <= b) return 1;"))
        self.assertTrue(self.worth("  if (a < b) return 1;", "  if (a < b) return (1+1);"))
        self.assertTrue(self.worth("  x = a * b;", "  x = a + b;"))
        self.assertTrue(self.worth("  return std::min(a, b);", "  return std::max(a, b);"))
        self.assertTrue(self.worth("  return F(a, b);", "  return F( b,a);"))
        self.assertTrue(self.worth("  sum += x;", "  /*sum += x;*/"))

    def test_brackets_of_templates_references_and_pointers_are_not(self):
        self.assertFalse(self.worth("  std::vector<int> x;", "  std::vector<=int> x;"))
        self.assertFalse(self.worth("void F(const Row& row) {", "void F(const Row| row) {"))
        self.assertFalse(self.worth("  const Row* row = nullptr;", "  const Row+ row = nullptr;"))

    def test_numbers_inside_names_are_not(self):
        self.assertFalse(self.worth("  int64_t n;", "  int0_t n;"))
        self.assertFalse(self.worth("  Sha256 hash;", "  Sha1 hash;"))

    def test_messages_and_comments_are_not(self):
        self.assertFalse(self.worth('  throw UserError("a + b");', '  throw UserError("a - b");'))
        self.assertFalse(self.worth("  x = 1;  // a + b", "  x = 1;  // a - b"))
        self.assertTrue(self.worth('  F("a + b", x + y);', '  F("a + b", x - y);'))
        self.assertEqual(code_of('  F("\\"//", \'"\', x);  // a'), "  F(\"\", '', x);")

    def test_what_could_hurt_the_machine_is_not(self):
        self.assertFalse(self.worth("  ::kill(pid_, SIGKILL);", "  ::kill(-pid_, SIGKILL);"))
        self.assertFalse(self.worth("  fs::remove_all(a + b);", "  fs::remove_all(a);"))

    def test_an_early_end_is_tried_only_inside_loops(self):
        self.assertTrue(self.worth("    sum += x;", "    sum += x;\n    break;"))
        self.assertFalse(self.worth("  sum += x;", "  sum += x;\n  break;"))


class Suites(unittest.TestCase):
    def test_a_room_without_torch_is_seen_by_all_binaries(self):
        self.assertEqual(binaries_of("model/ple/row_reader.cpp")[0], "plestore_tests")
        self.assertEqual(binaries_of("model/text/altup.cpp")[0], "model_tests")
        self.assertEqual(binaries_of("harness/plan/phase.cpp"), ["harness_tests", "experiments_tests"])

    def test_the_nearest_suites_come_first(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            room = root / "tests" / "harness" / "plan"
            room.mkdir(parents=True)
            (room / "order_test.cpp").write_text("TEST(Order, A) {}\nTEST_P(Orders, B) {}\n")
            (room / "other_test.cpp").write_text("TEST_F(Other, A) {}\n")
            elsewhere = root / "tests" / "harness" / "run"
            elsewhere.mkdir()
            (elsewhere / "far_test.cpp").write_text('#include "harness/plan/order.h"\nTEST(Far, A) {}\n')
            stages = stages_of(root, "harness/plan/order.cpp", "all")
        self.assertEqual([s.name for s in stages], ["own suites", "its room", "who includes it", "harness_tests",
                                                    "experiments_tests"])
        self.assertEqual(stages[0].filter, "Order.*:*/Order.*:Order/*:Orders.*:*/Orders.*:Orders/*")
        self.assertEqual(stages[0].tests, ("tests/harness/plan/order_test.cpp",))
        self.assertEqual(stages[1].filter, "Other.*:*/Other.*:Other/*")
        self.assertEqual(stages[2].filter, "Far.*:*/Far.*:Far/*")
        self.assertTrue(stages[3].filter.startswith("*-Far.*"))
        self.assertIn("Other.*", stages[3].filter)

    def test_the_sources_of_the_tree_have_suites(self):
        stages = stages_of(ROOT, "harness/statistics/verdict.cpp", "room")
        self.assertEqual(stages[0].name, "own suites")
        self.assertIn("Verdict.*", stages[0].filter)


if __name__ == "__main__":
    unittest.main()
