"""Extracts plain text from HTML, XML, roff and reStructuredText: one blank line between paragraphs, no style marks."""

import re
from html.parser import HTMLParser

INLINE = {"a", "abbr", "acronym", "app", "b", "bdi", "cite", "cmd", "code", "em", "emphasis", "file", "font", "gui",
          "guiseq", "i", "input", "kbd", "key", "keyseq", "link", "output", "q", "quote", "s", "samp", "small",
          "span", "strong", "sub", "sup", "sys", "tt", "u", "ulink", "var", "w", "transchange",
          "foreign", "divinename", "hi", "seg"}  # fmt: skip
SKIPPED = {"script", "style", "head", "nav", "aside", "info", "desc", "media", "milestone",
           "svg", "form", "noscript"}  # fmt: skip
VOID = {"img", "br", "hr", "meta", "col", "wbr", "area", "milestone"}
PREFORMATTED = {"pre", "screen", "programlisting", "code-block"}


class _Blocks(HTMLParser):
    """Collects blocks of text.  Every tag that is not inline ends a block."""

    def __init__(self, skipped_classes, skipped_tags):
        super().__init__(convert_charrefs=True)
        self.blocks, self._text = [], []
        self._skipped_classes, self._skipped_tags = skipped_classes, SKIPPED | skipped_tags
        self._skip, self._skip_depth, self._pre = None, 0, 0

    def handle_starttag(self, tag, attributes):
        if self._skip:
            self._skip_depth += tag == self._skip
            return
        classes = dict(attributes).get("class") or ""
        if tag not in VOID and (tag in self._skipped_tags or self._skipped_classes & set(classes.split())):
            self._skip, self._skip_depth = tag, 1
            return
        if tag == "br":
            self._text.append("\n" if self._pre else " ")
        elif tag not in INLINE:
            self._end()
        self._pre += tag in PREFORMATTED

    def handle_startendtag(self, tag, attributes):
        if tag not in INLINE and not self._skip:
            self._text.append(" ")

    def handle_endtag(self, tag):
        if self._skip:
            self._skip_depth -= tag == self._skip
            if self._skip_depth == 0:
                self._skip = None
            return
        if tag not in INLINE:
            self._end()
        if tag in PREFORMATTED and self._pre:
            self._pre -= 1

    def handle_data(self, data):
        if not self._skip:
            self._text.append(data)

    def _end(self):
        text = "".join(self._text)
        self._text = []
        text = "\n".join(line.rstrip() for line in text.strip("\n").split("\n")) if self._pre else " ".join(text.split())
        if text.strip():
            self.blocks.append(text)

    def close(self):
        super().close()
        self._end()


def markup_text(source, drop_classes=(), drop_tags=()):
    """Returns the text of HTML, DocBook, Mallard or OSIS."""
    parser = _Blocks(set(drop_classes), set(drop_tags))
    parser.feed(source)
    parser.close()
    return "\n\n".join(parser.blocks)


ROFF_CHARACTERS = {"aq": "'", "cq": "’", "oq": "‘", "lq": "“", "rq": "”", "dq": '"', "Fo": "«", "Fc": "»", "bq": "„",
                   "Bq": "„", "em": "—", "en": "–", "hy": "-", "bu": "•", "co": "©", "rg": "®", "tm": "™", "rs": "\\",
                   "ti": "~", "ha": "^", "ga": "`", "at": "@", "sh": "#", "mu": "×", "->": "→", "<=": "≤", ">=": "≥",
                   "+-": "±", "de": "°", "ul": "_", "ba": "|", "br": "|", "lB": "[", "rB": "]", "sq": "□", "dg": "†",
                   ":a": "ä", ":o": "ö", ":u": "ü", "ss": "ß", "'e": "é", "`e": "è", "fl": "fl", "fi": "fi",
                   "if": "∞", "mc": "µ", "*m": "µ", "*b": "β", "*a": "α", "*p": "π", "!=": "≠"}  # fmt: skip
ROFF_ESCAPE = re.compile(
    r"\\(?:\*?\((?P<two>..)|\*?\[(?P<long>[^\]]*)\]|f(?:\(..|\[[^\]]*\]|.)|s[+-]?\d+|[mM]\[[^\]]*\]"
    r"|[hvwo]'[^']*'|\*(?P<star>.)|(?P<one>.))"
)


def _roff_escape(match):
    if name := match["two"] or match["long"]:
        return ROFF_CHARACTERS.get(name, "")
    return {"-": "-", "e": "\\", "\\": "\\", " ": " ", "~": " ", "0": " ", "'": "'", "`": "`", ".": ".", "t": "\t",
            "(": ""}.get(match["one"], "")  # fmt: skip


