#!/usr/bin/env python3
"""Writes configs/text/*.txt (for measuring) and WORK/training.txt (for the vocabulary and for training).

The two novels for measuring are not part of training.txt, so that accuracy is always measured on unseen text.
The script needs apt and dpkg-deb but no Python package.
usage: scripts/corpus/make_texts.py [--work DIR]
"""

import argparse
import hashlib
from pathlib import Path

import debian_texts

PROJECT = Path(__file__).resolve().parents[2]
MEASURING = {"northanger_abbey": "northangerabbey", "persuasion": "persuasion"}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8")
    path.write_bytes(data)
    print(f"{hashlib.sha256(data).hexdigest()}  {len(data):>9,} bytes  {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="folder for downloads and training.txt")
    work = parser.parse_args().work
    novels = debian_texts.novels(work)
    for file, novel in MEASURING.items():
        write(PROJECT / f"configs/text/{file}.txt", novels.pop(novel))
    training = [*novels.values(), debian_texts.devils_dictionary(work), debian_texts.bible(work)]
    write(work / "training.txt", "\n".join(training))


if __name__ == "__main__":
    main()
