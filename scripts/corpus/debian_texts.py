"""Reads public-domain texts from Debian packages: six novels, a Bible and a dictionary.

Packages are downloaded with apt and unpacked into a work folder; they are never installed.
"""

import gzip
import re
import struct
import subprocess
import zlib
from pathlib import Path

NOVELS = ("emma", "mansfieldpark", "northangerabbey", "persuasion", "prideprejudice", "sensesensibility")


def unpack(packages, work):
    """Downloads Debian packages into work/debs and unpacks them into one folder, which it returns; it stands for `/`."""
    debs, root = work / "debs", work / "root"
    debs.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=debs, check=True, stdout=subprocess.DEVNULL)
        for deb in debs.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    return root


def r_strings(data):
    """Returns the strings of a character vector in R's XDR serialisation (STRSXP of CHARSXP)."""
    at = data.index(b"\x00\x00\x00\x10")  # the vector's type; its length follows
    (count,) = struct.unpack_from(">i", data, at + 4)
    at += 8
    strings = []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", data, at + 4)  # after the flags of the element
        strings.append(data[at + 8 : at + 8 + max(length, 0)].decode("utf-8"))
        at += 8 + max(length, 0)
    return strings


def paragraphs(lines):
    """Joins hard-wrapped lines and yields one string per paragraph."""
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        text = " ".join(block.split())
        if text:
            yield text


def novels(work):
    """Returns {name: text} from the lazy-load database of an R package, with one blank line between paragraphs."""
    data = unpack(["r-cran-janeaustenr"], work) / "usr/lib/R/site-library/janeaustenr/data"
    index = gzip.decompress((data / "Rdata.rdx").read_bytes())
    # The entries of the index are in the order of the names.  Each is an INTSXP of length 2: (offset, length).
    places = [struct.unpack(">ii", m) for m in re.findall(rb"\x00\x00\x00\r\x00\x00\x00\x02(.{8})", index, re.S)]
    blob = (data / "Rdata.rdb").read_bytes()
    texts = {}
    for name, (offset, length) in zip(NOVELS, places):
        raw = zlib.decompress(blob[offset + 4 : offset + length])  # the first 4 bytes are the uncompressed length
        texts[name] = "\n\n".join(paragraphs(r_strings(raw))) + "\n"
    # Cuts off a note on punctuation, which is the transcriber's and not the author's.
    texts["northangerabbey"] = texts["northangerabbey"].split("A NOTE ON THE TEXT")[0].rstrip() + "\n"
    return texts


def bible(work):
    """Returns the King James Version with one verse per line, a blank line between chapters and no verse numbers."""
    root = unpack(["bible-kjv", "bible-kjv-text"], work)
    command = [root / "usr/bin/bible", "-f", "-l10000", "-p", root / "usr/lib", "Gen1:1-Rev22:21"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    chapters, last = [], None
    for place, verse in re.findall(r"^(\d?[A-Za-z]+\d+):\d+ (.*)$", output, re.M):
        if place != last:
            chapters.append([])
            last = place
        chapters[-1].append(verse.strip())
    return "\n\n".join("\n".join(verses) for verses in chapters) + "\n"


def devils_dictionary(work):
    """Returns Bierce's Devil's Dictionary without the packager's heading."""
    path = unpack(["dict-devil"], work) / "usr/share/dictd/devil.dict.dz"
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    entries = list(paragraphs(text[text.index("PREFACE") :].split("\n")))
    return "\n\n".join(entries[:-1]) + "\n"  # the last entry is the dictionary server's alphabet
