#!/usr/bin/env python3
"""Writes configs/tasks/next_sentence.jsonl: which sentence comes next in a novel?  Four choices, chance is 25 %.

Context: two sentences that follow each other in configs/text/persuasion.txt; right: the third; wrong: three sentences
from other chapters' places of about the same length.  Standard library only, the same bytes on every run.
usage: scripts/corpus/make_choices.py [--documents N] [--out FILE]
"""

import argparse
import json
import random
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHORTEST, LONGEST = 40, 220  # characters of a sentence
FAR = 200  # sentences between a wrong choice and the context
ABBREVIATIONS = ("Mr.", "Mrs.", "Dr.", "Col.", "Capt.", "St.", "Esq.")


def sentences(text):
    """Sentences of each paragraph, in order: [[…], …]."""
    for paragraph in re.split(r"\n\s*\n", text):
        plain = " ".join(paragraph.split())
        parts, start = [], 0
        for end in re.finditer(r"[.!?][\"”']?(?= [A-Z\"“])", plain):
            piece = plain[start : end.end()].strip()
            if piece.endswith(ABBREVIATIONS):
                continue
            parts.append(piece)
            start = end.end()
        parts.append(plain[start:].strip())
        yield [p for p in parts if p]


def fits(sentence):
    return SHORTEST <= len(sentence) <= LONGEST


def documents(text, count, rng):
    numbered = []  # (place in the novel, sentence)
    triples = []
    for paragraph in sentences(text):
        first = len(numbered)
        numbered += [(first + i, s) for i, s in enumerate(paragraph)]
        triples += [first + i for i in range(len(paragraph) - 2) if all(map(fits, paragraph[i : i + 3]))]
    pool = [(place, s) for place, s in numbered if fits(s)]
    for place in sorted(rng.sample(triples, count)):
        right = numbered[place + 2][1]
        near = [s for p, s in pool if abs(p - place) > FAR and abs(len(s) - len(right)) <= 0.15 * len(right)]
        choices = [right, *rng.sample(sorted(set(near) - {right}), 3)]
        rng.shuffle(choices)
        context = f"{numbered[place][1]} {numbered[place + 1][1]}"
        yield {"context": context, "choices": choices, "gold": choices.index(right)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--out", type=Path, default=PROJECT / "configs/tasks/next_sentence.jsonl")
    args = parser.parse_args()
    text = (PROJECT / "configs/text/persuasion.txt").read_text(encoding="utf-8")
    made = list(documents(text, args.documents, random.Random(0)))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(d, ensure_ascii=False) + "\n" for d in made), encoding="utf-8")
    print(f"{len(made)} documents, {args.out.stat().st_size:,} bytes: {args.out}")


if __name__ == "__main__":
    main()
