"""scripts/figures: at every size a figure says all of what it has to say, legibly, and shows nothing empty."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests/scripts")]
import arms  # noqa: E402
import figures  # noqa: E402
import numpy as np  # noqa: E402
import roofline  # noqa: E402
import synthetic  # noqa: E402
from equal_ram import Point  # noqa: E402
from figures import ablation, domains, equal_ram, memory, modalities, placement, scaling, step_parts, step_time, style  # noqa: E402
from matplotlib.text import Text  # noqa: E402
from resultfile import Result  # noqa: E402
from synthetic import Group, Variant  # noqa: E402

FINDINGS = PROJECT / "results/findings"
# One published file for each figure.
PUBLISHED = ("parameter_groups", "cache_locality_small", "cache_domains", "offload_vs_mlp", "depth_small", "ple_ablation_small", "ple_rank_small",
             "ple_contribution_small", "ple_media_small", "training_small", "ple_strategies_small", "quantised_layers_small")
LEAST_POINTS = {"screen": 7.4, "page": 6.5, "column": 5.9}


def tick_labels(axis) -> list[Text]:
    return [tick.label1 for tick in axis._update_ticks() if tick.label1.get_text() and tick.label1.get_visible()]


def texts(figure) -> list[Text]:
    """All that is written in a figure, tick labels included once."""
    found = list(figure.texts) + [figure._supxlabel] + [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title, *axes.texts]
        found += [text for axis in (axes.xaxis, axes.yaxis) for text in tick_labels(axis)]
        found += axes.get_legend().get_texts() if axes.get_legend() else []
    return [text for text in found if text is not None and text.get_text().strip() and text.get_visible()]


class Drawn(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(style.use, "screen")

    def check(self, figure, size: str):
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        page = figure.bbox
        if style.SIZES[size].width:
            self.assertEqual(figure.get_figwidth(), style.SIZES[size].width)
        for text in texts(figure):
            box = text.get_window_extent(renderer)
            said = text.get_text()
            self.assertGreaterEqual(text.get_fontsize(), LEAST_POINTS[size], said)
            inside = box.x0 >= page.x0 - 2 and box.x1 <= page.x1 + 2 and box.y0 >= page.y0 - 2 and box.y1 <= page.y1 + 2
            self.assertTrue(inside, f"{said!r} is cut off: {box} of {page}")
            self.assertNotIn("$", said)
        for axes in figure.axes:
            self.assertTrue(axes.has_data(), "an empty panel")
            self.assertLessEqual(len([line for line in axes.get_lines() if len(line.get_xdata()) > 12]), style.MOST_CURVES + 2)
            for axis, side in ((axes.xaxis, "x"), (axes.yaxis, "y")):
                boxes = sorted((label.get_window_extent(renderer) for label in tick_labels(axis)), key=lambda box: getattr(box, side + "0"))
                for one, next_one in zip(boxes, boxes[1:]):
                    self.assertLess(getattr(one, side + "1"), getattr(next_one, side + "0") + 3, f"tick labels overlap: {tick_labels(axis)}")
                for label in tick_labels(axis):
                    self.assertNotRegex(label.get_text(), r"\de[+-]?\d", "a number that nobody writes")
                if axis.get_label_text().startswith("ms "):
                    self.assertGreaterEqual(axis.get_view_interval()[0], 0, "a time below 0")

    def check_all(self, result, sizes=tuple(style.SIZES)):
        for size in sizes:
            style.use(size)
            for module in figures.applicable(result):
                with self.subTest(result=result.name, size=size, figure=figures.name_of(module)):
                    figure = module.draw(result)
                    self.check(figure, size)
                    style.plt.close(figure)


class Published(Drawn):
    def test_all_that_is_published_fits(self):
        for name in PUBLISHED:
            result = Result(FINDINGS / f"{name}.h5")
            if name == "ple_ablation_small":
                arms.set_beside([result], PROJECT / "results/arms")
            wide = ("page",) if name in ("ple_ablation_small", "ple_contribution_small") else ()  # those with several rows of panels
            self.check_all(result, ("screen", "column", *wide))


class Placement(Drawn):
    def run_of(self, *groups, **options):
        return Result(synthetic.write_run(self.folder / "run.h5", list(groups), **options))

    def test_eight_variants_fit_at_every_size(self):
        self.check_all(self.run_of(Group("", synthetic.STRATEGIES)))

    def test_two_groups_with_long_names_fit(self):
        long = [Variant(f"{v.name}@model.dtype=float32,model.threads=2", v.strategy, v.fast_bytes, v.slower_ns, v.half_ns, v.exact)
                for v in synthetic.STRATEGIES[:5]]  # fmt: skip
        self.check_all(self.run_of(Group("a", synthetic.STRATEGIES[:4]), Group("b", long)), ("page", "column"))

    def test_few_repetitions_have_no_error_bars(self):
        result = self.run_of(Group("", synthetic.STRATEGIES), reps=4)
        self.assertTrue(all(placement.error_bar(p["ratio"]) is None for p in placement.points(result) if p["variant"] != "resident"))
        self.check(placement.draw(result), "screen")

    def test_the_colour_scale_is_drawn_only_where_nats_were_measured(self):
        with_nats = placement.draw(self.run_of(Group("", synthetic.STRATEGIES)))
        without = placement.draw(self.run_of(Group("", [v for v in synthetic.STRATEGIES if v.strategy != "dropped"])))
        self.assertEqual((len(with_nats.axes), len(without.axes)), (2, 1))

    def test_the_legend_names_the_markers_of_all_strategies(self):
        figure = placement.draw(self.run_of(Group("", synthetic.STRATEGIES)))
        labels = {text.get_text() for text in figure.legends[0].get_texts()}
        self.assertEqual(labels, {"resident", "cached", "disk", "folded", "dropped", "twin of the baseline"})

    def test_each_variant_is_a_ratio_to_its_own_baseline(self):
        groups = (Group("a", [Variant("x", "cached", 9), Variant("y", "disk", 0, 1e6)]), Group("b", [Variant("z", "cached", 9), Variant("w", "disk", 0, 2e5)]))
        self.assertEqual({p["variant"]: p["ratio"][0] for p in placement.points(self.run_of(*groups))}, {"x": 1, "y": 1.5, "z": 1, "w": 1.1})

    def test_a_failed_control_is_said_below_the_figure(self):
        result = self.run_of(Group("", synthetic.STRATEGIES, carry_over_p=0.001))
        self.assertIn("CONTROL FAILED", style.provenance(result))


class EqualRam(Drawn):
    def groups(self, limits=(1, 2, 4)):
        """mmap is slower by a tenth and by two tenths of a step where it is cold."""
        return [Group(f"{way}{limit}{regime}", [Variant(f"resident_{way}@maintain={regime},limit={limit}MiB", "resident", 9),
                                                Variant(f"{way}@maintain={regime},limit={limit}MiB", "disk", 0, slower)])
                for limit in limits for way in ("mmap", "pread") for regime, slower in (("none", 2e5), ("evict_each_step", 4e5))]  # fmt: skip

    def run_of(self, groups, **options):
        return Result(synthetic.write_run(self.folder / "run.h5", groups, **options))

    def test_all_ways_fit_at_every_size_and_no_baseline_is_among_them(self):
        result = self.run_of(self.groups())
        self.check_all(result)
        self.assertEqual(len(equal_ram.points(result)), 12)
        self.assertIn(Point("mmap@maintain=evict_each_step,limit=2MiB", "mmap", 2, "cold at each step", (1.2, 1.19, 1.21)),
                      equal_ram.points(result))

    def test_there_is_a_panel_for_each_regime_that_names_the_read_ahead(self):
        panels = equal_ram.draw(self.run_of(self.groups())).axes
        self.assertEqual([axes.get_title("left") for axes in panels],
                         ["Steady, read-ahead 128 KiB", "Cold at each step, read-ahead 128 KiB"])

    def test_it_takes_the_place_of_those_that_name_each_variant(self):
        for limits, drawn in (((1, 2), [True, False, False]), ((1,), [False, True, True])):
            result = self.run_of(self.groups(limits))
            self.assertEqual([module.applies(result) for module in (equal_ram, placement, step_time)], drawn)


class Scaling(Drawn):
    PLACES = ((128, 2, 1), (512, 2, 1), (8192, 2, 1), (128, 1, 1), (128, 2, 4), (128, 2, 8))

    def run_of(self, ways=("disk",), places=PLACES, **options):
        """Each variant is the only one of its group, whose step takes a fifth longer with each doubling of the sequences."""
        groups = [Group("", [Variant(f"{way}@prompt_tokens={prompt},threads={threads},batch={batch}", "disk", slower_ns=batch * 1e5)], None)
                  for way in ways for prompt, threads, batch in places]  # fmt: skip
        return Result(synthetic.write_run(self.folder / "run.h5", groups, weights="random", **options))

    def test_each_key_has_a_panel_that_says_where_the_others_are(self):
        figure = scaling.draw(self.run_of())
        self.assertEqual([axes.get_title("left").replace("\n", " ") for axes in figure.axes],
                         ["Against context (2 threads, 1 sequence)", "Against threads (prompt of 128, 1 sequence)",
                          "Against sequences (prompt of 128, 2 threads)"])
        self.assertEqual([axes.get_ylim()[0] for axes in figure.axes], [0, 0, 0])
        self.assertIn("random weights", style.provenance(self.run_of()))

    def test_sequences_share_the_time_of_their_step(self):
        axes = scaling.draw(self.run_of()).axes[2]
        line, ideal = axes.get_lines()[0], axes.get_lines()[-1]
        self.assertEqual(list(line.get_xdata()), [1, 4, 8])
        steps = [(2e6 + batch * 1e5) * 1.01 / 1e6 for batch in (1, 4, 8)]
        for drawn, expected in ((line, [steps[0], steps[1] / 4, steps[2] / 8]), (ideal, [steps[0], steps[0] / 4, steps[0] / 8])):
            self.assertTrue(np.allclose(drawn.get_ydata(), expected), drawn.get_ydata())

    def test_one_key_has_one_panel_and_few_repetitions_no_interval(self):
        result = self.run_of(places=((128, 2, 1), (8192, 2, 1)), reps=1)
        self.assertEqual(len(scaling.draw(result).axes), 1)
        self.check_all(result)

    def test_it_fits_and_takes_the_place_of_those_that_name_each_variant(self):
        result = self.run_of(ways=("disk", "resident"))
        self.check_all(result)
        self.assertEqual([module.applies(result) for module in (scaling, placement, step_time)], [True, False, False])
        other = Result(synthetic.write_run(self.folder / "other.h5", [Group("", synthetic.STRATEGIES)]))
        self.assertFalse(scaling.applies(other))


class Steps(Drawn):
    def run_of(self, variants, **options):
        return Result(synthetic.write_run(self.folder / "run.h5", [Group("", variants)], **options))

    def test_the_baseline_and_the_slowest_five_of_many_are_drawn(self):
        result = self.run_of(synthetic.STRATEGIES)
        chosen = step_time.curves(result, step_time.timed(result))
        self.assertEqual(chosen, ["resident", "cached_5pct", "disk", "disk_no_prefetch", "disk_random", "cached_lfu"])

    def test_a_run_that_read_nothing_has_no_panel_of_reads(self):
        self.assertEqual(len(step_time.draw(self.run_of(synthetic.STRATEGIES[:1] + synthetic.STRATEGIES[4:6])).axes), 2)
        self.assertEqual(len(step_time.draw(self.run_of(synthetic.STRATEGIES)).axes), 3)


class Memory(Drawn):
    def test_differences_are_shown_where_totals_hide_them(self):
        variants = [Variant("resident", "resident", 5_242_880), Variant("disk", "disk", 0)]
        result = Result(synthetic.write_run(self.folder / "a.h5", [Group("", variants)]))
        self.assertEqual(list(memory.differences(result, ["resident", "disk"], "anonymous")), [0, -5.24288])
        self.assertEqual(len(memory.draw(result).axes), 2)

    def test_a_baseline_that_is_a_copy_has_the_memory_of_its_original(self):
        result = Result(FINDINGS / "ple_strategies_small.h5")
        self.assertEqual(result.baseline_of("disk_mmap"), "resident@mmap")
        apart = memory.differences(result, ["disk_mmap"], "anonymous")[0]
        self.assertEqual(apart, (result.memory("disk_mmap", "anonymous") - result.memory("resident", "anonymous")) / 1e6)

    def test_differences_that_totals_show_are_not_repeated(self):
        variants = [Variant("resident", "resident", 4 * 10**8), Variant("disk", "disk", 0)]
        result = Result(synthetic.write_run(self.folder / "a.h5", [Group("", variants)]))
        self.assertEqual(len(memory.draw(result).axes), 1)


class Modalities(Drawn):
    def test_the_panel_of_weights_is_there_only_where_they_were_counted(self):
        self.check_all(Result(synthetic.write_modalities(self.folder / "a.h5")), ("column",))
        for counted in (True, False):
            result = Result(synthetic.write_modalities(self.folder / "b.h5", counted))
            self.assertEqual(len(modalities.draw(result).axes), 1 + counted)


class Domains(Drawn):
    LRU = {"prose": {64: 0.4, 512: 0.6, 1024: 0.8}, "code": {64: 0.6, 512: 0.8, 700: 0.9}}
    SHUFFLED = {"prose": {64: 0.3, 512: 0.55, 1024: 0.79}, "code": {64: 0.35, 512: 0.7, 700: 0.9}}

    def result(self):
        return Result(synthetic.write_domains(self.folder / "a.h5", self.LRU, self.SHUFFLED))

    def test_capacities_are_those_that_all_domains_have(self):
        self.assertEqual(domains.capacities(self.result()), [64, 512])

    def test_what_order_adds_has_its_interval_the_right_way_round(self):
        added = domains.order_adds(self.result(), 64)
        self.assertEqual(list(added.index), ["code", "prose"])
        for column, expected in (("y", [25, 10]), ("low", [24, 9]), ("high", [26, 11])):
            for value, number in zip(added[column], expected):
                self.assertAlmostEqual(value, number)

    def test_bars_reach_from_the_value_to_its_limits(self):
        values = domains.at(self.result().curve("domain_hits"), domains.LRU, 64)
        self.assertTrue(np.allclose(domains.bars(values), 1))

    def test_it_fits_at_every_size(self):
        for size in style.SIZES:
            style.use(size)
            with self.subTest(size=size):
                self.check(domains.draw(self.result()), size)


class Ablation(Drawn):
    def test_only_the_panels_that_have_something_are_drawn(self):
        result = Result(synthetic.write_layers(self.folder / "a.h5", {2: 0.01, 5: 0.04}))
        self.assertTrue(ablation.applies(result))
        self.assertEqual(len(ablation.draw(result).axes), 1)


class StepParts(Drawn):
    def observed(self, **options) -> Result:
        return Result(synthetic.write_run(self.folder / "run.h5", [Group("", synthetic.STRATEGIES)], parts=True, **options))

    def test_a_part_reaches_its_bytes_over_its_time_of_the_bandwidth_around_its_repetitions(self):
        result = self.observed()
        parts = roofline.parts(result, "disk")
        self.assertEqual(list(parts.index), ["attention", "ffn", "altup"])
        self.assertEqual(roofline.bandwidth(result, "disk"), 40.5)
        self.assertEqual(list(parts["gb_per_s"][:2]), [20, 60])
        np.testing.assert_allclose(parts["share"][:2], [20 / 40.5, 60 / 40.5])
        np.testing.assert_allclose(parts["at_bandwidth_ns"], [2e7 / 40.5, 3e7 / 40.5, 0])
        self.assertTrue(parts.loc["altup", ["gb_per_s", "share"]].isna().all(), "it reads nothing")
        whole = roofline.whole(result, "disk")
        self.assertEqual((whole["time_ns"], whole["step_bytes"]), (1.6e6, 5e7))
        self.assertAlmostEqual(whole["share"], 50 / 1.6 / 40.5)

    def test_files_without_observed_steps_are_drawn_without_them(self):
        result = Result(synthetic.write_run(self.folder / "run.h5", [Group("", synthetic.STRATEGIES)]))
        self.assertFalse(step_parts.applies(result))
        self.assertNotIn(step_parts, figures.applicable(result))

    def test_every_size_shows_every_variant_and_part(self):
        result = self.observed()
        for size in style.SIZES:
            style.use(size)
            figure = step_parts.draw(result)
            self.check(figure, size)
            said = [text.get_text() for text in texts(figure)]
            self.assertEqual(said.count("1.6 ms"), len(synthetic.STRATEGIES))
            self.assertIn("AltUp", said)


class Command(Drawn):
    def plot(self, *arguments):
        done = subprocess.run([sys.executable, PROJECT / "scripts/plot.py", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_column_is_as_wide_as_a_column_and_its_text_is_text(self):
        path = synthetic.write_run(self.folder / "run.h5", [Group("", synthetic.STRATEGIES)])
        self.plot(path, "--width", "column")
        folder = self.folder / "run_figures_column"
        self.assertEqual(sorted(p.name for p in folder.iterdir()),
                         [f"{name}.{ending}" for name in ("memory", "placement", "step_time") for ending in ("pdf", "png", "svg")])
        pdf = (folder / "placement.pdf").read_bytes()
        self.assertIn(b"/MediaBox [ 0 0 241.2 ", pdf)
        self.assertIn("disk_no_prefetch</text>", (folder / "placement.svg").read_text())

    def test_arms_are_drawn_only_where_asked_for(self):
        result = FINDINGS / "ple_ablation_small.h5"
        self.plot(result, "--out", self.folder / "without")
        self.plot(result, "--arms", PROJECT / "results/arms", "--out", self.folder / "with")
        title = "Smaller models"
        self.assertNotIn(title, (self.folder / "without/ablation.svg").read_text())
        self.assertIn(title, (self.folder / "with/ablation.svg").read_text())


if __name__ == "__main__":
    unittest.main()
