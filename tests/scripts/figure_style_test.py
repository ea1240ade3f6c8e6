"""scripts/figures/style.py: every strategy has a marker of its own, also one that the figures have never heard of."""
import json
import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))
from figures import style  # noqa: E402

# Written from the table of strategies, with which a test compares it.
SCHEMA = json.loads((PROJECT / "configs/experiment.schema.json").read_text())
STRATEGIES = SCHEMA["definitions"]["ple"]["properties"]["strategy"]["enum"]


class Markers(unittest.TestCase):
    def test_every_strategy_of_the_table_has_its_own(self):
        self.assertIn("folded", STRATEGIES)
        markers = style.markers(STRATEGIES)
        self.assertEqual(len({markers[strategy] for strategy in STRATEGIES}), len(STRATEGIES))

    def test_unknown_ones_have_their_own_whatever_their_order(self):
        new = [f"new_{i}" for i in range(len(style.MORE_MARKERS))]
        markers = style.markers(STRATEGIES + new)
        self.assertEqual(len({markers[strategy] for strategy in STRATEGIES + new}), len(STRATEGIES) + len(new))
        self.assertEqual(markers, style.markers(new[::-1] + STRATEGIES + new))

    def test_the_known_ones_look_as_in_published_figures(self):
        self.assertEqual({name: style.markers(["other"])[name] for name in ("resident", "cached", "disk", "dropped")},
                         {"resident": "s", "cached": "D", "disk": "o", "dropped": "X"})


if __name__ == "__main__":
    unittest.main()
