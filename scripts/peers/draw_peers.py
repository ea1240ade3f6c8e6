"""Draws one overview of comparisons with peers, a row for each result file: how many times as fast as the peer this project is.

    .venv/bin/python scripts/peers/draw_peers.py RESULT.h5 … --out FOLDER

The files are those of compare_llama.py, compare_litert.py, compare_openvino.py and compare_transformers.py.  A point is the peer's
time ÷ ours with its 95 % interval.  Grey is the same of the peer's twin: how far from 1 two measurements of the same thing come.
"""
import argparse
import dataclasses
import pathlib

import numpy as np
from compare_llama import GGUF_OF
from peer_result import CONTROL_SUFFIX, OURS  # finds the modules of scripts/, which follow
from arms import key
from figures import style
from resultfile import Result, ResultError, main_guard, one_line, read_all

PANELS = {"step_ns": "Decode step", "prefill_ns": "Prompt"}
FORMATS = [*GGUF_OF, "float32"]  # as we call them, in the order of their rows
# The widest instructions of a CPU, by how the names of its features begin: CPUs of the same model name can differ in them.
WIDEST = {"amx": ", AMX", "avx512": ", AVX-512", "avx2": ", AVX2"}
NOTE = "each row is one result file · point: peer's time ÷ ours, 95 % interval over rounds · grey: peer's time ÷ its twin's · context: after the steps"


@dataclasses.dataclass(frozen=True)
class Row:
    result: Result
    cpu: str
    peer: str
    format: str  # of the weights, as we call it
    label: dict[str, str]  # its parts
    order: tuple  # by which rows of a CPU are sorted


def times_as_fast(result: Result, variant: str, metric: str) -> tuple[float, float, float]:
    """(peer's time ÷ the variant's, low, high).  The file has the ratio the other way round, so the interval's ends change places."""
    value, low, high = result.comparison(variant, "ratio", metric)
    return 1 / value, 1 / high, 1 / low


def check(result: Result) -> None:
    """Raises ResultError unless the file compares a text model with a peer."""
    found = f"experiment '{result.meta.get('experiment', 'none')}'" + " of an encoder" * ("tower" in result.meta)
    found += "".join(f", no ratio for {metric}" for metric in PANELS if np.isnan(result.comparison(OURS, "ratio", metric)[0]))
    if found != "experiment 'peers'":
        raise ResultError(f"{result.path}: expected a text model beside a peer, as scripts/peers/compare_llama.py writes it; found {found}")


def row_of(result: Result) -> Row:
    check(result)
    meta, peer = result.meta, result.baseline_of(OURS)
    theirs = meta["peer"].removeprefix(peer).strip() if "peer_bits_per_weight" in meta else meta["dtype"]
    ours = next((name for name, gguf in GGUF_OF.items() if gguf == theirs), theirs)
    path = pathlib.PurePath(meta["checkpoint"])  # MODEL, or MODEL/int4_embedding, as text_sides.packed names it
    model, kept = (path.parent.name, path.name[len(ours) + 1:].replace("_", " and ")) if path.name.split("_")[0] == ours else (path.name, "")
    prompt, warmup, tokens = (int(key(result, name)) for name in ("prompt_tokens", "warmup_steps", "decode_tokens"))
    cpu = meta["cpu_model"] + next((name for start, name in WIDEST.items() if f" {start}" in f" {meta['cpu_features']}"), "")
    label = {"side": f"{peer} {theirs}", "model": model, "weights": f"{result.weights} weights", "prompt": f"prompt {prompt:,}",
             "context": f"context {prompt + warmup + tokens:,}", "threads": f"threads {meta['threads']}",
             "kept": f"our {kept} in int8" * bool(kept), "layers": "all layers of ours" * ("prompt_layers: all" in meta["config_yaml"]),
             "control": "CONTROL FAILED" * (meta["control"] == "failed")}
    return Row(result, cpu, peer, ours, label, (peer.lower(), (FORMATS + [ours]).index(ours), model, prompt, int(meta["threads"]), tokens, kept))


def lines_of(rows: list[Row], hidden: list[str]) -> list[tuple[Row | None, str]]:
    """The rows with their labels, of which some parts are hidden, from bottom to top, and above those of each CPU its name."""
    lines = []
    for cpu in sorted({row.cpu for row in rows}):
        of_cpu = sorted((row for row in rows if row.cpu == cpu), key=lambda row: row.order)
        lines += [(None, cpu)] + [(row, " · ".join(said for part, said in row.label.items() if said and part not in hidden)) for row in of_cpu]
    return lines[::-1]


def draw_row(axes, y: float, row: Row, metric: str) -> None:
    twin, twin_low, twin_high = times_as_fast(row.result, row.peer + CONTROL_SUFFIX, metric)
    thick, place = 0.7 * style.size.body, (FORMATS + [row.format]).index(row.format)
    axes.plot([twin_low, twin, twin_high], [y] * 3, color="#D2D2D2", linewidth=thick, solid_capstyle="butt", marker="|", markevery=[1],
              markersize=thick, markeredgecolor="#777777", markeredgewidth=1.5, zorder=1, label="the peer's own twin")
    value, low, high = times_as_fast(row.result, OURS, metric)
    axes.errorbar(value, y, xerr=[[value - low], [high - value]], color=style.COLOURS[place], marker="osD^v"[place], capsize=2.5, zorder=3,
                  label=", ".join(filter(None, (row.format, GGUF_OF.get(row.format)))))
    style.beside(axes, np.nanmax([value, high, twin_high]), y, f"{value:.2f}")


def draw_panel(axes, lines: list[tuple[Row | None, str]], metric: str) -> None:
    axes.set_yticks(range(len(lines)), [text if style.starts_row(axes) else "" for _, text in lines])
    for y, (row, _) in reversed(list(enumerate(lines))):
        if row:
            draw_row(axes, y, row, metric)
        else:
            axes.get_yticklabels()[y].set_fontweight("bold")
            axes.axhspan(y - 0.5, y + 0.5, color="#F1F1F1", zorder=0)
    axes.axvline(1, color="#555555", linewidth=1, zorder=1.5)
    axes.set(ylim=(-0.6, len(lines) - 0.5), xlabel="times as fast as the peer (log)")


def draw(rows: list[Row]):
    common = [part for part in ("model", "threads", "weights") if len({row.label[part] for row in rows}) == 1]
    lines = lines_of(rows, common)
    figure, panels = style.panels(len(PANELS), 12.5, rows=0.7 * len(lines))
    for axes, metric in zip(panels, PANELS):
        draw_panel(axes, lines, metric)
        style.title(axes, ", ".join([PANELS[metric], *(rows[0].label[part] for part in common if part == "weights")]))
    reach = [x for axes in panels for x in axes.dataLim.intervalx]
    for axes in panels:
        axes.set_xlim(min(reach) / 1.15, max(reach) * 1.6)  # with room for the last number
        style.log_axis(axes.xaxis)
    style.legend_above(figure)
    style.note(figure, " · ".join([rows[0].label[part] for part in common] + [NOTE]))
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", help="files that scripts/peers/compare_llama.py or one like it wrote")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for peers.png, peers.svg and peers.pdf")
    options = parser.parse_args()
    rows = []
    for result in read_all(options.results):
        with result.reading():
            rows.append(row_of(result))
    options.out.mkdir(parents=True, exist_ok=True)
    for path in style.save(draw(rows), options.out / "peers"):
        print(one_line(path))


if __name__ == "__main__":
    main_guard(main)
