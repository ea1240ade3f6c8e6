"""Prints the mutants of one source as JSON lines [line number, new text of that line].

Runs in .venv-mutation, the only place that has the mutation library: universalmutator (Groce et al., An Extensible,
Regular-Expression-Based Tool for Multi-Language Mutant Generation, ICSE 2018) with its rules for C++.
"""
import contextlib
import io
import json
import sys

from universalmutator import mutator

RULES = ["universal.rules", "c_like.rules", "cpp.rules"]

with open(sys.argv[1], encoding="utf-8") as file:
    source = file.readlines()
with contextlib.redirect_stdout(io.StringIO()):  # it reports on standard output
    mutants = mutator.mutants_regexp(source, ruleFiles=RULES, ignorePatterns=[])
for line, text, *_ in mutants:
    print(json.dumps([line, text]))
