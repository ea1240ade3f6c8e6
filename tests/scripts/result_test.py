"""scripts/resultfile.py and what opens results through it: damaged and foreign files are one line and exit code 2."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import h5py
import numpy as np

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests/scripts")]
import figures  # noqa: E402
import report  # noqa: E402
from resultfile import MOST_MESSAGE, Result, ResultError, one_line  # noqa: E402
from synthetic import table, write_ablation  # noqa: E402

SMALL = PROJECT / "results/findings/parameter_groups.h5"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def error_of(self, path) -> str:
        with self.assertRaises(ResultError) as caught:
            Result(path)
        return one_line(caught.exception)


class Damage(Files):
    def test_a_crash_inside_the_library_is_an_error(self):
        with mock.patch("resultfile.CHILD", ("/bin/sh", "-c", "kill -SEGV $$")):
            self.assertIn("parameter_groups.h5: damaged: reading it ends with SIGSEGV inside the HDF5 library", self.error_of(SMALL))

    def test_a_file_that_crashed_older_libraries_is_an_error(self):
        self.assertIn("result.h5: not a result file, or a damaged one (", self.error_of(PROJECT / "tests/data/damaged/result.h5"))

    def test_what_is_no_result_is_named(self):
        (self.folder / "text.h5").write_text("no HDF5\n")
        self.assertIn("text.h5: not a result file", self.error_of(self.folder / "text.h5"))
        with h5py.File(self.folder / "foreign.h5", "w") as file:
            file["x"] = [1, 2]
        self.assertIn("no /meta or no tables", self.error_of(self.folder / "foreign.h5"))
        self.assertIn("not a regular file", self.error_of(self.folder))
        self.assertIn("no such result", self.error_of(self.folder / "nowhere.h5"))

    def test_tables_must_have_what_is_read_of_them(self):
        path = self.folder / "a.h5"
        write_ablation(path, ["t"])
        with h5py.File(path, "a") as file:
            del file["tables/accuracy"]
            file["tables/accuracy"] = table({"variant": ["resident"], "task": ["t"]})
        self.assertIn("tables/accuracy has no column 'metric'", self.error_of(path))
        with h5py.File(path, "a") as file:
            del file["tables/accuracy"]
            file["tables/accuracy"] = np.zeros((2, 2))
        self.assertIn("tables/accuracy is no table", self.error_of(path))

    def test_a_table_larger_than_its_file_can_hold_is_not_read(self):
        path = self.folder / "a.h5"
        write_ablation(path, ["t"])
        with h5py.File(path, "a") as file:
            file.create_dataset("tables/huge", (10**12,), np.dtype([("x", "f8")]), chunks=(1024,))
        self.assertIn("tables/huge claims 8,000,000,000,000 bytes", self.error_of(path))

    def test_flipped_bytes_never_reach_the_user_as_a_traceback(self):
        whole = SMALL.read_bytes()
        for seed in range(12):
            dice = random.Random(seed)
            damaged = bytearray(whole)
            for _ in range(dice.choice((1, 4, 40))):
                damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
            path = self.folder / f"{seed}.h5"
            path.write_bytes(damaged)
            done = subprocess.run([sys.executable, PROJECT / "scripts/report.py", path, "--out", self.folder / "page.html"],
                                  capture_output=True, text=True)
            self.assertIn(done.returncode, (0, 2), done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), int(done.returncode == 2), done.stderr)

    def test_messages_are_one_line_of_printable_characters(self):
        self.assertEqual(one_line("a\nb\x1b[31m\udcff"), "a\\nb\\x1b[31m\\udcff")
        self.assertEqual(len(one_line("x" * 9999)), MOST_MESSAGE)


class Attributes(Files):
    def test_attributes_of_any_type_are_numbers_or_text(self):
        path = self.folder / "a.h5"
        write_ablation(path, ["t"])
        with h5py.File(path, "a") as file:
            attributes = file["meta"].attrs
            attributes["bytes"] = b"caf\xe9"
            attributes["array"] = [1, 2]
            attributes["empty"] = h5py.Empty("f8")
            attributes["reference"] = file["tables"].ref
            attributes["number"] = np.float32(0.5)
            kind = h5py.h5t.UNIX_D64LE  # a type that numpy does not have
            h5py.h5a.create(file["meta"].id, b"time", kind, h5py.h5s.create(h5py.h5s.SCALAR))
        meta = Result(path).meta
        self.assertEqual((meta["bytes"], meta["array"], meta["number"], meta["time"]), ("caf\ufffd", "[1 2]", 0.5, "unknown"))
        self.assertTrue(all(isinstance(value, str | int | float) for value in meta.values()))


class Page(Files):
    def test_every_field_is_escaped(self):
        script = "<script>alert(1)</script>"
        write_ablation(self.folder / "a.h5", [script], status=script, config_yaml=script, command=script, vm=script, storage=script)
        page = report.section(Result(self.folder / "a.h5"), 0)
        self.assertNotIn("<script", page)
        self.assertNotIn("<b>no", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;: &lt;b&gt;no&lt;/b&gt;", page)


class Titles(Files):
    def drawn(self, tasks, **meta) -> list[str]:
        write_ablation(self.folder / "a.h5", tasks, **meta)
        return [figures.name_of(m) for m in figures.applicable(Result(self.folder / "a.h5"))]

    def test_a_text_task_is_titled_as_one(self):
        self.assertEqual(self.drawn(["sentence_ending"], media_tasks="[]"), ["choices"])
        self.assertEqual(self.drawn(["speech"], media_tasks=json.dumps(["speech"])), ["media"])
        self.assertEqual(self.drawn(["speech", "text"], media_tasks=json.dumps(["speech"])), ["media", "choices"])
        self.assertEqual(self.drawn(["sentence_ending"]), ["choices"], "a result from before media_tasks was recorded")

    def test_published_media_results_keep_their_title(self):
        for name in ("ple_media_small", "ple_media_small_shapes"):
            self.assertIn("media", [figures.name_of(m) for m in figures.applicable(Result(PROJECT / f"results/findings/{name}.h5"))])


if __name__ == "__main__":
    unittest.main()
