#!/usr/bin/env python3
"""Writes one self-contained HTML page from result files alone.

    .venv/bin/python scripts/report.py RESULT.h5… [--arms FOLDER] [--out PAGE.html]      (default: beside the first result)

A file that scripts/replay_to_hdf5.py made becomes the section "Your storage".
"""
import argparse
import html
import io
import pathlib
import re

import arms
import figures
import headline
import numpy as np
import roofline
import storage_section
import summary
from figures.style import plt
from resultfile import STEPS_FOR_P99, Result, main_guard, one_line

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2330;max-width:1060px;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.35rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
.claim{font-size:1.25rem;line-height:1.4;margin:.9rem 0;font-weight:600}
.badge{display:inline-block;border-radius:1rem;padding:.1rem .7rem;margin:.1rem .3rem .1rem 0;font-size:.82rem;background:#eef0f4}
.good{background:#dff3e8}.warn{background:#fdebd0}
table{border-collapse:collapse;width:100%;font-size:.86rem;margin:.8rem 0}
th,td{padding:.3rem .4rem;border-bottom:1px solid #e3e6ec;text-align:right;white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{text-align:left}tr.failed td{color:#a33}th{font-weight:600;vertical-align:bottom;white-space:normal}
td small{color:#667}svg{width:100%;height:auto}figure{margin:1rem 0}figcaption,.note{color:#667;font-size:.85rem}
pre{background:#f4f5f8;padding:.7rem;overflow-x:auto;font-size:.82rem;border-radius:.4rem}
details{margin:.6rem 0}summary{cursor:pointer}ul{margin:.3rem 0}
"""


def svg_of(figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg"):]


def unique_ids(svg: str, prefix: str) -> str:
    """Prefixes the ids of an SVG, because two figures on one page must not share ids."""
    return re.sub(r'(id="|url\(#|href="#)', lambda m: m.group(1) + prefix, svg)


NOTHING = "—"


def number(value: float, digits: int) -> str:
    return NOTHING if np.isnan(value) else f"{value:,.{digits}f}"


def cell(text: str) -> str:
    """A cell of a table: the bounds of an interval, and what is said of a value, in lines of their own."""
    value, *remarks = text.split("\n")
    value, bracket, bounds = html.escape(value).partition(" [")
    lines = ([f"[{bounds}"] if bracket and bounds.endswith("]") else []) + [html.escape(remark) for remark in remarks]
    if bracket and not bounds.endswith("]"):
        value += f" [{bounds}"
    return f"<td>{value}" + "".join(f"<br><small>{line}</small>" for line in lines) + "</td>"


def difference(row: dict, statistic: str) -> str:
    """A paired difference with its interval, and beside it what the margin says."""
    value = row[f"{statistic}_difference"]
    if np.isnan(value[0]):
        return NOTHING
    said = [f"margin: {row[f'{statistic}_verdict']}"] if row[f"{statistic}_verdict"] else []
    return "\n".join([summary.interval(value, 3), *said, *(row["remarks"] if statistic == "mean" else [])])


def output_text(row: dict) -> str:
    # Finished inputs that `plelab pack` wrote may have been rounded to fewer bits.
    near = row["strategy"] == "folded" and not row["packed"]
    return "bit-exact" if row["exact"] else "up to rounding" if near else "an ablation"


# What the tables show of a variant: (heading, text of a row).  A column that says nothing of any variant is left out.
COSTS = (
    ("group", lambda r: r["group"] or NOTHING), ("compared with", lambda r: r["baseline"] or NOTHING),
    ("PLE in RAM", lambda r: summary.bytes_text(r["fast"])), ("PLE on file", lambda r: summary.bytes_text(r["file"])),
    ("TTFT ms", lambda r: number(r["ttft"], 1)), ("median ms", lambda r: number(r["median"], 3)),
    ("p99 ms", lambda r: number(r["p99"], 3)),
    ("Δ median ms [95 %]", lambda r: difference(r, "median")),
    ("% of a step", lambda r: NOTHING if np.isnan(r["percent"]) else f"{r['percent']:+.1f} %"),
    ("mean ms", lambda r: number(r["mean"], 3)), ("Δ mean ms [95 %]", lambda r: difference(r, "mean")),
    ("Δ nats [95 %]", lambda r: NOTHING if np.isnan(r["delta_nats"][0]) else summary.interval(r["delta_nats"], 4)),
    ("output", output_text))
EXPLAINS = (
    ("helper threads", lambda r: number(r["helper_threads"], 0)), ("held in RAM", lambda r: summary.bytes_text(r["held"])),
    ("exposed wait µs", lambda r: number(r["wait_us"], 1)), ("hidden wait µs", lambda r: number(r["hidden_us"], 1)),
    ("in reads µs", lambda r: number(r["read_us"], 1)),
    ("hits", lambda r: NOTHING if np.isnan(r["hit_rate"]) else f"{r['hit_rate']:.1%}"),
    ("asked per token", lambda r: summary.bytes_text(r["asked"])), ("moved per token", lambda r: summary.bytes_text(r["moved"])),
    ("guest cold", lambda r: r["cold"][0] or NOTHING), ("device cold", lambda r: r["cold"][1] or NOTHING))
BASELINE = "baseline"
NOT_OF_BASELINES = ("Δ median ms [95 %]", "Δ mean ms [95 %]", "Δ nats [95 %]")


def texts(row: dict, columns) -> list[str]:
    if row["status"] != "done":
        return [NOTHING] * len(columns)
    return [BASELINE if row["is_baseline"] and heading in NOT_OF_BASELINES else text(row) for heading, text in columns]


def shown_columns(rows: list[dict], columns) -> list[tuple]:
    """Those that say something of a variant, and what names groups and baselines only where there are several."""
    several = {"group": len({row["group"] for row in rows}) > 1,
               "compared with": len({row["baseline"] for row in rows if row["baseline"]}) > 1}
    said = [{text for text in column if text not in (NOTHING, BASELINE)} for column in zip(*(texts(row, columns) for row in rows))]
    return [column for column, words in zip(columns, said) if words and several.get(column[0], True)]


def table_html(rows: list[dict], columns) -> str:
    columns = shown_columns(rows, columns)
    if not columns:
        return ""
    lines = ["<table><tr>" + "".join(f"<th>{heading}</th>" for heading, _ in (("variant", None), *columns)) + "</tr>"]
    for row in rows:
        if row["status"] != "done":
            lines.append(f'<tr class="failed"><td>{html.escape(row["variant"])}</td><td colspan="{len(columns)}" '
                         f'style="text-align:left;white-space:normal">{html.escape(row["status"] + ": " + row["error"])}</td></tr>')
        else:
            lines.append("<tr>" + "".join(cell(text) for text in (row["variant"], *texts(row, columns))) + "</tr>")
    return "\n".join(lines) + "</table>"


def tables_html(result: Result, rows: list[dict]) -> str:
    """What each variant costs, and what explains it."""
    if not rows:
        return ""
    parts = [table_html(rows, COSTS)]
    timed = len(result.table("steps")) > 0
    if timed and len(result.table("comparisons")):
        parts.append(f'<p class="note">Compared with {html.escape(baselines(rows))}, at the same positions of the same text. Δ median: '
                     "Hodges–Lehmann on the medians of the repetitions, with the interval of the signed-rank test, also in % of the "
                     "baseline's median step. Δ mean: the mean over repetitions, with Student's interval. The run computed both "
                     "(/tables/comparisons). Margin: pass where the interval lies within it, fail where it lies outside, else undecided. "
                     f"p99 needs {STEPS_FOR_P99:,} steps.</p>")
    elif timed:
        parts.append('<p class="note">This file has no /tables/comparisons (schema_version 1), so it compares no times.</p>')
    explained = table_html(rows, EXPLAINS) if timed else ""
    if explained:
        parts += ["<p><b>What explains it</b></p>", explained,
                  '<p class="note">What placement costs is the difference of step times in the first table. Exposed wait (the model stood '
                  "still for rows) and hidden wait (reading that overlapped computing) explain it and are not the cost: computing slows "
                  "too while rows are read beside it. Guest cold: no page of the rows was in the page cache. Device cold: reads were no "
                  "faster than those of bytes that were never read; nothing is said of caches of a host.</p>"]
    return "\n".join(parts)


def parts_html(result: Result) -> str:
    """What the parts of a step read and take: of the first baseline whose steps were observed."""
    variants = roofline.observed(result)
    if not variants:
        return ""
    variant = next((name for name in variants if result.is_baseline(name)), variants[0])
    rows = [*roofline.parts(result, variant).iterrows(), ("step", roofline.whole(result, variant))]
    lines = "".join("<tr>" + "".join(cell(text) for text in (
        name, summary.bytes_text(row["step_bytes"]), number(row["time_ns"] / 1e6, 3), number(row["gb_per_s"], 1),
        NOTHING if np.isnan(row["share"]) else f"{row['share']:.0%}")) + "</tr>" for name, row in rows)
    return (f"<p><b>What a step of {html.escape(variant)} reads and takes</b></p><table><tr><th>part</th><th>must read</th><th>ms</th>"
            f"<th>GB/s</th><th>of the run's {number(roofline.bandwidth(result, variant), 1)} GB/s</th></tr>{lines}</table>"
            '<p class="note">Steps observed after the timed ones of each repetition, at the position of the last; medians over repetitions. '
            "rows: the time of the model's thread in the source of PLE rows. Where the weights fit into caches, a part may read faster than "
            "the run's read loop, which reads memory.</p>")


def figure_html(module, result: Result, prefix: str) -> str:
    svg = unique_ids(svg_of(module.draw(result)), prefix)
    return (f"<figure>{svg}<figcaption><b>{html.escape(module.TITLE)}.</b> {html.escape(module.CAPTION)}"
            "</figcaption></figure>")


def baselines(rows: list[dict]) -> str:
    """The variants that others are compared with, as the file names them."""
    names = sorted({row["baseline"] for row in rows if row["baseline"]})
    return ", ".join(names) or "no baseline"


def section(result: Result, index: int) -> str:
    if result.is_replay:
        drawn = [figure_html(m, result, f"r{index}f{i}-") for i, m in enumerate(figures.applicable(result))]
        return storage_section.section(result, "\n".join(drawn))
    rows = summary.variant_rows(result)
    modules = figures.applicable(result)
    drawn = [figure_html(m, result, f"r{index}f{i}-") for i, m in enumerate(modules)]
    badges = "".join(f'<span class="badge {tone}">{html.escape(name)}: {html.escape(value)}</span>'
                     for name, value, tone in summary.badges(result))
    config = html.escape(str(result.meta.get("config_yaml", "")))
    meta = "\n".join(f"{k}: {v}" for k, v in sorted(result.meta.items()) if k != "config_yaml")
    return "\n".join([
        f"<section><h1>{html.escape(result.name)}</h1>",
        f'<p class="claim">{html.escape(headline.sentence(result))}</p><p>{badges}</p>',
        drawn[0] if drawn else "", tables_html(result, rows), parts_html(result),
        "<p><b>What this result cannot show</b></p><ul>" + "".join(f"<li>{html.escape(t)}</li>" for t in summary.cannot_tell(result))
        + "</ul>", f"<p><b>Reproduce</b></p><pre>{html.escape(summary.reproduce(result))}</pre>", *drawn[1:],
        f"<details><summary>The whole configuration</summary><pre>{config}</pre></details>",
        f"<details><summary>Machine, versions, hashes</summary><pre>{html.escape(meta)}</pre></details></section>"])


def arms_section(runs, folder: pathlib.Path) -> str:
    """The section about arms that were trained with and without PLE (scripts/arms.py)."""
    parts = [f"<section><h1>Models trained with and without PLE</h1><p>{len(runs)} training runs in {html.escape(str(folder))}. Differences are "
             "paired by seed, ± half the width of a 95 % interval (Student).</p>"]
    for i, (title, table, _, figure) in enumerate(arms.answers(runs)):
        if figure is not None:
            parts.append(f"<figure>{unique_ids(svg_of(figure), f'arms{i}-')}</figure>")
        rows = "".join(f"<tr><td>{html.escape(row.arm)}</td><td>{row.budget:,}</td><td>{row.difference:+.4f} ± {row.half:.4f}</td>"
                       f"<td>{row.seeds}</td></tr>" for row in table.itertuples())
        if not len(table):
            continue
        parts.append(f"<p><b>{html.escape(title)}</b></p><table><tr><th>arm</th><th>tokens</th><th>bits per byte</th><th>seeds</th></tr>"
                     f"{rows}</table>")
    return "\n".join(parts) + "</section>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", help="files that `plelab run` or scripts/replay_to_hdf5.py wrote")
    parser.add_argument("--arms", type=pathlib.Path, help="folder of `plelab train` results: adds a section that compares the arms")
    parser.add_argument("--out", type=pathlib.Path, help="the page to write (default: beside the first result)")
    arguments = parser.parse_args()
    results = [Result(path) for path in arguments.results]
    runs = arms.read_folder(arguments.arms) if arguments.arms else None
    arms.set_beside(results, arguments.arms)
    sections = []
    for i, result in enumerate(results):
        with result.reading():
            sections.append(section(result, i))
    if runs is not None:
        sections.append(arms_section(runs, arguments.arms))
    out = arguments.out or results[0].path.with_suffix(".html")
    out.write_text(f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>PLE Lab: {html.escape(results[0].name)}'
                   f"</title><style>{STYLE}</style></head><body>" + "<hr>".join(sections) + "</body></html>\n", encoding="utf-8")
    print(one_line(out))


if __name__ == "__main__":
    main_guard(main)
