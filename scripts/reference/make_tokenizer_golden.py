"""Writes tests/data/tokenizer/: a small tokenizer.json as transformers saves it, and what the tokenizers library makes of lines.

    .venv-reference/bin/python scripts/reference/make_tokenizer_golden.py

sentencepiece trains 640 pieces on the shipped texts and a few lines of other scripts; transformers' GemmaTokenizer converts
them and saves.  Tokens are then added as users add them: special ones, one that takes white space along, and plain words,
which are looked for after normalisation.  lines.json has [text, ids, ids with special tokens read as text].
"""
import io
import json
import pathlib
import tempfile

import sentencepiece
from tokenizers import AddedToken, Tokenizer
from transformers import GemmaTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "data" / "tokenizer"
USER_DEFINED = ["<mask>", "[multimodal]", "<unused0>", "<unused1>", "<start_of_turn>", "<end_of_turn>",
                *("\n" * n for n in range(1, 6)), *("▁" * n for n in range(2, 6)), "<table>"]  # fmt: skip
OTHER = ["В начале сотворил Бог небо и землю.", "Μῆνιν ἄειδε θεά", "初めに神は天と地とを創造された。", "בראשית ברא אלהים",
         "في البدء خلق الله السماوات والأرض", "naïve café déjà vu", "🙂👍 hahaha ../../../", "한국어 텍스트"]  # fmt: skip
LINES = [
    "", " ", "the", " the", "In the beginning", "  two  spaces   three    four", "one\ntwo\n\nthree\n\n\nfour\n\n\n\n\n\n\nx",
    "\ttabs\t\tand\r\n", "a▁b▁▁c", "▁▁▁▁▁▁▁", " " * 31, "x" + " " * 40 + "y", "haha hahaha hahahaha", "........", "../../../../",
    "mississippi banana anananana", *OTHER, "中文字 and ﷽ and 𝔘𝔫𝔦", "é\u0301\u200d\u0000\u007f\ufffd", "👩‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪",
    "<bos>Hello<eos>", "<bos><bos>", "<pad><unk><mask>[multimodal]", "<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n",
    "<start_of_turn", "<<bos>>", "<bo<bos>s>", "< bos>", "<BOS>", "<unused0><unused1><unused2>", "<0x41><0x0A>", "<table></table>",
    "<|think|> so", "so <|think|>", "a  <|left|>  b", "a \t\u3000<|left|> b", "a  <|right|>\n\n b", "<|right|> <|left|>",
    "two words", "two  words", "two▁words", "twowords", "a two words b", "<image_soft_token>", "<|think|><|think", "<|thinker|>",
]  # fmt: skip


def pieces() -> bytes:
    model = io.BytesIO()
    texts = (ROOT / "configs/text/persuasion.txt").read_text(encoding="utf-8").split("\n")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for line in texts[:4000] + 3 * OTHER if line), model_writer=model, model_type="bpe",
        vocab_size=640, character_coverage=0.999, byte_fallback=True, split_digits=True, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, user_defined_symbols=USER_DEFINED, pad_id=0, pad_piece="<pad>",
        eos_id=1, eos_piece="<eos>", bos_id=2, bos_piece="<bos>", unk_id=3, unk_piece="<unk>", num_threads=1)
    return model.getvalue()


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "tokenizer.model").write_bytes(pieces())
        tokenizer = GemmaTokenizer.from_pretrained(folder, mask_token=None)
        tokenizer.add_tokens([AddedToken(mark, special=True, normalized=False) for mark in ("<start_of_turn>", "<end_of_turn>")],
                             special_tokens=True)
        tokenizer.add_tokens([AddedToken("<|left|>", special=True, lstrip=True), AddedToken("<|right|>", rstrip=True),
                              AddedToken("<image_soft_token>", special=True)], special_tokens=False)
        tokenizer.add_tokens(["<|think|>", "<|thinker|>", "two words"])
        tokenizer.save_pretrained(folder)
        text = (pathlib.Path(folder) / "tokenizer.json").read_text(encoding="utf-8")
    (OUT / "tokenizer.json").write_text(text, encoding="utf-8")
    library = Tokenizer.from_str(text)
    golden = []
    for line in LINES:
        library.encode_special_tokens = False
        read = library.encode(line, add_special_tokens=False).ids
        library.encode_special_tokens = True
        golden.append([line, read, library.encode(line, add_special_tokens=False).ids])
    (OUT / "lines.json").write_text("[\n" + ",\n".join(json.dumps(entry) for entry in golden) + "\n]\n")
    print(f"{len(text):,} bytes, {len(golden)} lines, {library.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
