"""scripts/corpus: text out of markup, cleaning, duplicates, splits."""

import struct
import sys
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/corpus"))
import cleaning  # noqa: E402
import make_corpus  # noqa: E402
import readers  # noqa: E402
from markup import markup_text, roff_text, rst_text  # noqa: E402
from sources import SOURCES  # noqa: E402

SENTENCES = [f"The {i}th of many quite different sentences says that {i * i} is the square of {i}." for i in range(99)]


class Markup(unittest.TestCase):
    def test_html_keeps_paragraphs_and_drops_what_is_not_text(self):
        page = """<body><nav><p>Home</p></nav><h1>A <em>title</em></h1><p>One &amp;
            two.<br>Three.</p><div class="toc"><div>1</div></div><pre>a\n  b</pre><script>x()</script></body>"""
        self.assertEqual(markup_text(page, drop_classes=("toc",)), "A title\n\nOne & two. Three.\n\na\n  b")

    def test_manual_page(self):
        page = '.TH X 1\n.SH NAME\nx \\- does \\fBit\\fP\n.TP\n.BR \\-a ", " \\-\\-all\nEvery\nthing.\n.nf\na  b\n c\n.fi\n'
        self.assertEqual(roff_text(page), "NAME\n\nx - does it\n\n-a, --all: Every thing.\n\na  b\n c")

    def test_manual_page_that_points_to_another(self):
        self.assertEqual(roff_text(".so man1/other.1\n"), "")

    def test_restructured_text(self):
        page = "Title\n=====\n\n.. index:: x\n   single: y\n\nCall :func:`~os.path` on\n``x``::\n\n   >>> x\n   1\n"
        self.assertEqual(rst_text(page), "Title\n\nCall os.path on `x`:\n\n   >>> x\n   1")


class Readers(unittest.TestCase):
    def test_sword_blocks(self):
        block = b'<chapter sID="1"/><w lemma="x">In</w> <w>the</w><transChange>very</transChange><w>beginning</w> .'
        packed = zlib.compress(block)
        files = [("m/ot.bzs", struct.pack("<III", 0, len(packed), len(block))), ("m/ot.bzz", packed), ("m/ot.bzv", b"")]
        self.assertEqual(list(readers.sword_module(files)), [("ot/000/001/00", "In the very beginning.")])

    def test_campaign_in_two_languages(self):
        original, translation = b"We must cross the river tonight.", "Wir müssen heute Nacht über den Fluss.".encode()
        catalogue = struct.pack("<7I4I", 0x950412DE, 0, 1, 28, 36, 0, 0, len(original), 44, len(translation), 77)
        files = [("./data/campaigns/A/1.cfg", b'message= _ "' + original + b'"\nname=_ "Short"'),
                 ("./locale/de/LC_MESSAGES/a.mo", catalogue + original + b"\0" + translation + b"\0")]  # fmt: skip
        self.assertEqual(list(readers.campaign(files, "en")), [("A/1.cfg", original.decode())])
        self.assertEqual(list(readers.campaign(files, "de")), [("A/1.cfg", translation.decode())])

    def test_short_pieces_make_documents(self):
        groups = list(readers.grouped(SENTENCES, size=1000))
        self.assertEqual("\n\n".join(text for _, text in groups), "\n\n".join(SENTENCES))
        self.assertTrue(all(1000 <= len(text) < 1200 for _, text in groups[:-1]))


class Cleaning(unittest.TestCase):
    def test_prose(self):
        self.assertEqual(cleaning.clean_prose("a\u00a0 b\u00ad\r\n\n\n\n e\u0301\x07 "), "a b\n\né")

    def test_code_is_indented_by_tabs(self):
        self.assertEqual(cleaning.clean_code("if x:\n        y  \n      z\n\n\n\nw"), "if x:\n\t\ty\n\t  z\n\nw")

    def test_repeated_paragraphs_go(self):
        deduplicate = cleaning.Deduplicator()
        repeated = SENTENCES[0] * 2
        self.assertEqual(deduplicate(f"One.\n\n{repeated}", by_paragraph=True), f"One.\n\n{repeated}")
        self.assertEqual(deduplicate(f"One.\n\n{repeated.upper()}\n\nTwo.", by_paragraph=True), "One.\n\nTwo.")

    def test_near_duplicates_go(self):
        deduplicate = cleaning.Deduplicator()
        text = "\n\n".join(SENTENCES)
        self.assertEqual(deduplicate(text, by_paragraph=False), text)
        self.assertEqual(deduplicate("\n".join(SENTENCES[10:90]) + " More.", by_paragraph=False), "")
        self.assertEqual(deduplicate.dropped["documents"], 1)

    def test_held_out_text_never_gets_in(self):
        deduplicate = cleaning.Deduplicator()
        deduplicate.reserve("\n\n".join(SENTENCES))
        self.assertEqual(deduplicate("\n".join(SENTENCES[10:90]), by_paragraph=False), "")
        self.assertEqual(deduplicate(f"New.\n\n{SENTENCES[5]}", by_paragraph=True), "New.")


class Splits(unittest.TestCase):
    def test_translations_stay_together_and_shares_are_of_bytes(self):
        documents = [{"key": f"man/{i}", "text": "x" * (1000 + i)} for i in range(1000) for _ in ("en", "de")]
        make_corpus.split(documents)
        by_key = {}
        for document in documents:
            by_key.setdefault(document["key"], set()).add(document["split"])
        self.assertEqual({len(splits) for splits in by_key.values()}, {1})
        total = sum(len(d["text"]) for d in documents)
        for name, share in make_corpus.SPLITS.items():
            size = sum(len(d["text"]) for d in documents if d["split"] == name)
            self.assertAlmostEqual(size / total, share, delta=0.002)

    def test_one_long_document_is_for_training(self):
        documents = [{"key": "a/1", "text": "x" * 1000}, {"key": "a/2", "text": "x"}]
        make_corpus.split(documents)
        self.assertEqual([d["split"] for d in documents], ["train", "test"])

    def test_sources_cover_domains_and_languages(self):
        self.assertGreaterEqual(len({s.domain for s in SOURCES}), 4)
        self.assertGreaterEqual({s.language for s in SOURCES}, {"en", "de", "fr", "es"})
        self.assertEqual(len({s.name for s in SOURCES}), len(SOURCES))


if __name__ == "__main__":
    unittest.main()
