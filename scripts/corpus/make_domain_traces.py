#!/usr/bin/env python3
"""Writes configs/traces/{gemma,small}/DOMAIN.json: token ids of texts from Debian packages, by domain and vocabulary.

`gemma` is Gemma's 262,144-piece vocabulary, which is fetched as make_trace.py does; `small` is that of configs/models/small.
Each trace says which versions of which packages it was made from; the same packages give the same bytes.
The script needs npm, apt-get, dpkg-deb and the packages of scripts/corpus/requirements.txt.
usage: scripts/corpus/make_domain_traces.py [--ids N] [--work DIR] [--out DIR] [DOMAIN…]
"""

import argparse
import hashlib
import json
from pathlib import Path

import debian_packages
import make_corpus
import sentencepiece
import trace_domains
from make_trace import PACKAGE, gemma_tokenizer

PROJECT = Path(__file__).resolve().parents[2]
SMALL = "configs/models/small/tokenizer.model"
PASSAGE = 800  # ids of a document at most
ANSWER = 300  # ids of an answer at most
USER, MODEL, END = "<start_of_turn>user\n", "<start_of_turn>model\n", "<end_of_turn>\n"


def turn_ids(text, encode):
    """A question and its answer in Gemma's chat template, as ids."""
    question, _, answer = text.partition("\n\n")
    return encode(USER + question + END + MODEL) + encode(answer)[:ANSWER] + encode(END)


def trace_of(documents, turns, encode, count):
    """Returns (ids, [(source, key, ids that it gave)]) of the first documents that make `count` ids."""
    ids, used = [], []
    for source, key, text in documents:
        if len(ids) >= count:
            break
        new = turn_ids(text, encode) if turns else encode(text)[:PASSAGE] + encode("\n\n")
        new = new[: count - len(ids)]
        ids += new
        used.append((source, key, len(new)))
    if len(ids) < count:
        raise SystemExit(f"make_domain_traces.py: {len(ids):,} ids, not {count:,}: have the packages changed their layout?")
    return ids, used


def provenance(used, debs):
    """What the trace says of each source that it has ids of."""
    rows = {}
    for source, key, ids in used:
        row = rows.setdefault(source.name, {
            "source": source.name, "language": source.language, "licence": source.licence, "documents": 0, "ids": 0,
            "packages": [{"package": p, **debian_packages.describe(debs[p])} for p in source.packages]})  # fmt: skip
        row["documents"] += 1
        row["ids"] += ids
    return list(rows.values())


def vocabularies(work):
    """Folder → (what a trace says of the vocabulary, text → ids)."""
    gemma = gemma_tokenizer(work)
    small = sentencepiece.SentencePieceProcessor(model_file=str(PROJECT / SMALL))
    return {
        "gemma": (f"npm:{PACKAGE}, {gemma.get_vocab_size(with_added_tokens=False)} pieces, no bos",
                  lambda text: gemma.encode(text, add_special_tokens=False).ids),
        "small": (f"{SMALL}, {small.vocab_size()} pieces, no bos", small.encode),
    }  # fmt: skip


def write(path, trace):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(trace, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path}: {len(trace['ids']):,} ids, {len(set(trace['ids'])):,} distinct, {path.stat().st_size:,} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [domain.name for domain in trace_domains.DOMAINS]
    parser.add_argument("domains", nargs="*", metavar="DOMAIN", help=f"{', '.join(names)}; default: all")
    parser.add_argument("--ids", type=int, default=32000, help="ids of each trace")
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="folder for downloads")
    parser.add_argument("--out", type=Path, default=PROJECT / "configs/traces")
    args = parser.parse_args()
    if unknown := set(args.domains) - set(names):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    debs = {package: debian_packages.fetch(package, args.work / "debs") for package in trace_domains.packages()}
    made, _ = make_corpus.texts_made_before(args.work)
    for domain in trace_domains.DOMAINS:
        if args.domains and domain.name not in args.domains:
            continue
        texts = trace_domains.documents(domain, debs, made)
        for folder, (vocabulary, encode) in vocabularies(args.work).items():
            ids, used = trace_of(texts, domain.turns, encode, args.ids)
            read = "".join(f"{key}\n{text}\n" for (_, key, text), _ in zip(texts, used))
            write(args.out / folder / f"{domain.name}.json",
                  {"tokenizer": vocabulary, "source": domain.about, "sha256": hashlib.sha256(read.encode()).hexdigest(),
                   "sources": provenance(used, debs), "ids": ids})  # fmt: skip


if __name__ == "__main__":
    main()
