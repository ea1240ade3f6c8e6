"""scripts/corpus: which documents a domain's trace has, and the ids it makes of them."""

import json
import sys
import types
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts/corpus"))
# The tokenizers are no packages of the project's own; these tests bring an encoder that can be read.
for name in ("tokenizers", "sentencepiece"):
    sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules[name].__dict__.setdefault("Tokenizer", None)
import make_domain_traces  # noqa: E402
import questions  # noqa: E402
import trace_domains  # noqa: E402

TRACES = PROJECT / "configs/traces"
PIECES = {"gemma": 262144, "small": 8192}


def letters(text):
    return [ord(c) for c in text]


def spelled(ids):
    return "".join(map(chr, ids))


class Questions(unittest.TestCase):
    def test_pod_loses_its_codes_and_keeps_its_code(self):
        pod = "=head1 X\n\nUse C<< $a->b >> or\nL<perlop/\"I<x>\">, L<the page|perlfaq4>; C<1 E<lt> 2>.\n\n    my $x;\n    $x++;\n\n=over\n\n=item * one\n\n=back"
        self.assertEqual(questions.pod_text(pod), 'Use $a->b or perlop/"x", the page; 1 < 2.\n\n    my $x;\n    $x++;\n\n* one')

    def test_perl_faq_has_headings_that_ask(self):
        pod = b"=head1 NAME\n\nx\n\n=head2 Why is\nB<it>?\n\nBecause.\n\n=head2 No question\n\nx\n\n=head2 Empty?\n\n=head1 AUTHOR\n\ny\n"
        self.assertEqual(list(questions.perl_faq([("/a/perlfaq1.pod", pod)])), [("perlfaq1/000", "Why is it?\n\nBecause.")])

    def test_python_faq_has_headings_that_ask(self):
        page = b"FAQ\n===\n\nContents\n\nIs :mod:`x`\n----------\n\nno\n\nWhy?\n----\n\nSo\nit is.\n\nHow?\n----\n\nThus::\n\n   a = 1\n"
        self.assertEqual(list(questions.python_faq([("faq/general.rst.txt", page)])),
                         [("general/000", "Why?\n\nSo it is."), ("general/001", "How?\n\nThus:\n\n   a = 1")])  # fmt: skip


class Order(unittest.TestCase):
    def test_sources_take_turns_until_each_is_empty(self):
        self.assertEqual(trace_domains.in_turn([[1, 2, 3], [4], [5, 6]]), [1, 4, 5, 2, 6, 3])

    def test_a_conversation_asks_what_stands_together(self):
        pairs = [(f"{name}/{i:03}", f"{name} {i}?\n\nYes.") for name in ("a", "b") for i in range(7)]
        groups = trace_domains.conversations(reversed(pairs), "faq")
        self.assertEqual(sorted(len(g) for g in groups), [1, 1, 3, 3, 3, 3])
        self.assertEqual(sorted(key for group in groups for key, _ in group), sorted(f"faq/{key}" for key, _ in pairs))
        for group in groups:
            self.assertEqual([key for key, _ in group], sorted(key for key, _ in group))
            self.assertEqual(len({key.rsplit("/", 1)[0] for key, _ in group}), 1)
        self.assertNotEqual([g[0][0] for g in groups], sorted(g[0][0] for g in groups))

    def test_each_page_is_in_the_next_language_and_only_pages_that_all_have(self):
        pages = {language: [(key, f"{key} in {language}") for key in keys]
                 for language, keys in {"de": "abcde", "fr": "edba"}.items()}  # fmt: skip
        self.assertEqual(trace_domains.of_one_key_each(pages, ("de", "fr")),
                         [("a", "de", "a in de"), ("b", "fr", "b in fr"), ("d", "de", "d in de"), ("e", "fr", "e in fr")])  # fmt: skip
        self.assertEqual([key for key, *_ in trace_domains.of_one_key_each(pages, ("de",))], list("abde"))


class Ids(unittest.TestCase):
    def test_a_turn_has_the_template_and_an_answer_of_limited_length(self):
        ids = make_domain_traces.turn_ids("Why?\n\n" + "x" * 999, letters)
        self.assertEqual(spelled(ids), "<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n"
                         + "x" * make_domain_traces.ANSWER + "<end_of_turn>\n")  # fmt: skip

    def test_a_trace_ends_at_its_length_and_counts_what_each_document_gave(self):
        texts = [("s", "a", "x" * 999), ("s", "b", "yy"), ("s", "c", "zz"), ("s", "d", "never read")]
        passage = make_domain_traces.PASSAGE
        ids, used = make_domain_traces.trace_of(texts, False, letters, passage + 7)
        self.assertEqual(spelled(ids), "x" * passage + "\n\nyy\n\nz")
        self.assertEqual(used, [("s", "a", passage + 2), ("s", "b", 4), ("s", "c", 1)])

    def test_too_few_documents_are_refused(self):
        with self.assertRaisesRegex(SystemExit, "4 ids, not 9"):
            make_domain_traces.trace_of([("s", "a", "xy")], False, letters, 9)


class Shipped(unittest.TestCase):
    def test_every_domain_in_both_vocabularies_says_where_it_comes_from(self):
        for folder, pieces in PIECES.items():
            self.assertEqual({path.stem for path in (TRACES / folder).glob("*.json")}, {d.name for d in trace_domains.DOMAINS})
            for domain in trace_domains.DOMAINS:
                trace = json.loads((TRACES / folder / f"{domain.name}.json").read_text(encoding="utf-8"))
                self.assertEqual(len(trace["ids"]), 32000, domain.name)
                self.assertEqual(sum(source["ids"] for source in trace["sources"]), len(trace["ids"]))
                self.assertTrue(0 <= min(trace["ids"]) and max(trace["ids"]) < pieces)
                self.assertEqual({s["source"] for s in trace["sources"]}, {s.name for s in domain.sources})
                for source in trace["sources"]:
                    self.assertTrue(source["licence"] and all(p["version"] and len(p["sha256"]) == 64 for p in source["packages"]))

    def test_turns_stand_between_their_marks(self):
        """105 and 106 open and close a turn in both vocabularies; what is asked is answered before anybody asks again."""
        for folder in PIECES:
            for domain in (d for d in trace_domains.DOMAINS if d.turns):
                ids = json.loads((TRACES / folder / f"{domain.name}.json").read_text(encoding="utf-8"))["ids"]
                marks = [i for i in ids if i in (105, 106)]
                self.assertEqual(marks, [105, 106] * (len(marks) // 2) + [105] * (len(marks) % 2), domain.name)
                self.assertGreater(len(marks), 300)

    def test_the_pages_of_the_languages_are_the_same(self):
        for folder in PIECES:
            german, many = (json.loads((TRACES / folder / f"{name}.json").read_text(encoding="utf-8"))["sources"]
                            for name in ("german", "multilingual"))  # fmt: skip
            self.assertEqual([s["language"] for s in german], ["de"])
            self.assertEqual(tuple(s["language"] for s in many), trace_domains.HELP_LANGUAGES)
            counts = [s["documents"] for s in many]
            self.assertLessEqual(max(counts) - min(counts), 1)


if __name__ == "__main__":
    unittest.main()
