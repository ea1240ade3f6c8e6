"""What comparisons share whose peer reads a file that is made of the checkpoint: llama.cpp, LiteRT-LM and OpenVINO."""
import argparse
import os
import pathlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from peer_result import CONTROL_SUFFIX, OURS, ROOT, Environment, Worker, add_options, check_options, now, take_turns, write
from text_sides import TRACE, Excerpts, Plelab, add_text_options, config_of, packed, peer_side


@dataclass(frozen=True)
class Peer:
    name: str
    environment: Environment
    worker: str  # a script beside this one
    version: str  # the worker's key for its version


def options_of(doc: str, result: str, formats: list[str], add: Callable[[argparse.ArgumentParser], None] = lambda _: None) -> argparse.Namespace:
    """The command line.  The first of `formats` is the default; `result` is a word of the result's default name."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--format", default=formats[0], choices=formats, help="of the weights, on both sides")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(os.path.relpath(ROOT / ".work" / "peers")),
                        help="for converted files and packed folders")
    parser.add_argument("--trace", default=TRACE, help="ids in the checkpoint's vocabulary; default: a novel in Gemma's")
    add_text_options(parser, tokens=64)
    parser.add_argument("--out", type=pathlib.Path, help=f"default: results/peers_{result}_<checkpoint>_<format>.h5")
    add(parser)
    add_options(parser)
    options = parser.parse_args()
    options.name = pathlib.Path(options.checkpoint).resolve().name
    options.out = options.out or ROOT / "results" / f"peers_{result}_{options.name}_{options.format}.h5"
    check_options(options, [options.out])
    return options


def folder_of(options: argparse.Namespace) -> pathlib.Path:
    return options.folder / options.name


def compare(peer: Peer, arguments: list, ids: list[int], read: str, options: argparse.Namespace, keep_int8: list[str] = ()) -> None:
    """arguments: the worker's command line.  read: what the peer reads, for the file."""
    excerpts = Excerpts(ids, options, options.trace)
    checkpoint = packed(options, folder_of(options), keep_int8)
    asked = argparse.Namespace(**vars(options) | {"checkpoint": checkpoint, "dtype": "bfloat16"})
    started = now()
    with Worker(peer.worker, arguments, peer.environment) as worker, tempfile.TemporaryDirectory() as temporary:
        ours, theirs = Plelab(asked, excerpts, pathlib.Path(temporary)), peer_side(worker, options, excerpts)
        times = take_turns({OURS: ours.measure, peer.name: theirs, peer.name + CONTROL_SUFFIX: theirs}, options)
        times[OURS]["step_bytes"] = ours.step_bytes
        peak = worker.peak_rss_bytes()
    hello = worker.hello
    meta = {**ours.meta, "text": options.trace, "started_at": started, "peer": f"{peer.name} {read}", "peer_version": hello[peer.version],
            "peer_bits_per_weight": f"{hello['bits_per_weight']:.3f}", "peer_peak_rss_bytes": str(peak)}  # fmt: skip
    if "system" in hello:
        meta["peer_system"] = hello["system"]
    write(asked, options.out, config_of(asked, options.trace), peer.name, {OURS: options.ple.split(",")[0]}, times, meta)
