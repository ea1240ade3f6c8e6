"""scripts/peers: sides take turns in random order, both read the same ids, and the times become a result file.

A fake interpreter answers for the reference's environment and a fake plelab for the build, so that neither is needed.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import stat
import sys
import tempfile
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))
sys.path.insert(0, str(PROJECT / "scripts/peers"))
import pandas  # noqa: E402
import compare_towers  # noqa: E402
import compare_litert  # noqa: E402
import compare_llama  # noqa: E402
import compare_openvino  # noqa: E402
import compare_transformers  # noqa: E402
import peer_result  # noqa: E402
import write_reduced  # noqa: E402
from resultfile import ResultError  # noqa: E402

# Answers as the workers of scripts/peers do: the n-th step of a question takes n ms, a prompt 1 ms an id, an encoding 250 ms.
FAKE_WORKER = """#!{python}
import json, os, sys
print(json.dumps({{"transformers": "9.9", "timm": "8.8", "torch": "7.7", "ids": list(range(1000)), "llama_cpp": "6.6", "system": "AVX512 = 1",
                  "litert_lm": "5.5", "openvino": "3.3", "bits_per_weight": 4.5}}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    with open(os.environ["FAKE_LOG"], "a") as log:
        print("peer", json.dumps(question), file=log)
    if question:
        print(json.dumps({{"prefill_s": len(question["prompt"]) / 1e3,
                          "step_s": [(i + 1) / 1e3 for i in range(len(question["tokens"]))]}}), flush=True)
    else:
        print(json.dumps({{"seconds": 0.25}}), flush=True)
"""
# `run` writes a result whose steps take 5 ms; `record-peers` keeps the JSON and writes a result with a ratio.
FAKE_PLELAB = """#!{python}
import json, os, pathlib, shutil, sys
import h5py, numpy as np

def rows(**columns):
    columns = {{name: list(values) for name, values in columns.items()}}
    kinds = [(name, "S16" if isinstance(values[0], str) else type(values[0])) for name, values in columns.items()]
    return np.array([tuple(v.encode() if isinstance(v, str) else v for v in row) for row in zip(*columns.values())], kinds)

if sys.argv[1] == "machine-state":
    print(json.dumps({{"before": {{"steal_ns": 0, "cpu_pressure_us": 0}}, "after": {{"steal_ns": 0, "cpu_pressure_us": 0}}, "read_bandwidth": 20.0}}))
    sys.exit()
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
with h5py.File(out, "w") as file:
    file.create_group("meta").attrs.update({{"weights": "random", "checkpoint_hash": "c0ffee", "peer": "p", "control": "passed",
        "cores": "2"}})
    if sys.argv[1] == "record-peers":
        shutil.copy(sys.argv[2], os.environ["FAKE_TIMES"])
        sides = json.loads(pathlib.Path(sys.argv[2]).read_text())["sides"]
        rounds = [(name, side, i) for name, side in sides.items() for i in range(len(side["order"]))]
        columns = ["prefill_ns", "bandwidth_before", "bandwidth_after", "steal_ns", "cpu_pressure_us", "wall_ns"]
        file["tables/reps"] = rows(variant=[name for name, _, _ in rounds], rep=[i for _, _, i in rounds], ttft_ns=[0] * len(rounds),
            **{{column: [side[column][i] for _, side, i in rounds] for column in columns}})
        steps = [(name, side, i, ns) for name, side, i in rounds for ns in side["step_ns"][str(i)]]
        zero = dict.fromkeys(["step", "ple_wait_ns", "ple_hidden_ns", "lookups", "hits", "bytes_asked", "bytes_moved"], [0] * len(steps))
        file["tables/steps"] = rows(variant=[name for name, _, _, _ in steps], rep=[i for _, _, i, _ in steps],
            step_ns=[ns for _, _, _, ns in steps], step_bytes=[side.get("step_bytes", {{i: 0}})[i] for _, side, i, _ in steps], **zero)
        metrics = ["prefill_ns", "step_ns"]
        file["tables/comparisons"] = rows(metric=metrics, variant=["plelab"] * 2, baseline=["p"] * 2, statistic=["ratio"] * 2,
            value=[0.5, 0.25], low=[0.4, 0.2], high=[0.6, 0.3], reps=[10] * 2, margin=[0.02] * 2, verdict=["fail"] * 2, control=[0] * 2,
            p=[np.nan] * 2, p_corrected=[np.nan] * 2)
    else:
        config = pathlib.Path(sys.argv[2]).read_text()
        trace = json.loads(pathlib.Path(config.split("trace: ")[1].split(",")[0]).read_text())
        with open(os.environ["FAKE_LOG"], "a") as log:
            print("plelab", json.dumps(trace), sys.argv[3:5], file=log)
        n = 3
        file["tables/reps"] = rows(variant=["peer"], rep=[0], ttft_ns=[7_000_000], prefill_ns=[6_000_000], bandwidth_before=[1.0],
            bandwidth_after=[1.0], guest_cold=["yes"], cold_verified=["yes"])
        file["tables/steps"] = rows(variant=["peer"] * n, rep=[0] * n, step=range(n), step_ns=[5_000_000] * n, ple_wait_ns=[0] * n,
            ple_hidden_ns=[0] * n, lookups=[0] * n, hits=[0] * n, bytes_asked=[0] * n, bytes_moved=[0] * n, step_bytes=[50_000_000] * n)
"""
OPTIONS = ["--checkpoint", "ckpt", "--prompt", "4", "--warmup", "2", "--tokens", "3", "--rounds", "6", "--threads", "2"]


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.plelab = self.program("plelab", FAKE_PLELAB)
        for name, value in (("PLELAB_REFERENCE_PYTHON", self.program("python", FAKE_WORKER)),
                            ("PLELAB_LLAMA_PYTHON", str(self.folder / "python")),
                            ("PLELAB_LITERT_PYTHON", str(self.folder / "python")),
                            ("PLELAB_OPENVINO_PYTHON", str(self.folder / "python")), ("FAKE_LOG", str(self.folder / "log")),
                            ("FAKE_TIMES", str(self.folder / "times.json"))):
            change = mock.patch.dict(os.environ, {name: value})
            change.start()
            self.addCleanup(change.stop)

    def program(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def run_script(self, module, arguments: list[str]) -> str:
        with mock.patch.object(sys, "argv", [module.__name__, *arguments, "--plelab", self.plelab]), \
                contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            module.main()
        return said.getvalue()

    def times(self) -> dict:
        return json.loads((self.folder / "times.json").read_text())

    def test_llama_reads_its_own_file_and_we_the_packed_folder(self):
        made, out = self.folder / "made" / "ckpt", self.folder / "out.h5"
        (made / "int4").mkdir(parents=True)
        (made / "Q4_0.gguf").touch()
        (self.folder / "ids.json").write_text(json.dumps(list(range(100))))
        said = self.run_script(compare_llama, [*OPTIONS, "--format", "int4", "--folder", str(made.parent), "--trace",
                                               str(self.folder / "ids.json"), "--out", str(out)])  # fmt: skip
        self.assertIn("step     plelab ÷ llama.cpp: 0.250 [0.200, 0.300]", said)
        times = self.times()
        self.assertIn(f"checkpoint: {made / 'int4'},", times["config_yaml"])
        self.assertEqual(set(times["sides"]), {"plelab", "llama.cpp", "llama.cpp@control"})
        self.assertEqual(times["meta"]["peer"], "llama.cpp Q4_0")
        self.assertEqual(times["meta"]["peer_bits_per_weight"], "4.500")

    def test_we_compute_all_layers_of_a_prompt_where_that_is_asked(self):
        made = self.folder / "made" / "ckpt"
        (made / "int4").mkdir(parents=True)
        (made / "Q4_0.gguf").touch()
        (self.folder / "ids.json").write_text(json.dumps(list(range(100))))
        for asked, expected in (([], "needed"), (["--prompt-layers", "all"], "all")):
            self.run_script(compare_llama, [*OPTIONS, "--format", "int4", "--folder", str(made.parent), "--trace", str(self.folder / "ids.json"),
                                            "--out", str(self.folder / f"{expected}.h5"), *asked])  # fmt: skip
            self.assertIn(f"prompt_layers: {expected},", self.times()["config_yaml"])

    def litert(self, *arguments: str) -> dict:
        """Compares on a checkpoint of 100 PLE rows; what both sides read of it is there already.  Returns the times."""
        checkpoint, made = self.folder / "ckpt", self.folder / "made" / "ckpt"
        for path in (checkpoint / "config.json", made / "int8" / "config.json", made / "litert_int8_4_128" / "model.litertlm"):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"text_config": {"vocab_size": 120, "vocab_size_per_layer_input": 100}}))
        (self.folder / "ids.json").write_text(json.dumps([id for i in range(100) for id in (i, 100 + i)]))
        self.run_script(compare_litert, [*OPTIONS, "--checkpoint", str(checkpoint), "--folder", str(made.parent), "--trace",
                                         str(self.folder / "ids.json"), "--out", str(self.folder / "out.h5"), *arguments])  # fmt: skip
        return self.times()

    def test_litert_and_we_read_the_ids_that_have_rows(self):
        times = self.litert()
        self.assertEqual(set(times["sides"]), {"plelab", "LiteRT-LM", "LiteRT-LM@control"})
        log = [line.split(" ", 1) for line in (self.folder / "log").read_text().splitlines()]
        theirs = {"prompt": [0, 1, 2, 3], "tokens": [4, 5, 6, 7, 8]}
        self.assertEqual([json.loads(text) for side, text in log[:3] if side == "peer"], [theirs] * 2)
        self.assertEqual([text for side, text in log[:3] if side == "plelab"], [f"{list(range(9))} ['--set', 'design.reps=1']"])

    def test_what_litert_was_and_took_is_recorded(self):
        times = self.litert()
        self.assertIn(f"checkpoint: {self.folder / 'made' / 'ckpt' / 'int8'},", times["config_yaml"])
        for key, value in (("peer", "LiteRT-LM int8"), ("peer_version", "5.5"), ("peer_bits_per_weight", "4.500")):
            self.assertEqual(times["meta"][key], value)
        self.assertGreater(int(times["meta"]["peer_peak_rss_bytes"]), 1e6)  # no interpreter of Python takes less

    def test_openvino_reads_its_own_model_and_we_the_packed_folder(self):
        made = self.folder / "made" / "ckpt"
        (made / "int4").mkdir(parents=True)
        (made / "openvino_int4").mkdir()
        (made / "openvino_int4" / "openvino_model.xml").touch()
        checkpoint = self.folder / "ckpt"
        checkpoint.mkdir()
        (checkpoint / "config.json").write_text(json.dumps({"vocab_size_per_layer_input": 100}))
        (self.folder / "ids.json").write_text(json.dumps(list(range(100))))
        self.run_script(compare_openvino, [*OPTIONS, "--checkpoint", str(checkpoint), "--format", "int4", "--folder", str(made.parent), "--trace",
                                           str(self.folder / "ids.json"), "--out", str(self.folder / "out.h5")])  # fmt: skip
        times = self.times()
        self.assertEqual(set(times["sides"]), {"plelab", "OpenVINO", "OpenVINO@control"})
        self.assertIn(f"checkpoint: {made / 'int4'},", times["config_yaml"])
        for key, value in (("peer", "OpenVINO int4"), ("peer_version", "3.3"), ("peer_system", "AVX512 = 1")):
            self.assertEqual(times["meta"][key], value)

    def test_a_reduced_checkpoint_is_as_wide_as_the_published_one(self):
        published = json.loads((PROJECT / "configs/models/e2b.json").read_text())
        config = write_reduced.reduced(layers=10, sparse=3, sharing=3, vocabulary=65536)
        text = config["text_config"]
        self.assertEqual(text["intermediate_size"], [8192] * 10)
        self.assertEqual(text["activation_sparsity_pattern"], [0.95] * 3 + [0.0] * 7)
        self.assertEqual(text["num_kv_shared_layers"], 3)
        for key in ("hidden_size", "head_dim", "num_attention_heads", "hidden_size_per_layer_input", "laurel_rank", "sliding_window"):
            self.assertEqual(text[key], published["text_config"][key])
        offsets = [text["vocab_size_per_layer_input"], config["vision_config"]["vocab_offset"], config["audio_config"]["vocab_offset"]]
        self.assertEqual(offsets, [65280, 65280, 65408])
        self.assertEqual(set(config), set(published))
        self.assertEqual(write_reduced.text_only(config)["vocab_size_per_layer_input"], 65536)

    def test_both_sides_and_the_twin_read_the_next_stretch_in_each_round(self):
        out = self.folder / "out/p.h5"
        said = self.run_script(compare_transformers, [*OPTIONS, "--text", "novel.txt", "--out", str(out)])
        log = [line.split(" ", 1) for line in (self.folder / "log").read_text().splitlines()]
        for index in range(6):
            first = 9 * index  # 4 of the prompt, 2 of the warm-up, 3 measured
            ours, theirs = list(range(first, first + 9)), {"prompt": list(range(first, first + 4)), "tokens": list(range(first + 4, first + 9))}
            of_round = log[3 * index:3 * index + 3]
            self.assertEqual(sorted(side for side, _ in of_round), ["peer", "peer", "plelab"])
            self.assertEqual([json.loads(text) for side, text in of_round if side == "peer"], [theirs] * 2)
            self.assertEqual([text for side, text in of_round if side == "plelab"], [f"{ours} ['--set', 'design.reps=1']"])
        self.assertIn("step     plelab ÷ transformers: 0.250 [0.200, 0.300]", said)
        # 4 ms of theirs against 5 ms; 50 MB in 5 ms are half of 20 GB/s; the fake machine is never disturbed.
        self.assertIn("all 6 rounds: prefill 0.67, step 0.80; a step reads at 50% of the read bandwidth", said)
        self.assertIn("the 6 undisturbed rounds: prefill 0.67, step 0.80", said)
        self.assertTrue(out.exists())

    def test_rounds_of_a_disturbed_machine_do_not_count(self):
        def result(**changes):
            columns = {"steal_ns": 0, "cpu_pressure_us": 0.0, "wall_ns": 10**9, "bandwidth_before": 20.0, "bandwidth_after": 21.0} | changes
            reps = pandas.DataFrame([{"variant": "a", "rep": 0, **columns}, {"variant": "b", "rep": 0, **columns, "steal_ns": 0}])
            return mock.Mock(table=lambda _: reps, meta={"cores": "2"})
        self.assertEqual(peer_result.rounds_that_count(result()), [0])
        for change in ({"steal_ns": 21_000_000}, {"cpu_pressure_us": 10_001.0}, {"bandwidth_after": 23.0}):
            self.assertEqual(peer_result.rounds_that_count(result(**change)), [], str(change))

    def test_times_and_what_they_were_taken_with_are_recorded(self):
        self.run_script(compare_transformers, [*OPTIONS, "--text", "novel.txt", "--out", str(self.folder / "p.h5"), "--ple", "disk,backend=direct"])
        times = self.times()
        sides = times["sides"]
        self.assertEqual(times["baseline"], "transformers")
        self.assertEqual(set(sides), {"plelab", "transformers", "transformers@control"})
        self.assertEqual(sides["plelab"]["step_ns"], {str(i): [5_000_000] * 3 for i in range(6)})
        self.assertEqual(sides["transformers"]["step_ns"]["0"], [3_000_000, 4_000_000, 5_000_000], "without the two of the warm-up")
        self.assertEqual(sides["transformers"]["prefill_ns"], [4_000_000] * 6)
        self.assertEqual([sides[name]["strategy"] for name in ("plelab", "transformers@control")], ["disk", "peer"])
        for key, value in (("peer", "transformers 9.9"), ("peer_torch", "7.7"), ("threads", "2"), ("checkpoint_hash", "c0ffee"),
                           ("weights", "random")):
            self.assertEqual(times["meta"][key], value)
        self.assertIn("ple: {strategy: disk, backend: direct}", times["config_yaml"])
        self.assertIn("reps: 6", times["config_yaml"])

    def test_the_order_is_drawn_anew_for_each_round(self):
        order = []
        sides = {name: lambda _, name=name: (0.001, [order.append(name) or 0.001]) for name in ("a", "b", "c")}
        with contextlib.redirect_stderr(io.StringIO()):
            times = peer_result.take_turns(sides, argparse.Namespace(rounds=12, seed=1, plelab=self.plelab, threads=2))
        rounds = [tuple(order[i:i + 3]) for i in range(0, 36, 3)]
        self.assertTrue(all(sorted(one) == ["a", "b", "c"] for one in rounds))
        self.assertGreater(len(set(rounds)), 3)
        for index, names in enumerate(rounds):
            self.assertEqual([times[name]["order"][index] for name in names], [0, 1, 2])

    def test_towers_have_one_encoding_a_round(self):
        benchmark = json.dumps({"benchmarks": [{"name": "b", "time_unit": "ms", "real_time": 500.0}]})
        micro = self.program("micro", "#!{python}\nprint('''" + benchmark.replace("{", "{{").replace("}", "}}") + "''')\n")
        self.run_script(compare_towers, ["--tower", "vision", "--rounds", "5", "--micro", micro, "--out", str(self.folder)])
        sides = self.times()["sides"]
        self.assertEqual(sides["plelab"]["step_ns"], {str(i): [500_000_000] for i in range(5)})
        self.assertEqual(sides["timm"]["prefill_ns"], [250_000_000] * 5)
        self.assertEqual(self.times()["meta"]["peer"], "timm 8.8")
        self.assertTrue((self.folder / "peers_vision_float32.h5").exists())

    def test_what_cannot_be_measured_is_refused_before_anything_runs(self):
        for arguments, expected in ((["--rounds", "4"], "expected at least 5"),
                                    (["--rounds", "200"], "1,000 ids, and 200 rounds of 9 need 1,800"),
                                    (["--out", self.plelab], "exists; name another file")):
            with self.assertRaises(ResultError) as caught:
                self.run_script(compare_transformers, [*OPTIONS, "--text", "novel.txt", "--out", str(self.folder / "p.h5"), *arguments])
            self.assertIn(expected, str(caught.exception))
        self.assertFalse((self.folder / "log").exists())
        with mock.patch.dict(os.environ, {"PLELAB_REFERENCE_PYTHON": "/nowhere/python"}), self.assertRaises(ResultError) as caught:
            self.run_script(compare_transformers, [*OPTIONS, "--out", str(self.folder / "p.h5")])
        self.assertIn("run scripts/reference/setup.sh", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
