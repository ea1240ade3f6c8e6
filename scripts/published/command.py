"""The command line of scripts/numbers.py."""
import argparse
import pathlib
import sys

from published.cells import Results
from published.page import Page
from resultfile import one_line

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "results" / "FINDINGS.md")
AGREE, DIFFER, MISTAKE = 0, 1, 2


def shown(path: pathlib.Path) -> pathlib.Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def run(paths: list[pathlib.Path], results: Results, write: bool) -> int:
    pages = []
    for path in paths:
        try:
            pages.append((path, Page(str(shown(path)), path.read_text(encoding="utf-8"), results)))
        except (OSError, UnicodeDecodeError) as error:
            print(one_line(f"{path}: {getattr(error, 'strerror', None) or error}; expected a page of Markdown"), file=sys.stderr)
            return MISTAKE
    problems = 0
    for path, page in pages:
        page.check()
        if write and page.written() != page.text:
            path.write_text(page.written(), encoding="utf-8")
            print(f"{page.name}: numbers written")
            page = Page(page.name, page.written(), results)
            page.check()
        for problem in page.problems:
            print(one_line(f"{page.name}:{problem.line}: {problem.message}"))
        problems += len(page.problems)
        if not page.problems:
            print(f"{page.name}: {page.marks} marks agree with their files; {page.given} numerals are given, not measured")
    return DIFFER if problems else AGREE


def main(description: str) -> int:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=pathlib.Path, metavar="PAGE.md")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "results", help="the folder with findings/ and arms/")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="the default: change nothing")
    mode.add_argument("--write", action="store_true", help="put the files' numbers into the pages")
    options = parser.parse_args()
    return run([path.resolve() for path in options.pages] or list(PAGES), Results(options.results), options.write)
