"""Pages that a text touches, fronts of a budget, and the file of what others reported."""
import json
import pathlib
import struct
import sys
import tempfile
import unittest

import numpy as np

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "law"), str(SCRIPTS / "storage")]
import front  # noqa: E402
import pages  # noqa: E402
import rates  # noqa: E402
import reported  # noqa: E402
import runs as measured  # noqa: E402
from resultfile import ResultError  # noqa: E402


class Pages(unittest.TestCase):
    def test_rows_that_share_a_page_count_once(self):
        own = np.arange(100)
        self.assertEqual(pages.pages_per_token([np.array([0, 1, 2, 3])], own, 1024), 0.25)
        self.assertEqual(pages.pages_per_token([np.array([0, 4, 8, 12])], own, 1024), 1)

    def test_a_row_over_a_border_touches_both_pages_and_a_long_row_all_of_its_own(self):
        self.assertEqual(pages.pages_per_token([np.array([4])], np.arange(9), 1000), 2)  # bytes 4,000 to 4,999
        self.assertEqual(pages.pages_per_token([np.array([1])], np.arange(9), 15360), 5)  # bytes 15,360 to 30,719

    def test_order_by_frequency_brings_rows_together(self):
        places = np.arange(100)
        places[[0, 1, 50, 99]] = 0, 50, 1, 2
        self.assertEqual(pages.pages_per_token([np.array([0, 50, 99])], np.arange(100), 1024), 1)
        self.assertAlmostEqual(pages.pages_per_token([np.array([0, 50, 99])], places, 1024), 1 / 3)

    def test_the_order_is_read_from_a_packed_table(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(ResultError, "scripts/pack_small.sh"):
                pages.place_of_row(pathlib.Path(folder))
            order = np.array([2, 0, 1], dtype="<i4")
            header = json.dumps({"place_of_row": {"dtype": "I32", "shape": [3], "data_offsets": [4, 16]}}).encode()
            (pathlib.Path(folder) / "ple_packed.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4) + order.tobytes())
            np.testing.assert_array_equal(pages.place_of_row(pathlib.Path(folder)), order)


class Rates(unittest.TestCase):
    def test_a_job_is_found_by_all_of_its_names(self):
        rows = [{"program": "fio", "name": "direct depth 1", "batch": 1, "row_us": 5.0, "round": number} for number in range(3)]
        rows.append({"program": "plelab", "name": "direct depth 1", "batch": 1, "row_us": 9.0, "round": 0})
        np.testing.assert_array_equal(rates.of(rows, "fio", "direct depth 1", 1, "row_us"), [5, 5, 5])
        self.assertEqual(len(rates.of(rows, "fio", "direct depth 1", 2, "row_us")), 0)


class Front(unittest.TestCase):
    def test_nothing_on_the_front_is_beaten_by_a_smaller_and_faster_point(self):
        rows = [{"device": device, "memory_bytes": memory, "tokens_per_s": rate} for device, memory, rate in
                (("nvme", 1, 5), ("nvme", 2, 4), ("nvme", 3, 9), ("sd", 1, 1), ("sd", 5, 7), ("memory", 4, 8))]
        front.mark_front(rows)
        self.assertEqual([row["on_front"] for row in rows], [1, 0, 1, 1, 0, 1])


class Reported(unittest.TestCase):
    def test_the_file_that_ships_is_complete(self):
        for entry in reported.read(SCRIPTS.parent / "configs" / "law" / "reported.yaml"):
            self.assertEqual(set(entry), set(reported.NUMBERS + reported.TEXTS))
            self.assertLessEqual(entry["reported_low_ms"], entry["reported_high_ms"])

    def test_an_unknown_key_is_refused_with_its_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "reported.yaml"
            path.write_text("# a comment\n- source: x\n  colour: red\n")
            with self.assertRaisesRegex(measured.RunsError, r"reported.yaml:3: expected 'key: value'"):
                reported.read(path)


if __name__ == "__main__":
    unittest.main()
