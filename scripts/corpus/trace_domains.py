"""The domains of configs/traces: which texts each is made of, and in which order they are read.

A domain is a list of documents.  What stands in it, and where, follows from the hash of a document's name, so that both
halves of a domain have documents of all its sources.
"""

from dataclasses import dataclass, replace
from itertools import chain, zip_longest

import cleaning
import make_corpus
import questions
import readers
from sources import SOURCES, Source

TOGETHER = 3  # questions that follow each other in a FAQ are asked in one conversation
HELP_LANGUAGES = ("de", "fr", "es", "ru", "ja", "zh-cn")
HELP_MEGABYTES = 1  # of each language, enough for any trace
HELP_FOOTER = "\n\nHelp content debug info:"  # the same below each page, in no language but English


@dataclass(frozen=True)
class Domain:
    name: str
    about: str  # one line for the trace
    sources: tuple
    turns: bool = False  # whether a document's first paragraph is what a user says, and the rest the model's answer


def _of(*families):
    return tuple(s for s in SOURCES if s.family in families and (s.language == "en" or s.domain == "code"))


def _help(language):
    return Source("libreoffice-help", "manual", language, "MPL-2.0", (f"libreoffice-help-{language}",), r"/text/.*\.html$",
                  readers.libreoffice_help, HELP_MEGABYTES)  # fmt: skip


FAQS = (
    Source("perl-faq", "questions", "en", "Artistic or GPL-1+", ("perl-doc",), r"/perlfaq\d\.pod$", questions.perl_faq),
    Source("python-faq", "questions", "en", "PSF-2", ("python3.11-doc",), r"/_sources/faq/.*\.rst\.txt$",
           questions.python_faq),  # fmt: skip
)
DOMAINS = (
    Domain("books", "chapters of novels, of the Bible and of two commentaries on it, in English",
           _of("novels", "kjv", "henry", "spurgeon")),  # fmt: skip
    Domain("dictionary", "entries of four dictionaries, in English", _of("gcide", "foldoc", "jargon", "devil")),
    Domain("code", "files of the standard libraries of Python, Go and Rust", _of("python", "go", "rust")),
    Domain("chat", "questions and answers of the FAQs of Perl and Python as turns of a chat, in English", FAQS, turns=True),
    Domain("german", "pages of LibreOffice's help as turns of a chat: the heading asks, the page answers; in German",
           (_help("de"),), turns=True),  # fmt: skip
    Domain("multilingual", "the same pages in the same order, each in the next of German, French, Spanish, Russian, "
           "Japanese and Chinese", tuple(_help(language) for language in HELP_LANGUAGES), turns=True),  # fmt: skip
)


def in_turn(lists):
    """One element of each list, then the next of each, until all are empty."""
    return [element for group in zip_longest(*lists) for element in group if element is not None]


def conversations(pairs, family):
    """Questions in the order of their FAQ, in groups that follow each other there; the groups in the order of a hash."""
    files = {}
    for key, text in sorted(pairs):
        files.setdefault(key.split("/")[0], []).append((f"{family}/{key}", cleaning.clean_code(text)))
    groups = [pages[i : i + TOGETHER] for pages in files.values() for i in range(0, len(pages), TOGETHER)]
    return sorted(groups, key=lambda group: make_corpus.fraction("order/" + group[0][0]))


def cleaned(source, debs, made):
    """The (key, text) of a source's documents, cleaned, in the order of the hash of their key."""
    raw = make_corpus.raw_documents(source, debs, made)
    chosen = make_corpus.chosen(source, raw, cleaning.Deduplicator())
    return [(document["key"], document["text"].split(HELP_FOOTER)[0]) for document in chosen]


def of_one_key_each(pages, languages):
    """Page i of those that all have, in language i, i + 1, … of `languages`.  pages: language → [(key, text)]."""
    texts = {language: dict(documents) for language, documents in pages.items()}
    common = [key for key, _ in pages[languages[0]] if all(key in found for found in texts.values())]
    return [(key, language, texts[language][key]) for key, language in zip(common, languages * len(common))]


def documents(domain, debs, made):
    """Returns [(source, key, text)] of a domain in the order in which they are read."""
    if domain.sources == FAQS:
        groups = [[(source, group) for group in conversations(make_corpus.raw_documents(source, debs, made), source.family)]
                  for source in domain.sources]  # fmt: skip
        return [(source, key, text) for source, group in in_turn(groups) for key, text in group]
    if domain.turns:
        # Every language is read for German alone too, so that both domains have the same pages.
        by_language = {s.language: s for s in map(_help, HELP_LANGUAGES)}
        pages = {language: cleaned(source, debs, made) for language, source in by_language.items()}
        languages = tuple(source.language for source in domain.sources)
        return [(by_language[language], key, text) for key, language, text in of_one_key_each(pages, languages)]
    limited = [replace(source, limit=min(source.limit, 1)) for source in domain.sources]
    lists = [[(source, key, text) for key, text in cleaned(source, debs, made)] for source in limited]
    return in_turn(lists)


def packages():
    """Every package that a domain needs."""
    return sorted(set(chain.from_iterable(s.packages for d in DOMAINS for s in d.sources)))
