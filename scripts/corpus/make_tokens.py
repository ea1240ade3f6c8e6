#!/usr/bin/env python3
"""Tokenizes WORK/documents and writes WORK/tokens/{train,valid,test}.bin and meta.json.

A .bin file holds uint16 little-endian ids; every document begins with <bos>.  meta.json records for each document where it
begins, its domain and its number of UTF-8 bytes, so that results can be given per domain and in bits per byte.
The script needs the packages of scripts/corpus/requirements.txt.
usage: scripts/corpus/make_tokens.py [--work DIR] [--vocabulary FILE] [--out DIR] [--train-tokens N]
"""

import argparse
import hashlib
import json
import sys
from array import array
from pathlib import Path

import sentencepiece

PROJECT = Path(__file__).resolve().parents[2]
BOS = 2
BYTES = (109, 365)  # ids of the pieces that stand for single bytes


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def little_endian(ids):
    ids = array("H", ids)
    if sys.byteorder == "big":
        ids.byteswap()
    return ids.tobytes()


def tokenize(lines, vocabulary):
    """Returns (ids, columns).  The columns are offset, domain, language and bytes, with a row for each document."""
    ids = array("H")
    columns = {"offset": [], "domain": [], "language": [], "bytes": []}
    for line in lines:
        document = json.loads(line)
        columns["offset"].append(len(ids))
        columns["domain"].append(document["domain"])
        columns["language"].append(document["language"])
        columns["bytes"].append(len(document["text"].encode()))
        ids.append(BOS)
        ids.extend(vocabulary.encode(document["text"]))
    return ids, columns


def some_documents(lines, vocabulary, tokens):
    """Returns whole documents with about `tokens` tokens in all: those with the smallest text hashes, in file order."""
    lines = list(lines)
    texts = [json.loads(line)["text"] for line in lines]
    chosen, held = set(), 0
    for index in sorted(range(len(lines)), key=lambda i: sha256(texts[i].encode())):
        if held >= tokens:
            break
        chosen.add(index)
        held += len(vocabulary.encode(texts[index]))
    return [line for index, line in enumerate(lines) if index in chosen]


def totals(columns, count, key):
    """Returns {value of the column `key`: documents, tokens without <bos>, bytes, bytes per token}."""
    table = {}
    ends = columns["offset"][1:] + [count]
    for value, begin, end, size in zip(columns[key], columns["offset"], ends, columns["bytes"]):
        row = table.setdefault(value, {"documents": 0, "tokens": 0, "bytes": 0})
        row["documents"] += 1
        row["tokens"] += end - begin - 1
        row["bytes"] += size
    for row in table.values():
        row["bytes_per_token"] = round(row["bytes"] / row["tokens"], 3)
    return dict(sorted(table.items()))


def coded(columns):
    """Returns the columns, with strings replaced by indices into lists of their distinct values."""
    coding = {key: sorted(set(columns[key])) for key in ("domain", "language")}
    table = {key + "s": values for key, values in coding.items()}
    for key, values in columns.items():
        table[key] = [coding[key].index(v) for v in values] if key in coding else values
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="holds documents/, receives tokens/")
    parser.add_argument("--vocabulary", type=Path, default=PROJECT / "configs/models/small/tokenizer.model")
    parser.add_argument("--train-tokens", type=int, default=0, help="keep about this many, in whole documents; 0: all")
    parser.add_argument("--out", type=Path, help="folder for the token files; default: WORK/tokens")
    args = parser.parse_args()
    out = args.out or args.work / "tokens"
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(args.vocabulary))
    meta = {"vocabulary_sha256": sha256(args.vocabulary.read_bytes()), "vocabulary_size": vocabulary.vocab_size(),
            "bos": BOS, "dtype": "uint16, little endian", "splits": {}}  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for split in ("train", "valid", "test"):
        with open(args.work / f"documents/{split}.jsonl", encoding="utf-8") as lines:
            if split == "train" and args.train_tokens:
                lines = some_documents(lines, vocabulary, args.train_tokens)
            ids, columns = tokenize(lines, vocabulary)
        data = little_endian(ids)
        (out / f"{split}.bin").write_bytes(data)
        byte_pieces = sum(map(ids.count, range(*BYTES)))
        meta["splits"][split] = {
            "ids": len(ids), "documents": len(columns["offset"]), "tokens": len(ids) - len(columns["offset"]),
            "bytes": sum(columns["bytes"]), "byte_pieces": byte_pieces, "sha256": sha256(data),
            "by_domain": totals(columns, len(ids), "domain"), "by_language": totals(columns, len(ids), "language"),
            "documents_table": coded(columns),
        }  # fmt: skip
        row = meta["splits"][split]
        print(f"{split:6} {row['documents']:6,} documents {row['tokens']:11,} tokens {row['bytes']:11,} bytes "
              f"{row['bytes'] / row['tokens']:.3f} bytes per token", flush=True)  # fmt: skip
    (out / "meta.json").write_text(json.dumps(meta, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
