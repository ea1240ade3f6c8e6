"""scripts/peers/compare_start.py: fresh processes in random order, what each took and held, and the file that is made of it.

Small programs stand for plelab, for a compiler and what it makes, and for the interpreter of llama.cpp's environment.
"""
import contextlib
import io
import json
import math
import os
import pathlib
import stat
import sys
import tempfile
import time
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))
sys.path.insert(0, str(PROJECT / "scripts/peers"))
import compare_start  # noqa: E402
import prompt_vocabulary  # noqa: E402
import start_process  # noqa: E402
from resultfile import Result, ResultError  # noqa: E402

MIB = 1 << 20
# `generate` says what its prompt was; `inspect` counts 1,000 bytes of weights.
PLELAB = """#!{python}
import json, os, pathlib, sys, time
if sys.argv[1] == "inspect":
    print(json.dumps({{"bytes": {{"working_set": 1000}}}}))
    sys.exit()
folder = pathlib.Path(sys.argv[2])
text = pathlib.Path(sys.argv[sys.argv.index("--prompt-file") + 1]).read_text()
ids = [int(part.removeprefix("<id:")) for part in text.split(">") if part]
assert {{"id": ids[0], "content": f"<id:{{ids[0]}}>", "special": False, "normalized": False}} in \\
    json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
with open(os.environ["FAKE_LOG"], "a") as log:
    print("plelab", ids, (folder / "model.safetensors").stat().st_size, sys.argv[sys.argv.index("--ple") + 1], file=log)
print("token", flush=True)
print("5 prompt tokens, 1 new (--max-tokens); TTFT 2.0 ms, no decode step", file=sys.stderr)
time.sleep(0.05)
"""
LLAMA_START = """#!{python}
import json, os, sys, time
with open(os.environ["FAKE_LOG"], "a") as log:
    print("llama", sys.argv[1:], file=log)
print(json.dumps({{"token": 3, "prompt_s": 0.001}}), flush=True)
time.sleep(0.05)
"""
COMPILER = """#!{python}
import os, shutil, sys
shutil.copy(os.environ["FAKE_LLAMA_START"], sys.argv[sys.argv.index("-o") + 1])
"""
INTERPRETER = """#!{python}
print('{{"llama_cpp": "6.6", "origin": "/somewhere/llama_cpp/__init__.py"}}')
"""
CONFIG = {"bos_token_id": 2, "image_token_id": 7, "text_config": {
    "eos_token_id": [1, 9], "num_hidden_layers": 4, "num_kv_shared_layers": 1, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 3,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]}}  # fmt: skip


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def program(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)


