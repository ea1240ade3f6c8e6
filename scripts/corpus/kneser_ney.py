#!/usr/bin/env python3
"""Scores an interpolated modified Kneser-Ney model on WORK/tokens: the bits per byte that a trained model must beat.

The model is trained on train.bin and measured on test.bin, overall and by domain.  <bos> serves as context and is never
predicted.  N-grams are counted by sorting, with numpy only.  The method is that of Chen and Goodman, "An Empirical Study of
Smoothing Techniques for Language Modeling" (1998).
usage: scripts/corpus/kneser_ney.py [--work DIR] [--order N] [--split test] [--tokens DIR]
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
BITS = 13  # bits of an id; four ids and an index of contexts fit into 64 bits
MAX_ORDER = 5


def pack(columns):
    """Returns the keys of n-grams of up to 4 ids, with the first id in the highest bits."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        key = (key << BITS) | column
    return key


def windows(ids, bos, order):
    """Returns (contexts, words): each predicted token and its order - 1 predecessors, padded with <bos>."""
    starts = np.flatnonzero(ids == bos)
    position = np.arange(len(ids)) - starts[np.searchsorted(starts, np.arange(len(ids)), side="right") - 1]
    predicted = np.flatnonzero(ids != bos)
    back = np.arange(order - 1, 0, -1)
    contexts = [ids[np.where(position[predicted] >= b, predicted - b, predicted - position[predicted])] for b in back]
    return [c.astype(np.int64) for c in contexts], ids[predicted].astype(np.int64)


class Level:
    """The discounted counts of one order.  N-grams and contexts are sorted keys."""

    def __init__(self, context_keys, words, counts):
        """Each row is a distinct n-gram; rows are in the order of (context, word)."""
        self.contexts, first = np.unique(context_keys, return_index=True)
        sizes = np.diff(np.append(first, len(words)))
        self.grams = (np.repeat(np.arange(len(first)), sizes) << BITS) | words
        discounts = self._discounts(counts)
        totals = np.add.reduceat(counts, first)
        removed = discounts[np.minimum(counts, 3)]
        self.probability = (counts - removed) / np.repeat(totals, sizes)
        self.left_over = np.add.reduceat(removed, first) / totals  # the probability left for lower orders, by context

    @staticmethod
    def _discounts(counts):
        """Returns D(0) = 0, D(1), D(2), D(3 and more) from the counts of counts; fixed discounts if these are too few."""
        n = [np.count_nonzero(counts == c) for c in range(5)]
        if min(n[1:]) == 0:
            return np.array([0.0, 0.5, 0.75, 0.9])
        y = n[1] / (n[1] + 2 * n[2])
        raw = [c - (c + 1) * y * n[c + 1] / n[c] for c in (1, 2, 3)]
        return np.array([0.0, *(min(max(d, 0.01), c - 0.01) for c, d in zip((1, 2, 3), raw))])

    def __call__(self, context_keys, words, lower):
        """Returns p(word | context), interpolated with the probability of the lower order."""
        index = np.minimum(np.searchsorted(self.contexts, context_keys), len(self.contexts) - 1)
        known = self.contexts[index] == context_keys
        gram = (index << BITS) | words
        at = np.minimum(np.searchsorted(self.grams, gram), len(self.grams) - 1)
        own = np.where(known & (self.grams[at] == gram), self.probability[at], 0.0)
        return own + np.where(known, self.left_over[index], 1.0) * lower


