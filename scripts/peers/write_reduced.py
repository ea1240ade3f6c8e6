"""Writes a random checkpoint with fewer layers and tokens than Gemma 3n E2B, all else in the text stack being as wide.

    .venv/bin/python scripts/peers/write_reduced.py --out DIR [--layers 10] [--sparse 3] [--sharing 3] [--vocabulary 65536] [--text]

Peers that convert a model (litert-torch, optimum-intel) hold it several times over, so that E2B as published does not fit into
20 GB of RAM.  The towers are those of configs/models/small_multimodal.json: small, because comparisons of text need none.  With
--text there are none, and every id has a PLE row.  The weights are those of `plelab synth`.
"""
import argparse
import json
import pathlib
import tempfile

from peer_result import ROOT
from resultfile import main_guard
from text_sides import run

MODELS = ROOT / "configs" / "models"
SOFT_TOKENS = 128  # of the image vocabulary, and of the audio vocabulary behind it, as published


def reduced(layers: int, sparse: int, sharing: int, vocabulary: int) -> dict:
    """The config.json of that checkpoint.  The last ids of the vocabulary are those of soft tokens, which have no PLE rows."""
    config = json.loads((MODELS / "e2b.json").read_text())
    towers = json.loads((MODELS / "small_multimodal.json").read_text())
    text, pieces = config["text_config"], vocabulary - 2 * SOFT_TOKENS
    text |= {"num_hidden_layers": layers, "num_kv_shared_layers": sharing, "layer_types": text["layer_types"][:layers],
             "intermediate_size": text["intermediate_size"][:layers],
             "activation_sparsity_pattern": [text["activation_sparsity_pattern"][0]] * sparse + [0.0] * (layers - sparse),
             "vocab_size": vocabulary, "vocab_size_per_layer_input": pieces}  # fmt: skip
    for tower, offset in (("vision_config", pieces), ("audio_config", pieces + SOFT_TOKENS)):
        config[tower] = towers[tower] | {"vocab_offset": offset}
    keys = ("boi_token_id", "boa_token_id")
    ids = {"eoi_token_id": pieces, "image_token_id": pieces + 1,
           "eoa_token_id": pieces + SOFT_TOKENS, "audio_token_id": pieces + SOFT_TOKENS + 1}  # fmt: skip
    return config | {key: towers[key] for key in keys} | ids


def text_only(config: dict) -> dict:
    text = config["text_config"]
    return text | {"architectures": ["Gemma3nForCausalLM"], "torch_dtype": config["torch_dtype"],
                   "vocab_size_per_layer_input": text["vocab_size"]}  # fmt: skip


def write(options: argparse.Namespace) -> None:
    config = reduced(options.layers, options.sparse, options.sharing, options.vocabulary)
    if options.text:
        config = text_only(config)
    with tempfile.TemporaryDirectory() as folder:
        shape = pathlib.Path(folder) / "reduced.json"
        shape.write_text(json.dumps(config, indent=2) + "\n")
        run([options.plelab, "synth", "--shape", shape, "--out", options.out] + ["--force"] * options.force)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--layers", type=int, default=10, help="from the first on")
    parser.add_argument("--sparse", type=int, default=3, help="how many layers, from the first on, are 95 %% sparse")
    parser.add_argument("--sharing", type=int, default=3, help="how many layers, from the last back, share keys and values")
    parser.add_argument("--vocabulary", type=int, default=65536)
    parser.add_argument("--text", action="store_true", help="a text-only checkpoint")
    parser.add_argument("--plelab", default=str(ROOT / "build" / "plelab"))
    parser.add_argument("--force", action="store_true", help="replace a checkpoint that is there")
    write(parser.parse_args())


if __name__ == "__main__":
    main_guard(main)
