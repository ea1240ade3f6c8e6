"""Converts the text stack of a checkpoint with litert-torch into model.litertlm, which LiteRT-LM reads.

    .venv-litert/bin/python scripts/peers/litert/write_litert.py --checkpoint DIR --out DIR [--format int8|int4] [--prompt 128] [--cache 1024]

The recipes are litert-torch's own: weights of 8 or 4 bits, activations quantised to 8 bits while the model runs.  The file's
vocabulary is made here: the text of an id is its number, so that "2 417 33" is the prompt of these three ids.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
from statistics import NormalDist

import torch

os.environ["HF_HUB_OFFLINE"] = "1"
# Declares torchvision's ops, so that torchvision can be imported beside another build of torch.
_library = torch.library.Library("torchvision", "DEF")
for _op in ("nms", "qnms"):
    _library.define(f"{_op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from litert_torch.generative.export_hf import export  # noqa: E402
from litert_torch.generative.export_hf.model_ext.gemma3n import patch  # noqa: E402

RECIPES = {"int8": "dynamic_wi8_afp32", "int4": "dynamic_wi4_afp32"}
MODEL = "model.litertlm"


def gaussian_topk(mlp: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """What litert-torch 0.10.0 puts in place of the reference's, but for the cutoff's factor.  There it is a buffer that is
    stored nowhere, and transformers 5 leaves such a buffer uninitialised when it loads a checkpoint."""
    cutoff = inputs.mean(-1, keepdim=True) + inputs.std(-1, keepdim=True, unbiased=False) * NormalDist().inv_cdf(mlp.activation_sparsity)
    return torch.nn.functional.relu(inputs - cutoff)


def vocabulary(size: int) -> dict:
    """A tokenizer.json whose tokens are numbers between spaces."""
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": None, "decoder": None,
            "model": {"type": "WordLevel", "vocab": {str(i): i for i in range(size)}, "unk_token": "0"}}  # fmt: skip


def with_vocabulary(checkpoint: pathlib.Path, folder: pathlib.Path) -> None:
    """Fills `folder` with links to the checkpoint's weights, and with that vocabulary."""
    for file in checkpoint.resolve().iterdir():
        if file.suffix == ".safetensors" or file.name in ("config.json", "model.safetensors.index.json"):
            (folder / file.name).symlink_to(file)
    config = json.loads((checkpoint / "config.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(vocabulary(config.get("text_config", config)["vocab_size"])))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True, help="a Gemma3nForConditionalGeneration with its towers")
    parser.add_argument("--out", type=pathlib.Path, required=True, help=f"folder for {MODEL}")
    parser.add_argument("--format", default="int8", choices=RECIPES)
    parser.add_argument("--prompt", type=int, default=128, help="tokens of one pass through a prompt")
    parser.add_argument("--cache", type=int, default=1024, help="tokens that the cache holds")
    options = parser.parse_args()
    patch.Gemma3nTextMLP._gaussian_topk = gaussian_topk
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with (tempfile.TemporaryDirectory() as source,
          tempfile.TemporaryDirectory(dir=options.out.parent) as made):  # fmt: skip
        with_vocabulary(options.checkpoint, pathlib.Path(source))
        export.export(source, made, quantization_recipe=RECIPES[options.format], externalize_embedder=True, single_token_embedder=True,
                      prefill_lengths=[options.prompt], cache_length=options.cache)
        if not (pathlib.Path(made) / MODEL).exists():
            sys.exit(f"litert-torch made no {MODEL} of {options.checkpoint}; its own words are above")
        options.out.mkdir(exist_ok=True)
        shutil.move(pathlib.Path(made) / MODEL, options.out / MODEL)


if __name__ == "__main__":
    main()
