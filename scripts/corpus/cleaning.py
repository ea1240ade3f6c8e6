"""Cleans documents: unifies white space, and drops repeated paragraphs and near-duplicate documents."""

import hashlib
import re
import unicodedata
import zlib

PARAGRAPH_MIN = 60  # characters; shorter ones may repeat (headings, "Amen.")
SHINGLE_WORDS = 6
SHINGLE_SAMPLE = 16  # one shingle in 16 is kept, chosen by its hash, so the same text always gives the same shingles
SHINGLE_MIN = 8  # a document with fewer shingles is checked by its paragraphs only
NEAR_DUPLICATE = 0.5  # a document with at least this share of shingles seen before is dropped


def clean_prose(text):
    """Normalises to NFC, removes control and zero-width characters, and leaves single spaces and single blank lines."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    text = re.sub(r"[\u200b-\u200f\u2060\ufeff\u00ad]", "", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Co", "Cs", "Cn"))
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def clean_code(text):
    """Removes trailing blanks and repeated blank lines, and indents by tabs, because four spaces would be four tokens."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        body = line.lstrip(" \t")
        indent = len(line[: len(line) - len(body)].expandtabs(4))
        lines.append(("\t" * (indent // 4) + " " * (indent % 4) + body).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_prose(text, least_letters=0.6):
    letters = sum(c.isalpha() or c == " " for c in text)
    return len(text) >= 200 and letters >= least_letters * len(text)


def is_code(text):
    """Whether people wrote the code: it has no long lines, no tables of numbers and little outside ASCII."""
    if len(text) < 200 or max(map(len, text.split("\n"))) > 300:
        return False
    digits = sum(c.isdigit() for c in text)
    return digits < 0.1 * len(text) and sum(ord(c) > 127 for c in text) < 0.01 * len(text)


def shingles(text):
    """A sample of the hashes of all runs of six words (shingles)."""
    words = re.findall(r"\w+", text.lower())
    runs = (" ".join(words[i : i + SHINGLE_WORDS]).encode() for i in range(len(words) - SHINGLE_WORDS + 1))
    return {h for h in map(zlib.crc32, runs) if h % SHINGLE_SAMPLE == 0}


class Deduplicator:
    """Drops text that it has let through before.  The first occurrence is kept, so the order of documents matters."""

    def __init__(self):
        self._paragraphs, self._shingles = set(), set()
        self.dropped = {"paragraphs": 0, "paragraph_bytes": 0, "documents": 0, "document_bytes": 0}

    def reserve(self, text):
        """Marks text that must not be let through at all, such as the text that accuracy is measured on."""
        self._shingles |= shingles(text)
        self._paragraphs |= {self._hash(p) for p in text.split("\n\n") if len(p) >= PARAGRAPH_MIN}

    def __call__(self, text, by_paragraph):
        """Returns the text without paragraphs seen before, or "" if the document is a near duplicate."""
        seen = shingles(text)
        if len(seen) >= SHINGLE_MIN and len(seen & self._shingles) >= NEAR_DUPLICATE * len(seen):
            self._drop("document", text)
            return ""
        self._shingles |= seen
        return self._without_repeats(text) if by_paragraph else text

    def _without_repeats(self, text):
        kept = []
        for paragraph in text.split("\n\n"):
            if len(paragraph) >= PARAGRAPH_MIN:
                digest = self._hash(paragraph)
                if digest in self._paragraphs:
                    self._drop("paragraph", paragraph)
                    continue
                self._paragraphs.add(digest)
            kept.append(paragraph)
        return "\n\n".join(kept)

    def _drop(self, what, text):
        self.dropped[what + "s"] += 1
        self.dropped[what + "_bytes"] += len(text.encode())

    @staticmethod
    def _hash(paragraph):
        letters = re.sub(r"\W+", " ", paragraph.lower())
        return hashlib.blake2b(letters.encode(), digest_size=8).digest()
