#!/usr/bin/env python3
"""Writes configs/tasks/TASK.jsonl, made from configs/text/persuasion.txt: four choices each, so chance is 25 %.

next_sentence shows two consecutive sentences.  The right choice is the third; the wrong choices are sentences from other
places.  sentence_ending shows a sentence and the next one up to a word in its middle.  The right choice is how that
sentence goes on; the wrong choices are how sentences from other places go on from their middle.  Wrong choices are about
as long as the right one.  The script needs the standard library only and writes the same bytes on every run.
usage: scripts/corpus/make_choices.py [--task NAME] [--documents N] [--out FILE]
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
    """Yields the sentences of each paragraph, in order: [[…], …]."""
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


def halves(sentence):
    """Returns the two parts of a sentence, cut at the space nearest to its middle."""
    cut = min((i for i, c in enumerate(sentence) if c == " "), key=lambda i: abs(i - len(sentence) / 2))
    return sentence[:cut], sentence[cut + 1 :]


class Novel:
    """The numbered sentences of a novel; finds places where sentences that fit follow each other in one paragraph."""

    def __init__(self, text):
        self.sentences, self.paragraphs = [], []
        for paragraph in sentences(text):
            self.paragraphs.append(range(len(self.sentences), len(self.sentences) + len(paragraph)))
            self.sentences += paragraph

    def runs(self, length):
        """Returns the first places of all runs of `length` sentences that all fit."""
        ends = ((start, p.stop) for p in self.paragraphs for start in p)
        return [s for s, stop in ends if s + length <= stop and all(map(fits, self.sentences[s : s + length]))]


def next_sentence(novel, place):
    """Returns (context, right choice)."""
    first, second, third = novel.sentences[place : place + 3]
    return f"{first} {second}", third


def sentence_ending(novel, place):
    beginning, ending = halves(novel.sentences[place + 1])
    return f"{novel.sentences[place]} {beginning}", ending


# name: (documents, sentences in a row, makes context and right choice of a place, makes a choice of another sentence)
TASKS = {
    "next_sentence": (300, 3, next_sentence, lambda sentence: sentence),
    "sentence_ending": (300, 2, sentence_ending, lambda sentence: halves(sentence)[1]),
}


def documents(novel, task, count, rng):
    _, length, document, choice = TASKS[task]
    pool = [(place, choice(s)) for place, s in enumerate(novel.sentences) if fits(s)]
    for place in sorted(rng.sample(novel.runs(length), count)):
        context, right = document(novel, place)
        near = [s for p, s in pool if abs(p - place) > FAR and abs(len(s) - len(right)) <= 0.15 * len(right)]
        choices = [right, *rng.sample(sorted(set(near) - {right}), 3)]
        rng.shuffle(choices)
        yield {"context": context, "choices": choices, "gold": choices.index(right)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="next_sentence")
    parser.add_argument("--documents", type=int, help="default: as many as the shipped task has")
    parser.add_argument("--out", type=Path, help="default: configs/tasks/TASK.jsonl")
    args = parser.parse_args()
    out = args.out or PROJECT / f"configs/tasks/{args.task}.jsonl"
    novel = Novel((PROJECT / "configs/text/persuasion.txt").read_text(encoding="utf-8"))
    made = list(documents(novel, args.task, args.documents or TASKS[args.task][0], random.Random(0)))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(json.dumps(d, ensure_ascii=False) + "\n" for d in made), encoding="utf-8")
    print(f"{len(made)} documents, {out.stat().st_size:,} bytes: {out}")


if __name__ == "__main__":
    main()
