#!/usr/bin/env python3
"""Draws every figure that a result file has data for, as PNG, SVG and PDF, whose text stays text.

    .venv/bin/python scripts/plot.py RESULT.h5 [--arms FOLDER] [--width column|page] [--out FOLDER]
"""
import argparse
import pathlib

import arms
import figures
from figures import style
from figures.style import plt
from resultfile import Result, ResultError, main_guard, one_line


def draw_all(result: Result, folder: pathlib.Path) -> list[pathlib.Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with result.reading():
        modules = figures.applicable(result)
    for module in modules:
        with result.reading():
            figure = module.draw(result)
        written += style.save(figure, folder / figures.name_of(module))
        plt.close(figure)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="a file that `plelab run` wrote")
    parser.add_argument("--arms", type=pathlib.Path, help="folder of `plelab train` results to draw beside an ablation")
    parser.add_argument("--width", choices=[name for name in style.SIZES if name != "screen"],
                        help="for print: one column (3.35 inches) or a page (6.9 inches); default: for a screen")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the figures (default: RESULT_figures/, with --width RESULT_figures_WIDTH/)")
    arguments = parser.parse_args()
    style.use(arguments.width or "screen")
    result = Result(arguments.result)
    arms.set_beside([result], arguments.arms)
    default = result.name + "_figures" + (f"_{arguments.width}" if arguments.width else "")
    written = draw_all(result, arguments.out or result.path.with_name(default))
    if not written:
        raise ResultError(f"{result.path}: no figure can be drawn from its tables")
    for path in written:
        print(one_line(path))


if __name__ == "__main__":
    main_guard(main)
