"""Compares the prefill and decode times of `plelab run` with LiteRT-LM, the vendor's engine; writes a result file.

    .venv/bin/python scripts/peers/compare_litert.py --checkpoint DIR [--format int8|int4] [--out F.h5] …

DIR holds bfloat16 weights and small towers (write_reduced.py), because litert-torch, which converts it, takes 5 bytes of RAM
and more for each byte of it.  What both programs read is made of it once, in --folder: a file of write_litert.py, and a folder by
`plelab pack`.  In each round both, in random order, read the prompt and then replay the tokens after it, while the other one is
idle; LiteRT-LM runs twice, so that the file says how far apart two measurements of the same thing are.
scripts/peers/setup_litert.sh makes LiteRT-LM's environment; PLELAB_LITERT_PYTHON names another interpreter.

Ids of the trace that the checkpoint has no PLE row for are left out.  LiteRT-LM tells no single steps apart: in the file, each of
its steps is as long as their mean in that round, the warm-up included.  Its prompt ends before the logits, ours has them.
"""
import argparse
import pathlib

import converted
from peer_result import LITERT
from resultfile import main_guard
from text_sides import known_ids, made_once

CACHE_STEP = 128  # its cache holds a fixed number of tokens, all of which each step reads: the smallest one is its best
MAKER = pathlib.Path(__file__).parent / "litert" / "write_litert.py"


def cache_of(options: argparse.Namespace) -> int:
    return -(-(options.prompt + options.warmup + options.tokens + 1) // CACHE_STEP) * CACHE_STEP


def litert_file(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    cache = cache_of(options)
    made = folder / f"litert_{options.format}_{options.prompt}_{cache}"
    command = [LITERT.python(), MAKER, "--checkpoint", options.checkpoint, "--out", made, "--format", options.format]
    return made_once(made / "model.litertlm", [*command, "--prompt", options.prompt, "--cache", cache])


def main() -> None:
    options = converted.options_of(__doc__, "litert", ["int8", "int4"])
    model = litert_file(options, converted.folder_of(options))
    peer = converted.Peer("LiteRT-LM", LITERT, "litert/worker.py", "litert_lm")
    converted.compare(peer, ["--model", model, "--threads", options.threads], known_ids(options), options.format, options)


if __name__ == "__main__":
    main_guard(main)
