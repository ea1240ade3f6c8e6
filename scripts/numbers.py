#!/usr/bin/env python3
"""Checks that each published number is what its result file says; CONTRIBUTING.md describes the marks.

    .venv/bin/python scripts/numbers.py [--check | --write] [PAGE.md …]    (default: README.md and results/FINDINGS.md)

--check (the default) prints one line for each number that differs from its file, names none, or has no mark at all.
--write puts the files' numbers into the pages, with as many digits as stand there.
Exit codes: 0 all agree; 1 some do not; 2 a page cannot be read, or a mistake in the command.
"""
import sys

if __name__ == "__main__":
    from published.command import main

    sys.exit(main(__doc__))

# This file's name is that of a module of the standard library, which NumPy imports; scripts that stand beside this file
# would find this one first.  Whoever imports `numbers` gets the library's.
import importlib.util  # noqa: E402
import pathlib  # noqa: E402
import sysconfig  # noqa: E402

_spec = importlib.util.spec_from_file_location("numbers", pathlib.Path(sysconfig.get_path("stdlib")) / "numbers.py")
_module = importlib.util.module_from_spec(_spec)
sys.modules["numbers"] = _module
_spec.loader.exec_module(_module)