class KneserNey:
    def __init__(self, contexts, words, vocabulary_size, order):
        """`contexts` has order - 1 columns of ids, with the nearest predecessor last."""
        self.vocabulary_size, self.order = vocabulary_size, order
        self.levels = []  # from the highest order to the lowest
        keys = pack(contexts)
        known, index = np.unique(keys, return_inverse=True)
        grams, counts = np.unique((index << BITS) | words, return_counts=True)
        keys, words = known[grams >> BITS], grams & ((1 << BITS) - 1)
        for left in range(order - 1, -1, -1):  # number of context ids at this level
            self.levels.append(Level(keys, words, counts))
            if left:  # a lower order counts the different ids that its n-gram was seen after
                shorter = keys & ((1 << (BITS * (left - 1))) - 1)
                grams, counts = np.unique((shorter << BITS) | words, return_counts=True)
                keys, words = grams >> BITS, grams & ((1 << BITS) - 1)

    def __call__(self, contexts, words):
        """Returns p(word | context) of every row, in float64."""
        probability = np.full(len(words), 1.0 / self.vocabulary_size)
        for length, level in enumerate(reversed(self.levels)):
            keys = pack(contexts[len(contexts) - length :]) if length else np.zeros(len(words), np.int64)
            probability = level(keys, words, probability)
        return probability

    def sums(self, contexts):
        """Returns the sum of p(word | context) over the vocabulary for every context.  Each sum must be 1."""
        everything = np.arange(self.vocabulary_size)
        return [self([np.full(len(everything), c) for c in row], everything).sum() for row in zip(*contexts)]


def per_document(values, ids, bos):
    """Returns the sum of `values` over the predicted tokens of each document."""
    owner = (np.cumsum(ids == bos) - 1)[ids != bos]
    return np.bincount(owner, weights=values, minlength=np.count_nonzero(ids == bos))


def bits_per_byte(bits, table, key):
    """Returns {value: bits per byte} over the documents that have each value of the column `key`."""
    values, sizes = np.array(table[key]), np.array(table["bytes"])
    return {name: round(bits[values == i].sum() / sizes[values == i].sum(), 4)
            for i, name in enumerate(table[key + "s"])}  # fmt: skip


def measure(tokens, order, split):
    started = time.monotonic()
    meta = json.loads((tokens / "meta.json").read_text())
    train, test = (np.fromfile(tokens / f"{name}.bin", "<u2") for name in ("train", split))
    model = KneserNey(*windows(train, meta["bos"], order), meta["vocabulary_size"], order)
    trained = time.monotonic()
    contexts, words = windows(test, meta["bos"], order)
    sampled = np.random.default_rng(0).choice(len(words), min(200, len(words)), replace=False)
    worst = max(abs(s - 1.0) for s in model.sums([c[sampled] for c in contexts]))
    if worst > 1e-9:
        raise SystemExit(f"kneser_ney.py: probabilities sum to 1 ± {worst}: the model is wrong")
    token_bits = -np.log2(model(contexts, words))
    table = meta["splits"][split]["documents_table"]
    bits = per_document(token_bits, test, meta["bos"])
    size = sum(table["bytes"])
    ratios = bootstrap(bits, np.array(table["bytes"]))
    return {
        "model": f"interpolated modified Kneser-Ney, order {order}",
        "split": split, "bits_per_byte": round(bits.sum() / size, 4), "bits_per_byte_95": ratios,
        "nats_per_token": round(token_bits.mean() * math.log(2), 4),
        "by_domain": bits_per_byte(bits, table, "domain"), "by_language": bits_per_byte(bits, table, "language"),
        "train_tokens": int(np.count_nonzero(train != meta["bos"])), "test_tokens": len(words), "test_bytes": size,
        "largest_error_of_a_sum": float(worst), "train_sha256": meta["splits"]["train"]["sha256"],
        "test_sha256": meta["splits"][split]["sha256"],
        "seconds": {"train": round(trained - started, 1), "test": round(time.monotonic() - trained, 1)},
    }  # fmt: skip


def bootstrap(bits, sizes, samples=2000):
    """Returns the 95 % interval of Σ bits / Σ bytes over documents drawn with replacement."""
    rng = np.random.default_rng(0)
    drawn = (rng.integers(0, len(bits), len(bits)) for _ in range(samples))
    return [round(float(x), 4) for x in np.percentile([bits[d].sum() / sizes[d].sum() for d in drawn], (2.5, 97.5))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="holds tokens/, receives kn.json")
    parser.add_argument("--order", type=int, default=MAX_ORDER, choices=range(2, MAX_ORDER + 1))
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--tokens", type=Path, help="folder of the token files; default: WORK/tokens")
    args = parser.parse_args()
    result = measure(args.tokens or args.work / "tokens", args.order, args.split)
    (args.work / "kn.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
