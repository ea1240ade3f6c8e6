"""Readers, one function per kind of source: each takes the files of a package and yields the (key, text) of its documents.

A key names a document within its family of sources.  It is the same in every language, so that a text and its translations
are in the same split.
"""

import re
import struct
import zlib
from pathlib import PurePosixPath

from markup import markup_text, roff_text, rst_text

GROUP_BYTES = 4000  # short pieces (dictionary entries, sayings) are joined into documents of about this size
SECTION_BYTES = 16000  # long texts without chapters are cut into documents of about this size


def grouped(pieces, prefix="", size=GROUP_BYTES):
    """Joins consecutive short pieces into documents."""
    group, held, index = [], 0, 0
    for piece in pieces:
        group.append(piece)
        held += len(piece.encode())
        if held >= size:
            yield f"{prefix}{index:05}", "\n\n".join(group)
            group, held, index = [], 0, index + 1
    if group:
        yield f"{prefix}{index:05}", "\n\n".join(group)


def sections(text):
    """Yields (number, section) of a long text, which is cut between paragraphs."""
    return enumerate(section for _, section in grouped(filter(None, text.split("\n\n")), size=SECTION_BYTES))


def decode(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def unwrapped(text):
    return " ".join(text.split())


def html_pages(files, start=r"(?i)<body", key=r"[^/]+$", drop_classes=(), drop_tags=()):
    """Yields one document per page: the text from `start` on.  The document's key is what `key` matches in the path."""
    for path, data in files:
        page = decode(data)
        match = re.search(start, page)
        if match:
            yield re.search(key, path)[0], markup_text(page[match.start() :], drop_classes, drop_tags)


def libreoffice_help(files):
    return html_pages(files, start=r'<div id="DisplayArea"', key=r"text/.*", drop_classes=("MAC",))


def handbook(files):
    for key, text in html_pages(files, drop_classes=("docnav", "toc", "indexterm", "programlisting", "screen")):
        yield key, text.removeprefix("Download the ebook")


def abs_guide(files):
    """Reads the Advanced Bash-Scripting Guide without the line numbers of its listings."""
    for key, text in html_pages(files, drop_classes=("NAVHEADER", "NAVFOOTER", "TOC")):
        yield key, re.sub(r"^[^\S\n]*\d+[^\S\n]+", "", text, flags=re.M)


def docbook_pages(files):
    """Reads Debian's manuals.  ch01.de.html and ch01.en.html are one document in two languages and get one key."""
    for key, text in html_pages(files, drop_classes=("navheader", "navfooter", "toc", "programlisting", "screen")):
        yield re.sub(r"\.[a-z]{2}\.html$", ".html", key), text


def mallard_pages(files):
    return html_pages(files, start=r"<page", drop_tags=("info", "links", "media", "code"))


def rst_pages(files):
    for path, data in files:
        yield path.split("/_sources/")[-1], rst_text(decode(data))


def manual_pages(files):
    for path, data in files:
        yield PurePosixPath(path).name.removesuffix(".gz"), roff_text(decode(data))


def dictionary(files, clean):
    """Reads a dictd database.  An entry begins in the first column; the lines that belong to it are indented."""
    for _, data in files:
        entries = re.split(r"\n(?=\S)", decode(data))
        cleaned = (clean(entry) for entry in entries if not entry.startswith("00-database"))
        yield from grouped(entry for entry in cleaned if len(entry) > 20)


def _joined_entry(entry):
    """Returns the head and body of an entry, with wrapped lines joined within each paragraph."""
    entry = re.sub(r"\{([^{}]*)\}", lambda match: unwrapped(match[1]), entry)  # cross-references
    text = "\n".join(filter(None, map(unwrapped, re.split(r"\n\s*\n", entry))))
    return text.replace(" ,", ",")


def gcide(files):
    def clean(entry):
        entry = re.sub(r"\\[^\\\n]+\\|\(\?[^)\n]*\)", "", entry)  # pronunciation
        entry = re.sub(r"\[(?:1913 Webster|WordNet [\d.]+|PJC|GCIDE|\+?[A-Z]{2,5})[^\]]*\]", "", entry)
        return _joined_entry(entry)

    return dictionary(files, clean)


def foldoc(files):
    def clean(entry):
        return _joined_entry(re.sub(r"\(\d{4}-\d\d-\d\d\)", "", entry))

    return dictionary(files, clean)


def sword_module(files):
    """Reads a SWORD module of the kind zText or zCom: zlib blocks of OSIS, one per book or chapter."""
    data = {PurePosixPath(path).name: content for path, content in files}
    for index in sorted(name for name in data if re.fullmatch(r"[on]t\.[bc]zs", name)):
        blob = data[index[:-1] + "z"]
        for block, (offset, size, _) in enumerate(struct.iter_unpack("<III", data[index])):
            if not size:
                continue
            source = decode(zlib.decompress(blob[offset : offset + size]))
            source = re.sub(r"(</?transChange[^>]*>)", r" \1 ", source)  # inserted words have no spaces around them
            chapters = re.split(r"(?=<chapter [^>]*sID=)", source)
            for number, chapter in enumerate(chapters):
                chapter = re.sub(r"<title[^>]*>|</title>|<div[^>]*/>|<lg?[ />][^>]*>|</lg?>", "<p>", chapter)
                text = re.sub(r" (?=[,.;:?!])", "", markup_text(chapter, drop_tags=("note",)))
                for part, section in sections(text):
                    yield f"{index[:2]}/{block:03}/{number:03}/{part:02}", section


def messages(catalogue):
    """Returns {text: translation} of a GNU .mo file."""
    _, _, count, originals, translations, *_ = struct.unpack_from("<7I", catalogue)
    table = {}
    for i in range(count):
        strings = []
        for start in (originals, translations):
            length, offset = struct.unpack_from("<2I", catalogue, start + 8 * i)
            strings.append(catalogue[offset : offset + length].decode("utf-8", "replace"))
        table[strings[0]] = strings[1]
    return table


def campaign(files, language):
    """Reads the dialogue and narration of a Battle for Wesnoth campaign, in the order of its scenario files."""
    catalogues = [messages(data) for path, data in files if re.search(rf"/locale/{language}/.*\.mo$", path)]
    table = {key: value for catalogue in catalogues for key, value in catalogue.items()}
    for path, data in files:
        if not path.endswith(".cfg") or "/campaigns/" not in path:
            continue
        lines = []
        for string in re.findall(r'_\s*"((?:[^"]|"")*)"', decode(data)):
            string = string.replace('""', '"')
            text = string if language == "en" else table.get(string, "")
            if len(text) >= 20 and text not in lines[-3:]:
                lines.append(re.sub(r"</?[a-z]+[^>]*>", "", re.sub(r"^[\w ]+\^", "", text)))
        yield path.split("/campaigns/")[1], "\n\n".join(unwrapped(line) for line in lines)


def fortunes(files):
    """Reads sayings, which are separated by a % on a line of its own."""
    for path, data in files:
        sayings = (saying.strip() for saying in re.split(r"^%.*$", decode(data), flags=re.M))
        joined = (re.sub(r"\n(?![\s-])", " ", saying.expandtabs(4)) for saying in sayings)
        yield from grouped(filter(None, joined), prefix=PurePosixPath(path).name.split(".")[0] + "/")


def code_files(files, root):
    for path, data in files:
        try:
            yield path.split(root)[-1], data.decode("utf-8")
        except UnicodeDecodeError:
            continue


def chapters(texts):
    """Reads novels and yields one document per chapter."""
    for name, text in sorted(texts.items()):
        for index, chapter in enumerate(re.split(r"\n\n(?=(?:CHAPTER|Chapter) )", text)):
            yield f"{name}/{index:02}", chapter


def bible_chapters(text):
    for index, chapter in enumerate(text.split("\n\n")):
        yield f"{index:04}", chapter.strip()
