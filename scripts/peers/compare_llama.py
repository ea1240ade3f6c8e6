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
import os
import pathlib
import tempfile

from peer_result import CONTROL_SUFFIX, LLAMA, OURS, ROOT, Worker, add_options, check_options, now, take_turns, write
from resultfile import main_guard
from text_sides import TRACE, Excerpts, Plelab, add_text_options, config_of, ids_of, packed, peer_side, run

PEER = "llama.cpp"
GGUF_OF = {"bfloat16": "BF16", "int8": "Q8_0", "int4": "Q4_0"}


def gguf_file(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    path = folder / f"{GGUF_OF[options.format]}.gguf"
    if not path.exists():
        run([LLAMA.python(), pathlib.Path(__file__).with_name("write_gguf.py"), "--checkpoint", options.checkpoint,
             "--out", folder, "--types", path.stem])  # fmt: skip
    return path


def compare(options: argparse.Namespace) -> None:
    check_options(options, [options.out])
    excerpts = Excerpts(ids_of(options.trace), options, options.trace)
    folder = options.folder / pathlib.Path(options.checkpoint).resolve().name
    model = gguf_file(options, folder)
    asked = argparse.Namespace(**vars(options) | {"checkpoint": packed(options, folder, options.keep_int8), "dtype": "bfloat16"})
    context = options.prompt + options.warmup + options.tokens + 1
    started = now()
    with (Worker("llama_worker.py", ["--model", model, "--threads", options.threads, "--context", context], LLAMA) as worker,
          tempfile.TemporaryDirectory() as temporary):  # fmt: skip
        ours, theirs = Plelab(asked, excerpts, pathlib.Path(temporary)), peer_side(worker, options, excerpts)
        times = take_turns({OURS: ours.measure, PEER: theirs, PEER + CONTROL_SUFFIX: theirs}, options)
        times[OURS]["step_bytes"] = ours.step_bytes
    meta = {**ours.meta, "text": options.trace, "started_at": started, "peer": f"llama.cpp {model.stem}",
            "peer_version": worker.hello["llama_cpp"], "peer_system": worker.hello["system"],
            "peer_bits_per_weight": f"{worker.hello['bits_per_weight']:.3f}"}  # fmt: skip
    write(asked, options.out, config_of(asked, options.trace), PEER, {OURS: options.ple.split(",")[0]}, times, meta)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--format", default="bfloat16", choices=GGUF_OF, help="of the weights, on both sides")
    parser.add_argument("--keep-int8", nargs="+", default=[], choices=["ple", "embedding"], help="of int4: what we keep in int8")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(os.path.relpath(ROOT / ".work" / "peers")), help="for GGUF files and packed folders")
    parser.add_argument("--trace", default=TRACE, help="ids in the checkpoint's vocabulary; default: a novel in Gemma's")
    add_text_options(parser, tokens=64)
    parser.add_argument("--out", type=pathlib.Path, help="default: results/peers_llama_<checkpoint>_<format>.h5")
    add_options(parser)
    options = parser.parse_args()
    name = pathlib.Path(options.checkpoint).resolve().name
    options.out = options.out or ROOT / "results" / f"peers_llama_{name}_{options.format}.h5"
    compare(options)


if __name__ == "__main__":
    main_guard(main)