class OneProcess(Folder):
    def start(self, text: str) -> start_process.Start:
        return start_process.start([sys.executable, "-c", text])

    def test_it_is_seen_when_it_prints_and_not_at_its_end(self):
        began = time.monotonic_ns()
        seen = self.start("import time; time.sleep(0.2); print('a', flush=True); time.sleep(0.3); print('b')")
        self.assertEqual(seen.printed, "a\nb\n")
        self.assertGreater(seen.start_ns, 0.2e9)
        self.assertGreater(time.monotonic_ns() - began - seen.start_ns, 0.3e9)

    def test_memory_that_is_given_back_before_the_end_was_held(self):
        held = self.start(f"import time; x = b'x' * {64 * MIB}; time.sleep(0.1); print('a', flush=True); del x; time.sleep(0.1)")
        without = self.start("import time; time.sleep(0.1); print('a', flush=True); time.sleep(0.1)")
        for name in ("peak_bytes", "anonymous_bytes"):
            self.assertAlmostEqual(getattr(held, name) - getattr(without, name), 64 * MIB, delta=8 * MIB)
        self.assertAlmostEqual(held.anonymous_bytes + held.file_bytes, held.peak_bytes, delta=4 * MIB)
        self.assertAlmostEqual(held.file_bytes, without.file_bytes, delta=4 * MIB)

    def test_one_that_fails_or_says_nothing_is_an_error_with_its_words(self):
        for text in ("import sys; sys.exit('no such model')", "import sys; print('no such model', file=sys.stderr)"):
            with self.assertRaisesRegex(ResultError, "before a token: no such model"):
                self.start(text)

    def test_counters_of_proc_are_read_by_name(self):
        status = "Name:\tx\nVmHWM:\t    300 kB\nRssAnon:\t     200 kB\nRssFile:\t      60 kB\nRssShmem:\t      40 kB\n"
        self.assertEqual(start_process.split(status), (200 * 1024, 100 * 1024))
        self.assertEqual(start_process.status_bytes(status, "VmHWM"), 300 * 1024)
        stat_text = "17 (a name) of (its own) R " + " ".join(str(field) for field in range(4, 14)) + " 150 50 0"
        self.assertEqual(start_process.cpu_ns(stat_text), 200 * 10**9 // os.sysconf("SC_CLK_TCK"))
        pressure = self.folder / "cpu"
        pressure.write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n")
        self.assertEqual(start_process.pressure_ns(str(pressure)), 1_234_000)
        self.assertIsNone(start_process.pressure_ns(str(self.folder / "none")))
        self.assertEqual(start_process.device_bytes("rchar: 5\nread_bytes: 4096\nwrite_bytes: 1\n"), 4096)


class Vocabulary(Folder):
    def test_no_piece_takes_an_id_of_the_prompt_or_one_with_a_meaning(self):
        made = prompt_vocabulary.vocabulary([5, 300, 5], {0, 1, 2})
        vocab = made["model"]["vocab"]
        self.assertEqual((len(vocab), vocab["<unk>"], vocab["<0x00>"], vocab["<0xFF>"]), (257, 3, 4, 260))
        self.assertFalse({0, 1, 2, 5, 300} & set(vocab.values()))
        self.assertEqual([(token["id"], token["content"]) for token in made["added_tokens"]], [(5, "<id:5>"), (300, "<id:300>")])

    def test_a_folder_links_the_checkpoint_and_not_its_own_vocabulary(self):
        checkpoint, place = self.folder / "checkpoint", self.folder / "place"
        checkpoint.mkdir()
        place.mkdir()
        (checkpoint / "config.json").write_text(json.dumps(CONFIG))
        for name in ("model.safetensors", "tokenizer.model", "tokenizer_config.json"):
            (checkpoint / name).touch()
        self.assertEqual(prompt_vocabulary.make(checkpoint, [11, 12, 11], place), "<id:11><id:12><id:11>")
        self.assertEqual({path.name for path in place.iterdir()}, {"config.json", "model.safetensors", "tokenizer.json"})
        vocab = json.loads((place / "tokenizer.json").read_text())["model"]["vocab"]
        self.assertFalse({1, 2, 7, 9, 11, 12} & set(vocab.values()))


class Comparison(Folder):
    ROUNDS = 5

    def setUp(self):
        super().setUp()
        self.checkpoint, made = self.folder / "ckpt", self.folder / "made" / "ckpt"
        for place in (self.checkpoint, made / "int4"):
            place.mkdir(parents=True)
            (place / "config.json").write_text(json.dumps(CONFIG))
            header = json.dumps({"__metadata__": {"weights": "random"}}).encode()
            (place / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
        (made / "Q4_0.gguf").touch()
        (self.folder / "ids.json").write_text(json.dumps([2, *range(20, 40)]))
        environment = {"PLELAB_LLAMA_PYTHON": self.program("python", INTERPRETER), "CC": self.program("compiler", COMPILER),
                       "FAKE_LLAMA_START": self.program("start", LLAMA_START), "FAKE_LOG": str(self.folder / "log")}  # fmt: skip
        change = mock.patch.dict(os.environ, environment)
        change.start()
        self.addCleanup(change.stop)
        self.plelab = self.program("plelab", PLELAB)

    def run_script(self, *more: str) -> str:
        arguments = ["compare_start.py", "--checkpoint", str(self.checkpoint), "--folder", str(self.folder / "made"), "--trace",
                     str(self.folder / "ids.json"), "--prompt", "5", "--rounds", str(self.ROUNDS), "--threads", "1", "--plelab", self.plelab,
                     "--out", str(self.folder / "out.h5"), *more]  # fmt: skip
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            compare_start.main()
        return said.getvalue()

    def test_both_sides_start_once_a_round_with_the_same_ids(self):
        said = self.run_script()
        log = (self.folder / "log").read_text().splitlines()
        self.assertEqual(len(log), 4 * (1 + self.ROUNDS), "one start of each that is not counted")
        for index in range(1 + self.ROUNDS):
            of_round = sorted(log[4 * index:4 * index + 4])
            model = str(self.folder / "made" / "ckpt" / "Q4_0.gguf")
            theirs = [f"llama {[model, '2,20,21,22,23', '1', packed]}" for packed in ("0", "1", "1")]
            size = (self.checkpoint / "model.safetensors").stat().st_size
            self.assertEqual(of_round, [*theirs, f"plelab [20, 21, 22, 23] {size} disk"])
        self.assertIn("random weights, 5 ids, 1 threads, 5 rounds", said)

    def test_the_result_has_each_start_the_ratios_and_the_floor(self):
        self.run_script()
        result = Result(self.folder / "out.h5")
        self.assertEqual((result.weights, result.meta["experiment"], result.meta["peer"], result.meta["peer_version"]),
                         ("random", "start", "llama.cpp Q4_0", "6.6"))
        starts = result.own["start/starts"]
        self.assertEqual(len(starts), 4 * self.ROUNDS)
        self.assertGreater(starts["peak_bytes"].min(), MIB)
        ours = starts[starts["side"] == "plelab"]
        self.assertTrue((ours["prompt_ns"] == 2_000_000).all())
        self.assertTrue((ours["start_ns"] - ours["load_ns"] == 2_000_000).all())
        self.assertEqual(starts.groupby("round")["order"].apply(sorted).tolist(), [[0, 1, 2, 3]] * self.ROUNDS)
        ratios = result.own["start/ratios"].set_index(["metric", "side", "baseline"])
        ratio = ratios.loc[("prompt_ns", "plelab", "llama.cpp")]
        self.assertAlmostEqual(ratio["ratio"], 2)
        self.assertAlmostEqual(ratio["high"], 2)
        self.assertIn(("peak_bytes", "llama.cpp@control", "llama.cpp"), ratios.index)
        floor = result.own["start/floor"].set_index("part")["bytes"]
        # Keys and values of 6 positions: 2 sliding layers and 1 full one make them, all with 6 places of 2 · 2 · 2 · 8 bytes.
        self.assertEqual(floor.to_dict(), {"weights": 1000, "keys_values": 3 * 6 * 64, "libraries": 250 * 10**6, "floor": 250_002_152})

    def test_ratios_are_geometric_means_over_rounds(self):
        values = {"plelab": 1, "llama.cpp": 4, "llama.cpp@control": 4, "llama.cpp mapped": 2}
        rows = [{"side": side, "round": index} | {metric: value * (1 + index) for metric in compare_start.METRICS}
                for side, value in values.items() for index in range(5)]  # fmt: skip
        found = {(row["side"], row["baseline"]): row for row in compare_start.ratio_rows(rows) if row["metric"] == "start_ns"}
        self.assertAlmostEqual(found["plelab", "llama.cpp"]["ratio"], 0.25)
        self.assertAlmostEqual(found["plelab", "llama.cpp mapped"]["low"], 0.5)
        rows[0]["start_ns"] = math.e  # of the first round: its logarithm is 1 more, the mean's 1/5
        found = {(row["side"], row["baseline"]): row for row in compare_start.ratio_rows(rows) if row["metric"] == "start_ns"}
        value = found["plelab", "llama.cpp"]
        self.assertAlmostEqual(value["ratio"], 0.25 * math.exp(0.2))
        self.assertAlmostEqual(math.log(value["high"] / value["ratio"]), 2.7764 * math.sqrt(0.2) / math.sqrt(5), places=4)

    def test_starts_that_say_less_than_they_seem_to_are_counted(self):
        row = {"device_bytes": 0, "pressure_ns": 10, "start_ns": 100}
        self.assertEqual(compare_start.warnings([row, row | {"pressure_ns": None}]), [])
        said = compare_start.warnings([row, row | {"device_bytes": 4096}, row | {"pressure_ns": 50}, row | {"pressure_ns": 90}])
        self.assertEqual([text.split(":")[0] for text in said],
                         ["1 of 4 starts read from a disk", "in 2 of 4 starts tasks waited for a core more than 20% of the time"])

    def test_sliding_layers_keep_a_window_and_what_a_pass_adds(self):
        self.assertEqual(compare_start.kv_bytes(CONFIG, 1000, chunk=10), 64 * (12 + 1000 + 12))

    def test_what_cannot_be_measured_is_refused_before_anything_runs(self):
        for more, expected in ((["--rounds", "4"], "expected at least 5"),
                               (["--prompt", "30"], "has 21 ids, <bos> among them, and --prompt 30"),
                               (["--checkpoint", str(self.folder)], "there are no safetensors files"), (["--out", self.plelab], "exists")):
            with self.assertRaisesRegex(ResultError, expected):
                self.run_script(*more)
        self.assertFalse((self.folder / "log").exists())


if __name__ == "__main__":
    unittest.main()
