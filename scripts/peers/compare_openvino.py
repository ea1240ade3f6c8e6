"""Compares the prefill and decode times of `plelab run` with OpenVINO on one text-only checkpoint; writes a result file.

    .venv/bin/python scripts/peers/compare_openvino.py --checkpoint DIR [--format int8|int4] [--out F.h5] …

DIR holds bfloat16 weights and a PLE row for every id (write_reduced.py --text), because optimum-intel's converter needs one.
What both programs read is made of it once, in --folder: a model of write_openvino.py, and a folder by `plelab pack`.  In each
round both, in random order, read the prompt and then replay the tokens after it, while the other one is idle; OpenVINO runs
twice, so that the file says how far apart two measurements of the same thing are.  scripts/peers/setup_openvino.sh makes
OpenVINO's environment; PLELAB_OPENVINO_PYTHON names another interpreter.  Ids of the trace beyond the vocabulary are left out.
"""
import argparse
import pathlib

import converted
from peer_result import OPENVINO
from resultfile import main_guard
from text_sides import known_ids, made_once

MAKER = pathlib.Path(__file__).parent / "openvino" / "write_openvino.py"


def openvino_model(options: argparse.Namespace, folder: pathlib.Path) -> pathlib.Path:
    made = folder / f"openvino_{options.format}"
    command = [OPENVINO.python(), MAKER, "--checkpoint", options.checkpoint, "--out", made, "--format", options.format]
    return made_once(made / "openvino_model.xml", command)


def main() -> None:
    options = converted.options_of(__doc__, "openvino", ["int8", "int4"])
    model = openvino_model(options, converted.folder_of(options))
    peer = converted.Peer("OpenVINO", OPENVINO, "openvino/worker.py", "openvino")
    converted.compare(peer, ["--model", model, "--threads", options.threads], known_ids(options), options.format, options)


if __name__ == "__main__":
    main_guard(main)
