"""scripts/peers/draw_peers.py: ratios are turned round with their intervals, rows are told apart, and files of another kind are refused."""
import contextlib
import io
import pathlib
import sys
import unittest
from unittest import mock

import h5py

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "scripts/peers"), str(PROJECT / "tests/scripts")]
import draw_peers  # noqa: E402
import figures_test  # noqa: E402
import synthetic  # noqa: E402
from resultfile import Result, ResultError  # noqa: E402

RATIOS = {"step_ns": (0.5, 0.4, 0.8), "prefill_ns": (0.25, 0.2, 0.5)}
CONFIG = "workload:\n  prompt_tokens: {prompt}\n  decode_tokens: 48\ndesign:\n  warmup_steps: 4\n"


def rows_of(ratios: dict, peer: str) -> list[dict]:
    """Of tables/comparisons: plelab as the ratios say, and a twin within 10 %."""
    cells = {"baseline": peer, "statistic": "ratio", "reps": 7, "margin": 0.02, "verdict": "fail", "p": synthetic.NAN, "p_corrected": synthetic.NAN}
    return [cells | {"metric": metric, "variant": variant, "value": value, "low": low, "high": high, "control": int(variant != "plelab")}
            for metric, ratio in ratios.items()
            for variant, (value, low, high) in (("plelab", ratio), (f"{peer}@control", (1.0, 0.9, 1.1)))]


