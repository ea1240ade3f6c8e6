"""The table of sources: what is read from which package, in which domain and language, under which licence.

Licences are those that the packages' copyright files state.  The order of sources matters: of repeated text only the first
occurrence is kept.
"""

from dataclasses import dataclass
from functools import partial
from typing import Callable

import readers


@dataclass(frozen=True)
class Source:
    family: str  # sources of one family share keys across languages, and therefore splits
    domain: str
    language: str
    licence: str
    packages: tuple
    pattern: str  # regular expression for the paths of the wanted files
    read: Callable  # (files) → (key, text)…
    limit: float = 1e9  # megabytes of clean text to keep at most; documents are taken in the order of their hash

    @property
    def name(self):
        return f"{self.family}-{self.language}"


CAMPAIGNS = tuple(f"wesnoth-1.16-{name}" for name in
                  "dm dw ei httt l low nr sof sota sotbe thot trow tsg ttb utbs did".split())  # fmt: skip
SAYINGS = "art|computers|cookie|debian|definitions|education|food|goedel|law|linux|literature|love|magic|medicine|" \
          "miscellaneous|news|paradoxum|people|perl|pets|platitudes|riddles|science|sports|tao|wisdom|work"  # fmt: skip
SPRUECHE = "anekdoten|beilagen|brot|dessert|gedichte|hauptgericht|huhn|kalt|kuchen|letzteworte|mathematiker|murphy|" \
           "plaetzchen|quiz|regeln|salat|sauce|sprichworte|stilblueten|suppe|tips|unfug|vorspeise|witze|woerterbuch|" \
           "wusstensie|zitate"  # fmt: skip
HANDBOOK_LANGUAGES = {"en": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}


def translated(family, domain, licence, packages, pattern, read, limits):
    """Yields one source per language; {language} in `packages` and `pattern` is replaced by it."""
    for language, limit in limits.items():
        yield Source(family, domain, language, licence, tuple(p.format(language=language) for p in packages),
                     pattern.format(language=language), read, limit)  # fmt: skip


SOURCES = [
    Source("kjv", "scripture", "en", "public domain", ("bible-kjv", "bible-kjv-text"), "", None),
    Source("reina-valera", "scripture", "es", "public domain", ("sword-text-sparv",), r"/modules/", readers.sword_module),
    Source("novels", "literature", "en", "public domain", ("r-cran-janeaustenr",), "", None),
    Source("henry", "literature", "en", "public domain", ("sword-comm-mhcc",), r"/modules/", readers.sword_module, 2.5),
    Source("spurgeon", "literature", "en", "public domain", ("sword-comm-tdavid",), r"/modules/",
           readers.sword_module, 2.5),  # fmt: skip
    *(Source("wesnoth", "tales", language, "GPL-2+", CAMPAIGNS, rf"\.cfg$|/locale/{language}/.*\.mo$",
             partial(readers.campaign, language=language)) for language in ("en", "de", "fr", "es")),  # fmt: skip
    Source("devil", "dictionary", "en", "public domain", ("dict-devil",), "", None),
    Source("gcide", "dictionary", "en", "GPL-2+ (the text of 1913: public domain)", ("dict-gcide",), r"gcide\.dict\.dz$",
           readers.gcide, 5),  # fmt: skip
    Source("foldoc", "dictionary", "en", "GFDL-1.2+", ("dict-foldoc",), r"foldoc\.dict\.dz$", readers.foldoc, 3),
    Source("jargon", "dictionary", "en", "public domain", ("dict-jargon",), r"jargon\.dict\.dz$", readers.foldoc),
    Source("fortunes", "sayings", "en", "BSD (the collection; sayings of many)", ("fortunes",), rf"/fortunes/({SAYINGS})$",
           readers.fortunes),  # fmt: skip
    Source("fortunes", "sayings", "de", "GPL-2+", ("fortunes-de",), rf"/fortunes/de/({SPRUECHE})$", readers.fortunes),
    Source("fortunes", "sayings", "es", "presumed public domain (the collection: GPL)", ("fortunes-es",),
           r"/fortunes/es/[^/.]*\.fortunes$", readers.fortunes),
    *(Source("debian-handbook", "manual", language, "GPL-2+ or CC-BY-SA-3.0", ("debian-handbook",),
             rf"/html/{folder}/.*\.html$", readers.handbook) for language, folder in HANDBOOK_LANGUAGES.items()),
    *translated("libreoffice-help", "manual", "MPL-2.0", ("libreoffice-help-{language}",), r"/text/.*\.html$",
                readers.libreoffice_help, {"de": 2.5, "fr": 2.5, "es": 2.5}),  # fmt: skip
    *translated("debian-reference", "manual", "GPL-2+", ("debian-reference-{language}",),
                r"/debian-reference/(ch|ap)\w*\.{language}\.html$", readers.docbook_pages,
                {"en": 2, "de": 2, "fr": 2, "es": 2}),  # fmt: skip
    *(Source("installation-guide", "manual", language, "GPL-2", ("installation-guide-amd64",),
             rf"/installation-guide-amd64/{language}/.*\.html$", readers.docbook_pages)
      for language in ("en", "de", "fr", "es")),
    Source("gnome-help", "manual", "en", "CC-BY-SA-3.0", ("gnome-user-docs",), r"/help/C/.*\.page$",
           readers.mallard_pages),  # fmt: skip
    *(Source("gnome-help", "manual", language, "CC-BY-SA-3.0", ("gnome-user-docs",), rf"/help/{language}/.*\.page$",
             readers.mallard_pages) for language in ("de", "fr", "es")),  # fmt: skip
    Source("abs-guide", "manual", "en", "public domain", ("abs-guide",), r"/html/.*\.html$",
           readers.abs_guide),  # fmt: skip
    Source("python-doc", "manual", "en", "PSF-2", ("python3.11-doc",), r"/_sources/.*\.rst\.txt$", readers.rst_pages, 3),
    Source("man", "reference", "en", "GPL-2+ and other free ones, by page", ("manpages", "manpages-dev"),
           r"/man/man\d/", readers.manual_pages, 3),  # fmt: skip
    *translated("man", "reference", "GPL-3+ and those of the originals", ("manpages-{language}",),
                r"/man/{language}/man\d/", readers.manual_pages, {"de": 2, "fr": 2, "es": 2}),  # fmt: skip
    Source("python", "code", "python", "PSF-2", ("libpython3.11-stdlib",),
           r"/python3\.11/(?!test/|.*/(idle_)?tests?/|.*pydoc_data).*\.py$",
           partial(readers.code_files, root="/python3.11/"), 2.5),  # fmt: skip
    Source("go", "code", "go", "BSD-3-clause", ("golang-1.19-src",),
           r"/src/(?!cmd/|vendor/|internal/trace)(?!.*(testdata|_test\.go|zerr|zsys|tables)).*\.go$",
           partial(readers.code_files, root="/src/"), 2),  # fmt: skip
    Source("rust", "code", "rust", "MIT or Apache-2.0", ("rust-src",), r"/library/(core|alloc|std)/src/.*\.rs$",
           partial(readers.code_files, root="/library/"), 2),  # fmt: skip
]
