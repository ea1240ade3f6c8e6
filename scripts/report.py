#!/usr/bin/env python3
"""Writes one self-contained HTML page from result files alone.

    .venv/bin/python scripts/report.py RESULT.h5… [--arms FOLDER] [--out PAGE.html]      (default: beside the first result)
"""
import argparse
import html
import io
import pathlib
import re

import arms
import figures
import numpy as np
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


def number(value: float, digits: int) -> str:
    return "—" if np.isnan(value) else f"{value:,.{digits}f}"


def cell(text: str) -> str:
    """A cell of the table, with the bounds of an interval in a second line."""
    value, bracket, bounds = html.escape(text).partition(" [")
    return f"<td>{value}<br><small>[{bounds}</small></td>" if bracket and bounds.endswith("]") else f"<td>{html.escape(text)}</td>"


def table_html(rows: list[dict]) -> str:
    head = ("strategy", "PLE in RAM", "PLE on file", "TTFT ms", "mean ms", "p99 ms", "exposed wait µs", "hits",
            "Δ ms per token [95 %]", "Δ nats [95 %]", "bit-exact")
    lines = ["<table><tr>" + "".join(f"<th>{h}</th>" for h in head) + "</tr>"]
    for row in rows:
        if row["status"] != "done":
            lines.append(f'<tr class="failed"><td>{html.escape(row["variant"])}</td><td colspan="{len(head) - 1}" '
                         f'style="text-align:left;white-space:normal">{html.escape(row["status"] + ": " + row["error"])}</td></tr>')
            continue
        base = row["is_baseline"]
        cells = (row["variant"], summary.bytes_text(row["fast"]), summary.bytes_text(row["file"]),
                 number(row["ttft"], 1), number(row["mean"], 3), number(row["p99"], 3), number(row["wait_us"], 1),
                 "—" if np.isnan(row["hit_rate"]) else f"{row['hit_rate']:.1%}",
                 "baseline" if base else summary.interval(row["delta_ms"], 3),
                 "baseline" if base else summary.interval(row["delta_nats"], 4),
                 "yes" if row["exact"] else "up to rounding" if row["strategy"] == "folded" else "no (ablation)")
        lines.append("<tr>" + "".join(cell(c) for c in cells) + "</tr>")
    return "\n".join(lines) + "</table>"


def figure_html(module, result: Result, prefix: str) -> str:
    svg = unique_ids(svg_of(module.draw(result)), prefix)
    return (f"<figure>{svg}<figcaption><b>{html.escape(module.TITLE)}.</b> {html.escape(module.CAPTION)}"
            "</figcaption></figure>")


def baselines(rows: list[dict]) -> str:
    """The variants that others are compared with, as the file names them."""
    names = sorted({row["baseline"] for row in rows if row["baseline"]})
    return ", ".join(names) or "no baseline"


def section(result: Result, index: int) -> str:
    rows = summary.variant_rows(result)
    modules = figures.applicable(result)
    drawn = [figure_html(m, result, f"r{index}f{i}-") for i, m in enumerate(modules)]
    badges = "".join(f'<span class="badge {tone}">{html.escape(name)}: {html.escape(value)}</span>'
                     for name, value, tone in summary.badges(result))
    config = html.escape(str(result.meta.get("config_yaml", "")))
    meta = "\n".join(f"{k}: {v}" for k, v in sorted(result.meta.items()) if k != "config_yaml")
    return "\n".join([
        f"<section><h1>{html.escape(result.name)}</h1>",
        f'<p class="claim">{html.escape(summary.sentence(result, rows))}</p><p>{badges}</p>',
        drawn[0] if drawn else "", table_html(rows) if rows else "",
        f'<p class="note">p99 is shown for at least {STEPS_FOR_P99:,} steps. Δ is the mean over repetitions '
        f"of the difference to {html.escape(baselines(rows))} at the same positions of the same text, with Student's interval over "
        "repetitions; the file computed it when the run ended.</p>" if rows else "",
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
    parser.add_argument("results", nargs="+", help="files that `plelab run` wrote")
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
