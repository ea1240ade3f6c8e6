#!/usr/bin/env python3
"""Writes the training corpus: WORK/documents/{train,valid,test}.jsonl and a manifest.

The sources are Debian packages of public-domain and free text (sources.py).  The script needs apt-get and dpkg-deb but no
Python package.  The same packages give the same bytes; their versions and hashes are in the manifest.
usage: scripts/corpus/make_corpus.py [--work DIR] [--manifest FILE]
"""

import argparse
import hashlib
import json
from pathlib import Path

import cleaning
import debian_packages
import debian_texts
import readers
from sources import SOURCES

PROJECT = Path(__file__).resolve().parents[2]
HELD_OUT = ("northangerabbey", "persuasion")  # configs/text: what experiments measure on
SPLITS = {"test": 0.015, "valid": 0.01}  # of the bytes of a family of sources; the rest is for training


def fraction(text):
    """Returns a number in [0, 1) that depends on the text only."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def split(documents):
    """Sets "split" of a family's documents.  All documents of a key get the same split, so that a text and its
    translations stay together.

    Keys are taken in the order of their hash.  Each goes to the first split that still has room for at least half of its
    bytes, else to training.
    """
    sizes = {}
    for document in documents:
        sizes[document["key"]] = sizes.get(document["key"], 0) + len(document["text"].encode())
    left = {name: share * sum(sizes.values()) for name, share in SPLITS.items()}
    splits = {}
    for key in sorted(sizes, key=lambda k: fraction("split/" + k)):
        splits[key] = next((name for name in left if sizes[key] / 2 <= left[name]), "train")
        if splits[key] in left:
            left[splits[key]] -= sizes[key]
    for document in documents:
        document["split"] = splits[document["key"]]


def texts_made_before(work):
    """Returns the documents that make_texts.py uses too, by family, and the texts that must not be trained on."""
    novels = debian_texts.novels(work)
    held_out = [novels.pop(name) for name in HELD_OUT]
    made = {
        "novels": list(readers.chapters(novels)),
        "kjv": list(readers.bible_chapters(debian_texts.bible(work))),
        "devil": list(readers.grouped(debian_texts.devils_dictionary(work).split("\n\n"))),
    }
    return made, held_out


def raw_documents(source, debs, made):
    """Returns the (key, text) pairs of a source as its packages have them, sorted by key."""
    if source.family in made:
        return sorted(made[source.family])
    found = {}
    for package in source.packages:
        found.update(source.read(debian_packages.members(debs[package], source.pattern)))
    return sorted(found.items())


def chosen(source, documents, deduplicate):
    """Returns the cleaned documents of a source, up to its limit, as dictionaries."""
    code = source.domain == "code"
    left = source.limit * 1e6
    kept = []
    for key, text in sorted(documents, key=lambda d: fraction(f"order/{source.family}/{d[0]}")):
        text = cleaning.clean_code(text) if code else cleaning.clean_prose(text)
        good = cleaning.is_code if code else cleaning.is_prose
        if left <= 0 or not good(text):
            continue
        text = deduplicate(text, by_paragraph=not code)
        if not good(text):
            continue
        left -= len(text.encode())
        kept.append({"id": f"{source.name}/{key}", "key": f"{source.family}/{key}", "domain": source.domain,
                     "language": source.language, "text": text})  # fmt: skip
    return kept


def summary(documents, keys):
    """Counts documents and UTF-8 bytes, grouped by what `keys` returns for a document."""
    table = {}
    for document in documents:
        row = table.setdefault(keys(document), {"documents": 0, "bytes": 0})
        row["documents"] += 1
        row["bytes"] += len(document["text"].encode())
    return dict(sorted(table.items()))


def write_split(path, documents):
    """Writes one JSON object per line, in the order of a hash, so that every stretch of the file has all domains."""
    documents = sorted(documents, key=lambda d: fraction("shuffle/" + d["id"]))
    written = ("id", "domain", "language", "text")
    lines = (json.dumps({key: d[key] for key in written}, ensure_ascii=False) + "\n" for d in documents)
    data = "".join(lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {**{k: v for row in summary(documents, lambda d: "").values() for k, v in row.items()},
            "sha256": hashlib.sha256(data).hexdigest(),
            "by_domain": summary(documents, lambda d: d["domain"])}  # fmt: skip


def make(work):
    """Writes the three splits under work/documents and returns the manifest."""
    debs = {package: debian_packages.fetch(package, work / "debs") for s in SOURCES for package in s.packages}
    made, held_out = texts_made_before(work)
    deduplicate = cleaning.Deduplicator()
    for text in held_out:
        deduplicate.reserve(cleaning.clean_prose(text))
    documents, rows = [], []
    for source in SOURCES:
        kept = chosen(source, raw_documents(source, debs, made), deduplicate)
        if not kept:
            raise SystemExit(f"make_corpus.py: nothing left of {source.name}: has {source.packages} changed its layout?")
        documents += kept
        size = sum(len(d["text"].encode()) for d in kept)
        rows.append({"source": source.name, "domain": source.domain, "language": source.language,
                     "licence": source.licence, "packages": list(source.packages), "documents": len(kept),
                     "bytes": size})  # fmt: skip
        print(f"{source.name:24} {source.domain:11} {len(kept):6,} documents {size:11,} bytes", flush=True)
    for family in {s.family for s in SOURCES}:
        split([d for d in documents if d["key"].startswith(family + "/")])
    return {
        "splits": {name: write_split(work / f"documents/{name}.jsonl", [d for d in documents if d["split"] == name])
                   for name in ("train", "valid", "test")},
        "by_language": summary(documents, lambda d: "code" if d["domain"] == "code" else d["language"]),
        "duplicates_dropped": deduplicate.dropped,
        "sources": rows,
        "packages": {package: debian_packages.describe(deb) for package, deb in sorted(debs.items())},
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="folder for downloads and documents")
    parser.add_argument("--manifest", type=Path, help="default: WORK/manifest.json")
    args = parser.parse_args()
    manifest = make(args.work)
    path = args.manifest or args.work / "manifest.json"
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    for name, row in manifest["splits"].items():
        print(f"{name:6} {row['documents']:7,} documents {row['bytes']:12,} bytes  {row['sha256']}")


if __name__ == "__main__":
    main()