class DrawPeers(figures_test.Drawn):
    def write(self, name: str, form: str = "Q4_0", prompt: int = 128, ratios: dict = RATIOS, **meta) -> pathlib.Path:
        """What a comparison with llama.cpp writes, as far as the figure needs it."""
        path = self.folder / name
        with h5py.File(path, "w") as file:
            file.create_group("meta").attrs.update({
                "experiment": "peers", "weights": "random", "threads": "2", "control": "passed", "cpu_model": "a CPU", "cpu_features": "fma avx2",
                "checkpoint": "models/e2b/int4", "dtype": "bfloat16", "peer": f"llama.cpp {form}", "peer_bits_per_weight": "5.185",
                "config_yaml": CONFIG.format(prompt=prompt), **meta})  # fmt: skip
            file["tables/comparisons"] = synthetic.table_of(rows_of(ratios, "llama.cpp"))
            file["tables/variants"] = synthetic.table_of([
                {"variant": name, "strategy": "peer", "options": "{}", "baseline": "llama.cpp", "exact": 1, "status": "done", "error": "",
                 "fast_bytes": 0, "file_bytes": 0} for name in ("llama.cpp", "plelab", "llama.cpp@control")])  # fmt: skip
        return path

    def draw(self, *paths):
        figure = draw_peers.draw([draw_peers.row_of(Result(path)) for path in paths])
        self.addCleanup(draw_peers.style.plt.close, figure)
        return figure

    def lines(self, *paths) -> list[str]:
        """What stands beside the figure's lines, from top to bottom."""
        figure = self.draw(*paths)
        self.check(figure, "screen")
        return [label.get_text() for label in figure.axes[0].get_yticklabels()][::-1]

    def refused(self, path: pathlib.Path) -> str:
        with self.assertRaises(ResultError) as caught:
            draw_peers.row_of(Result(path))
        return str(caught.exception)

    def test_the_ends_of_an_interval_change_places(self):
        result = Result(self.write("a.h5"))
        self.assertEqual(draw_peers.times_as_fast(result, "plelab", "step_ns"), (2.0, 1.25, 2.5))
        self.assertEqual(draw_peers.times_as_fast(result, "plelab", "prefill_ns"), (4.0, 2.0, 5.0))

    def test_each_panel_shows_its_own_metric(self):
        panels = self.draw(self.write("a.h5")).axes
        self.assertEqual([[text.get_text() for text in panel.texts] for panel in panels], [["2.00"], ["4.00"]])
        self.assertEqual([panel.dataLim.intervalx[1] for panel in panels], [2.5, 5.0])

    def test_rows_stand_below_their_cpu_by_format_and_prompt(self):
        paths = [self.write("a.h5", prompt=512), self.write("b.h5"), self.write("c.h5", "BF16", checkpoint="models/e2b"),
                 self.write("d.h5", cpu_features="fma avx2 avx512f")]
        self.assertEqual(self.lines(*paths), [
            "a CPU, AVX-512", "llama.cpp Q4_0 · prompt 128 · context 180",
            "a CPU, AVX2", "llama.cpp BF16 · prompt 128 · context 180", "llama.cpp Q4_0 · prompt 128 · context 180",
            "llama.cpp Q4_0 · prompt 512 · context 564"])  # fmt: skip

    def test_a_label_says_in_what_a_row_differs_from_the_others(self):
        lines = self.lines(self.write("a.h5"), self.write("b.h5", threads="1"), self.write("c.h5", checkpoint="models/e2b/int4_ple_embedding"),
                           self.write("d.h5", checkpoint="models/small/int4", control="failed", weights="trained"))
        self.assertEqual(lines[1:], [f"llama.cpp Q4_0 · {end}" for end in (
            "e2b · random weights · prompt 128 · context 180 · threads 1", "e2b · random weights · prompt 128 · context 180 · threads 2",
            "e2b · random weights · prompt 128 · context 180 · threads 2 · our ple and embedding in int8",
            "small · trained weights · prompt 128 · context 180 · threads 2 · CONTROL FAILED")])  # fmt: skip

    def test_a_prompt_through_all_layers_is_told_from_one_through_the_needed(self):
        through = [CONFIG.format(prompt=f"128\n  prompt_layers: {layers}") for layers in ("needed", "all")]
        lines = self.lines(*(self.write(f"{i}.h5", config_yaml=config) for i, config in enumerate(through)))
        self.assertEqual(lines[1:], [f"llama.cpp Q4_0 · prompt 128 · context 180{end}" for end in ("", " · all layers of ours")])

    def test_random_weights_are_in_the_titles(self):
        titles = [panel._left_title.get_text() for panel in self.draw(self.write("a.h5")).axes]
        self.assertEqual(titles, ["Decode step, random weights", "Prompt, random weights"])

    def test_without_an_interval_a_row_is_a_point(self):
        none = (0.5, synthetic.NAN, synthetic.NAN)
        self.assertEqual(len(self.lines(self.write("a.h5", ratios={"step_ns": none, "prefill_ns": none}))), 2)

    def test_a_file_of_another_kind_is_named_with_what_it_is(self):
        run = synthetic.write_run(self.folder / "run.h5", [synthetic.Group("", synthetic.STRATEGIES)])
        self.assertRegex(self.refused(run), r"^.*/run.h5: expected a text model beside a peer, .*; found experiment 'ple_strategies', no ratio")
        self.assertTrue(self.refused(self.write("a.h5", tower="audio")).endswith("found experiment 'peers' of an encoder"))
        half = self.write("a.h5", ratios={"step_ns": RATIOS["step_ns"]})
        self.assertTrue(self.refused(half).endswith("found experiment 'peers', no ratio for prefill_ns"))

    def test_what_is_published_fits(self):
        self.check(self.draw(*figures_test.FINDINGS.glob("peers_l*.h5"), *figures_test.FINDINGS.glob("peers_openvino*.h5")), "screen")

    def test_the_figure_is_written_in_three_ways(self):
        out = self.folder / "new/figures"
        with mock.patch.object(sys, "argv", ["draw_peers.py", str(self.write("a.h5")), "--out", str(out)]), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            draw_peers.main()
        written = [out / f"peers.{ending}" for ending in ("png", "svg", "pdf")]
        self.assertEqual(said.getvalue().split(), list(map(str, written)))
        self.assertTrue(all(path.stat().st_size for path in written))


if __name__ == "__main__":
    unittest.main()
