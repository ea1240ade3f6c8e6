#!/usr/bin/env python3
"""Trains configs/models/small/tokenizer.model: a sentencepiece BPE vocabulary of 8,192 pieces, laid out like Gemma's.

The ids are 0 <pad>, 1 <eos>, 2 <bos>, 3 <unk>, 4 <mask>, 5 [multimodal], 6 … 104 <unused0> … <unused98>,
105 <start_of_turn>, 106 <end_of_turn>, 107 one newline and 108 two newlines, then 256 bytes, then
the learned pieces; --pieces N asks for N pieces in all.  The script needs the packages of scripts/corpus/requirements.txt.
usage: scripts/corpus/train_vocabulary.py [--work DIR] [--out FILE] [--pieces N]
"""

import argparse
import hashlib
import io
from pathlib import Path

import sentencepiece

PROJECT = Path(__file__).resolve().parents[2]
USER_DEFINED = ["<mask>", "[multimodal]", *(f"<unused{i}>" for i in range(99)),
                "<start_of_turn>", "<end_of_turn>", "\n", "\n\n"]  # fmt: skip


def train(lines, pieces):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_writer=model,
        model_type="bpe",
        vocab_size=pieces,
        character_coverage=1.0,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        user_defined_symbols=USER_DEFINED,
        pad_id=0, pad_piece="<pad>", eos_id=1, eos_piece="<eos>",
        bos_id=2, bos_piece="<bos>", unk_id=3, unk_piece="<unk>",
        max_sentence_length=1 << 16,
        num_threads=1,
    )  # fmt: skip
    return model.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=PROJECT / ".work/corpus", help="folder that holds training.txt")
    parser.add_argument("--out", type=Path, default=PROJECT / "configs/models/small/tokenizer.model")
    parser.add_argument("--pieces", type=int, default=8192)
    args = parser.parse_args()
    text = (args.work / "training.txt").read_text(encoding="utf-8")
    model = train((line for line in text.split("\n") if line), args.pieces)
    args.out.write_bytes(model)
    print(f"{hashlib.sha256(model).hexdigest()}  {len(model):,} bytes  {args.out}")


if __name__ == "__main__":
    main()
