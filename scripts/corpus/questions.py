"""Reads questions and their answers from the FAQs of Perl and Python.

A document is a question, a blank line and its answer.  Its key is the file and the number of the question in it.
"""

import re
from pathlib import PurePosixPath

from markup import rst_text
from readers import decode, unwrapped

# < and > stand for themselves only once no code is left to be read.
POD_CHARACTERS = {"lt": "\ue000", "gt": "\ue001", "verbar": "|", "sol": "/"}


def pod_text(source):
    """Returns Pod without its commands and codes.  Wrapped lines of prose are joined; what is indented stays as it is."""
    blocks = []
    for block in re.split(r"\n[ \t]*\n", source.strip("\n")):
        if re.match(r"=(?!item)", block) or not block.strip():
            continue
        if block[0].isspace():
            blocks.append(block)
            continue
        block = re.sub(r"^=item\s*", "", block)
        block = re.sub(r"E<(\w+)>", lambda m: POD_CHARACTERS.get(m[1], ""), block)
        for _ in range(3):  # codes within codes
            block = re.sub(r"[XZ]<[^<>]*>", "", block)
            block = re.sub(r"L<(?:([^<>|]*)\|)?([^<>|]*)>", lambda m: m[1] or m[2], block)
            block = re.sub(r"[BCFIS](?:<<+ (.*?) >>+|<([^<>]*)>)", lambda m: m[1] or m[2] or "", block, flags=re.S)
        if block.strip():
            blocks.append(unwrapped(block).translate({0xE000: "<", 0xE001: ">"}))
    return "\n\n".join(blocks)


def _numbered(path, pairs):
    name = PurePosixPath(path).name.split(".")[0]
    for index, (question, answer) in enumerate(pairs):
        if answer.strip():
            yield f"{name}/{index:03}", f"{unwrapped(question)}\n\n{answer}"


def perl_faq(files):
    for path, data in files:
        parts = re.split(r"^=head([12]) +(.*(?:\n.+)*)\n", decode(data), flags=re.M)
        sections = zip(parts[1::3], parts[2::3], parts[3::3])
        yield from _numbered(path, ((pod_text(head), pod_text(body)) for level, head, body in sections
                                    if level == "2" and head.rstrip().endswith("?")))  # fmt: skip


def python_faq(files):
    for path, data in files:
        parts = re.split(r"^(\S.*)\n([=\-~^])\2{2,}\n", decode(data), flags=re.M)
        sections = zip(parts[1::3], parts[3::3])
        yield from _numbered(path, ((rst_text(head), rst_text(body)) for head, body in sections
                                    if head.rstrip().endswith("?")))  # fmt: skip
