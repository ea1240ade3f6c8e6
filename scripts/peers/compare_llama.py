"""Compares the prefill and decode times of `plelab run` with llama.cpp on one checkpoint; writes a result file.

    .venv/bin/python scripts/peers/compare_llama.py --checkpoint DIR [--format bfloat16|int8|int4] [--out F.h5] …

DIR holds bfloat16 weights.  What both programs read is made of it once, in --folder: GGUF files (BF16, Q8_0, Q4_0) by
llama.cpp's own code, and folders by `plelab pack`.  In each round both, in random order, read the prompt and then replay the
tokens after it, while the other one is idle; llama.cpp runs twice, so that the file says how far apart two measurements of the
same thing are.  scripts/peers/setup_llama.sh makes llama.cpp's environment; PLELAB_LLAMA_PYTHON names another interpreter.

llama.cpp reads every unit of the sparse layers, and has their number and that of the layers that share keys in its code, which
is E2B's: on other shapes times are comparable and logits are not.
"""
import argparse
import pathlib

import converted
from peer_result import LLAMA
from resultfile import main_guard
from text_sides import ids_of, made_once

PEER = "llama.cpp"
GGUF_OF = {"bfloat16": "BF16", "int8": "Q8_0", "int4": "Q4_0"}
MAKER = pathlib.Path(__file__).parent / "llama" / "write_gguf.py"


def gguf_file(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    path = folder / f"{GGUF_OF[options.format]}.gguf"
    return made_once(path, [LLAMA.python(), MAKER, "--checkpoint", options.checkpoint, "--out", folder, "--types", path.stem])


def add_own_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep-int8", nargs="+", default=[], choices=["ple", "embedding"], help="of int4: what we keep in int8")


def main() -> None:
    options = converted.options_of(__doc__, "llama", list(GGUF_OF), add_own_options)
    model = gguf_file(options, converted.folder_of(options))
    context = options.prompt + options.warmup + options.tokens + 1
    peer = converted.Peer(PEER, LLAMA, "llama/worker.py", "llama_cpp")
    arguments = ["--model", model, "--threads", options.threads, "--context", context]
    converted.compare(peer, arguments, ids_of(options.trace), model.stem, options, options.keep_int8)


if __name__ == "__main__":
    main_guard(main)
