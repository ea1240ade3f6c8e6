"""Compares the prefill and decode times of `plelab run` with transformers on one checkpoint; writes a result file.

    .venv/bin/python scripts/peers/compare_transformers.py --checkpoint DIR [--trace FILE | --text FILE] [--out F.h5] …

In each round both programs, in random order, read the prompt and then replay the tokens after it, while the other one is
idle; each round reads the next stretch of the text.  Both use the same ids, threads, dtype and batch size (1), and each times
every step with a monotonic clock of its own.  peer_result.py says what the file holds.  scripts/reference/setup.sh makes the
reference environment; PLELAB_REFERENCE_PYTHON names another interpreter.
"""
import argparse
import pathlib
import tempfile

from peer_result import CONTROL_SUFFIX, OURS, ROOT, Worker, add_options, check_options, now, take_turns, write
from text_sides import TRACE, Excerpts, Plelab, add_text_options, config_of, ids_of, peer_side
from resultfile import main_guard

PEER = "transformers"


def measure(worker: Worker, options: argparse.Namespace) -> None:
    source = options.text or options.trace
    excerpts = Excerpts(worker.hello["ids"] if options.text else ids_of(source), options, str(source))
    started = now()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Plelab(options, excerpts, pathlib.Path(folder)), peer_side(worker, options, excerpts)
        times = take_turns({OURS: ours.measure, PEER: theirs, PEER + CONTROL_SUFFIX: theirs}, options)
        times[OURS]["step_bytes"] = ours.step_bytes
    meta = {**ours.meta, "text": str(source), "started_at": started, "peer": f"transformers {worker.hello['transformers']}",
            "peer_torch": worker.hello["torch"]}
    write(options, options.out, config_of(options, str(source)), PEER, {OURS: options.ple.split(",")[0]}, times, meta)


def compare(options: argparse.Namespace) -> None:
    check_options(options, [options.out])
    asked = ["--checkpoint", options.checkpoint, "--dtype", options.dtype, "--threads", options.threads]
    with Worker("transformers_worker.py", asked + (["--text", options.text] if options.text else [])) as worker:
        measure(worker, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--trace", default=TRACE, help="ids in the checkpoint's vocabulary; default: a novel in Gemma's")
    text.add_argument("--text", help="a text, which the checkpoint's tokenizer.model turns into ids")
    add_text_options(parser, tokens=32)
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--out", type=pathlib.Path, help="default: results/peers_transformers_<checkpoint>.h5")
    add_options(parser)
    options = parser.parse_args()
    name = pathlib.Path(options.checkpoint).resolve().name
    options.out = options.out or ROOT / "results" / f"peers_transformers_{name}.h5"
    compare(options)


if __name__ == "__main__":
    main_guard(main)