def _roff_arguments(line):
    return [quoted.replace('""', '"') if quoted or not bare else bare
            for quoted, bare in re.findall(r'"((?:[^"]|"")*)"?|(\S+)', line)]  # fmt: skip


ROFF_BREAKS = {"SH", "SS", "PP", "P", "LP", "HP", "TP", "IP", "TQ", "RS", "RE", "nf", "fi", "EX", "EE", "sp"}
ROFF_FONTS = {"B": " ", "I": " ", "SM": " ", "SB": " ", "R": " ", "BR": "", "RB": "", "BI": "", "IB": "", "RI": "", "IR": ""}


class _Manual:
    """Collects the blocks of a manual page."""

    def __init__(self):
        self.blocks, self._lines = [], []
        self._kept = False  # whether line breaks are kept, as between .nf and .fi
        self._tag = False  # whether the next line is the tag of a .TP

    def end(self):
        text = "\n".join(self._lines) if self._kept else " ".join(" ".join(self._lines).split())
        if text.strip():
            self.blocks.append(text)
        self._lines = []

    def text(self, line):
        self._lines.append(ROFF_ESCAPE.sub(_roff_escape, line))
        if self._tag:
            self._lines[-1] += ":"
            self._tag = False

    def macro(self, name, arguments):
        if name in ROFF_BREAKS:
            self.end()
            self._kept = {"nf": True, "EX": True, "fi": False, "EE": False}.get(name, self._kept)
            self._tag = name in ("TP", "TQ")
            if name in ("SH", "SS") and arguments:
                self.blocks.append(ROFF_ESCAPE.sub(_roff_escape, " ".join(arguments)))
            elif name == "IP" and arguments:
                self.text(arguments[0])
        elif name in ROFF_FONTS:
            self.text(ROFF_FONTS[name].join(arguments))
        elif name in ("UR", "MT") and arguments:
            self.text(arguments[0])


def roff_text(source):
    """Returns the text of a manual page in man macros, or "" for a page that only points to another or uses mdoc macros."""
    if re.search(r"^\.(Dd|so)\b", source, re.M):
        return ""
    source = re.sub(r"^\.(TS|EQ|de\S*)\b.*?^\.(TE|EN|\.)", "", source, flags=re.S | re.M)  # tables, macros
    page = _Manual()
    for line in source.split("\n"):
        line = re.sub(r"\\[\"#].*", "", line)
        if line.startswith((".", "'")):
            name, _, rest = line[1:].strip().partition(" ")
            page.macro(name, _roff_arguments(rest))
        elif line.strip():
            page.text(line)
        else:
            page.end()
    page.end()
    return "\n\n".join(page.blocks)


def rst_text(source):
    """Returns reStructuredText without options of directives, roles and underlines.  Wrapped lines of prose are joined."""
    source = re.sub(r":(?:[a-zA-Z0-9+_-]+:)+`~?([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", source)  # roles
    source = re.sub(r"`([^`<]+?)\s*<[^`>]*>`__?", r"\1", source)  # links
    source = re.sub(r"\|([A-Za-z ]+)\|", r"\1", source)
    source = re.sub(r"^\.\. (?:(?:module|section)author|module|index|tabularcolumns)::.*\n(?:[ \t]+.*\n)*", "", source,
                    flags=re.M)  # fmt: skip
    blocks, literal = [], False
    for block in re.split(r"\n[ \t]*\n", source):
        lines = [line.rstrip() for line in block.strip("\n").split("\n")]
        lines = [line for line in lines if not re.fullmatch(r"\s*([=\-~^\"'*#+.:`])\1{2,}", line)]
        lines = [line for line in lines if not re.match(r"\s*:[\w -]+:(\s|$)", line)]
        lines = [re.sub(r"^(\s*)\.\. [\w:+-]+::\s*(?=\S)", r"\1", line) for line in lines]
        lines = [line for line in lines if not re.match(r"\s*\.\.(\s|$)|\s*\.\. _", line)]
        if not lines or "+---" in block or "+===" in block:  # tables
            continue
        indented = lines[0][:1].isspace()
        code = (literal and indented) or ">>>" in block or "\n    " in block.strip("\n") and indented
        text = "\n".join(lines) if code else " ".join(" ".join(lines).split())
        literal = text.endswith("::") or (literal and indented)
        text = re.sub(r"::$", ":", text)
        if text.strip(" :"):
            blocks.append(text if code else re.sub(r"(?<!\w)\*{1,2}([^*\s][^*]*)\*{1,2}", r"\1", text.replace("``", "`")))
    return "\n\n".join(blocks)
