"""Compares the prefill and decode times of `plelab run` with OpenVINO on one text-only checkpoint; writes a result file.

    .venv/bin/python scripts/peers/compare_openvino.py --checkpoint DIR [--format int8|int4] [--out F.h5] …

DIR holds bfloat16 weights and a PLE row for every id (write_reduced.py --text), because optimum-intel's converter needs one.
What both programs read is made of it once, in --folder: a model of write_openvino.py, and a folder by `plelab pack`.  In each
round both, in random order, read the prompt and then replay the tokens after it, while the other one is idle; OpenVINO runs
twice, so that the file says how far apart two measurements of the same thing are.  scripts/peers/setup_openvino.sh makes
OpenVINO's environment; PLELAB_OPENVINO_PYTHON names another interpreter.  Ids of the trace beyond the vocabulary are left out.
"""
import argparse
import os
import pathlib
import tempfile

from peer_result import CONTROL_SUFFIX, OPENVINO, OURS, ROOT, Worker, add_options, check_options, now, take_turns, write
from resultfile import main_guard
from text_sides import TRACE, Excerpts, Plelab, add_text_options, config_of, known_ids, packed, peer_side, run

PEER = "OpenVINO"


def openvino_model(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    made = folder / f"openvino_{options.format}"
    path = made / "openvino_model.xml"
    if not path.exists():
        run([OPENVINO.python(), pathlib.Path(__file__).with_name("write_openvino.py"), "--checkpoint", options.checkpoint,
             "--out", made, "--format", options.format])  # fmt: skip
    return path


def compare(options: argparse.Namespace) -> None:
    check_options(options, [options.out])
    excerpts = Excerpts(known_ids(options), options, options.trace)
    folder = options.folder / pathlib.Path(options.checkpoint).resolve().name
    model = openvino_model(options, folder)
    asked = argparse.Namespace(**vars(options) | {"checkpoint": packed(options, folder), "dtype": "bfloat16"})
    started = now()
    with (Worker("openvino_worker.py", ["--model", model, "--threads", options.threads], OPENVINO) as worker,
          tempfile.TemporaryDirectory() as temporary):  # fmt: skip
        ours, theirs = Plelab(asked, excerpts, pathlib.Path(temporary)), peer_side(worker, options, excerpts)
        times = take_turns({OURS: ours.measure, PEER: theirs, PEER + CONTROL_SUFFIX: theirs}, options.rounds, options.seed)
        peak = worker.peak_rss_bytes()
    meta = {**ours.meta, "text": options.trace, "started_at": started, "peer": f"OpenVINO {options.format}",
            "peer_version": worker.hello["openvino"], "peer_system": worker.hello["system"],
            "peer_bits_per_weight": f"{worker.hello['bits_per_weight']:.3f}", "peer_peak_rss_bytes": str(peak)}  # fmt: skip
    write(asked, options.out, config_of(asked, options.trace), PEER, {OURS: options.ple.split(",")[0]}, times, meta)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--format", default="int8", choices=("int8", "int4"), help="of the weights, on both sides")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(os.path.relpath(ROOT / ".work" / "peers")),
                        help="for converted models and packed folders")
    parser.add_argument("--trace", default=TRACE, help="ids in the checkpoint's vocabulary; default: a novel in Gemma's")
    add_text_options(parser, tokens=64)
    parser.add_argument("--out", type=pathlib.Path, help="default: results/peers_openvino_<checkpoint>_<format>.h5")
    add_options(parser)
    options = parser.parse_args()
    name = pathlib.Path(options.checkpoint).resolve().name
    options.out = options.out or ROOT / "results" / f"peers_openvino_{name}_{options.format}.h5"
    compare(options)


if __name__ == "__main__":
    main_guard(main)
