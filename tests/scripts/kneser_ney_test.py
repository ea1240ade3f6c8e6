"""scripts/corpus/kneser_ney.py against counts by hand, and for probabilities that sum to 1."""

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/corpus"))
from kneser_ney import MAX_ORDER, KneserNey, bits_per_byte, per_document, windows  # noqa: E402

BOS = 2
IDS = np.array([2, 5, 6, 5, 6, 5, 7, 2, 5, 6, 8], "<u2")


class Windows(unittest.TestCase):
    def test_context_stops_at_the_beginning_of_the_document(self):
        contexts, words = windows(IDS, BOS, 3)
        self.assertEqual(words.tolist(), [5, 6, 5, 6, 5, 7, 5, 6, 8])
        self.assertEqual([c.tolist() for c in contexts], [[2, 2, 5, 6, 5, 6, 2, 2, 5], [2, 5, 6, 5, 6, 5, 2, 5, 6]])


class Probabilities(unittest.TestCase):
    def test_a_bigram_model_counted_by_hand(self):
        contexts, words = windows(IDS, BOS, 2)
        model = KneserNey(contexts, words, 16, 2)
        # Distinct bigrams end in 5 (after 2 and 6), 6 (after 5), 7 (after 5) and 8 (after 6).  Too few counts to
        # estimate discounts: 0.5, 0.75 and 0.9 are taken off counts of 1, 2 and more.
        left = (0.75 + 3 * 0.5) / 5
        unigram = {5: (2 - 0.75) / 5 + left / 16, 6: (1 - 0.5) / 5 + left / 16, 3: left / 16}
        # After 5 comes 6 three times, 7 once; 11 was never seen.
        want = [(3 - 0.9) / 4 + (0.9 + 0.5) / 4 * unigram[6], (0.9 + 0.5) / 4 * unigram[3], unigram[5]]
        np.testing.assert_allclose(model([np.array([5, 5, 11])], np.array([6, 3, 5])), want, atol=1e-12)

    def test_probabilities_sum_to_1_and_beat_chance(self):
        text = np.minimum(np.random.default_rng(1).geometric(0.1, 20000) + 2, 60).astype("<u2")
        text[::100] = BOS
        for order in range(2, MAX_ORDER + 1):
            contexts, words = windows(text, BOS, order)
            model = KneserNey(contexts, words, 64, order)
            np.testing.assert_allclose(model.sums([c[:50] for c in contexts]), 1.0, atol=1e-12)
            self.assertGreater(np.log(model(contexts, words)).mean(), np.log(1 / 64))

    def test_repetition_is_learnt_by_the_order_that_can_see_it(self):
        # Of the cycle 5 6 7 5 6 8 a bigram cannot tell what follows 6, a trigram cannot either, a 4-gram can.
        text = np.array([BOS] + [5, 6, 7, 5, 6, 8] * 200, "<u2")
        nats = {}
        for order in (2, 3, 4):
            contexts, words = windows(text, BOS, order)
            nats[order] = -np.log(KneserNey(contexts, words, 16, order)(contexts, words)).mean()
        self.assertGreater(nats[3], 0.2)
        self.assertLess(nats[4], 0.1)


class Accounts(unittest.TestCase):
    def test_bits_per_byte_by_domain(self):
        table = {"domain": [0, 1, 0], "domains": ["a", "b"], "bytes": [1, 2, 3]}
        self.assertEqual(bits_per_byte(np.array([1.0, 6.0, 7.0]), table, "domain"), {"a": 2.0, "b": 3.0})

    def test_sums_per_document(self):
        self.assertEqual(per_document(np.ones(9), IDS, BOS).tolist(), [6.0, 3.0])


if __name__ == "__main__":
    unittest.main()
