"""Builds, loads and saves the reference model.  Every tensor is random, because a 0 or a 1 could hide an error."""
import hashlib
import json
import pathlib
import re

import torch

# Declares torchvision's ops, so that torchvision can be imported beside another build of torch.  Goldens need no nms.
_library = torch.library.Library("torchvision", "DEF")
for _op in ("nms", "qnms"):
    _library.define(f"{_op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (  # noqa: E402
    Gemma3nConfig,
    Gemma3nForCausalLM,
    Gemma3nForConditionalGeneration,
    Gemma3nTextConfig,
)

TOWERS = ("model.vision_tower.", "model.audio_tower.")


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Sets norms and scales around 1, matrices with std 1/sqrt(fan_in), and embeddings with unit rows after their scale."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
            generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                value = 1 + 0.25 * noise
            elif "embed_tokens_per_layer" in name:
                value = noise * model.config.get_text_config().hidden_size_per_layer_input**-0.5
            elif "embed_tokens" in name or name.endswith("embedding.weight"):
                value = noise * parameter.shape[-1] ** -0.5
            else:
                value = noise * (parameter.shape[1:].numel()) ** -0.5
            parameter.copy_(value)


def mixed_formats(name: str) -> torch.dtype:
    """All three formats beside each other; the PLE table is in float16."""
    if "embed_tokens_per_layer" in name:
        return torch.float16
    return (torch.float32, torch.bfloat16, torch.float16)[hashlib.sha256(name.encode()).digest()[0] % 3]


def build(config: dict, seed: int) -> torch.nn.Module:
    """Returns a float32 reference model in eval mode for a dict like a config.json."""
    if config["model_type"] == "gemma3n_text":
        model = Gemma3nForCausalLM._from_config(Gemma3nTextConfig(**config), attn_implementation="eager")
    else:
        model = Gemma3nForConditionalGeneration._from_config(Gemma3nConfig(**config), attn_implementation="eager")
    model = model.float().eval()
    randomise(model, seed)
    return model


def load(folder: pathlib.Path, dtype: torch.dtype) -> torch.nn.Module:
    """Loads a checkpoint as a user does.  Casting a model would also round its buffers (RoPE frequencies, scales)."""
    text_only = json.loads((folder / "config.json").read_text())["model_type"] == "gemma3n_text"
    kind = Gemma3nForCausalLM if text_only else Gemma3nForConditionalGeneration
    return kind.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()


def save(model: torch.nn.Module, folder: pathlib.Path, *, towers: bool, unused_kv: bool = False,
         dtype=torch.float32, seed: int = 0) -> None:
    """Saves in the layout of save_pretrained.  Towers can be left out: they are large, and hard tokens do not use them.

    `dtype` is a torch.dtype, or a function from a tensor's name to one.
    """
    dtype_of = dtype if callable(dtype) else lambda name: dtype
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, safe_serialization=True)
    path = folder / "model.safetensors"
    tensors = {k: v.to(dtype_of(k)) for k, v in load_file(path).items() if towers or not k.startswith(TOWERS)}
    if unused_kv:
        add_unused_kv(tensors, model.config.get_text_config(), seed)
    save_file({k: tensors[k].contiguous() for k in sorted(tensors)}, path,
              metadata={"format": "pt", "weights": "random"})
    for extra in folder.glob("generation_config.json"):
        extra.unlink()


def add_unused_kv(tensors: dict, text, seed: int) -> None:
    """Adds k/v projections and norms of the KV-sharing layers: published files have them, but nothing reads them."""
    generator = torch.Generator().manual_seed(seed)
    first = text.num_hidden_layers - text.num_kv_shared_layers
    donor = next(k for k in tensors if re.search(r"layers\.0\.self_attn\.k_proj\.weight$", k))
    for layer in range(first, text.num_hidden_layers):
        for part in ("k_proj", "v_proj", "k_norm"):
            name = donor.replace("layers.0.", f"layers.{layer}.").replace("k_proj", part)
            like = tensors[donor.replace("k_proj", part)]
            tensors[name] = torch.randn(like.shape, generator=generator).to(like.dtype)


def old_spelling(path: pathlib.Path) -> None:
    """Rewrites a config.json with `rope_theta` and `rope_local_base_freq`, as published in 2025."""
    config = json.loads(path.read_text())
    text = config.get("text_config", config)
    rope = text.pop("rope_parameters")
    text["rope_theta"] = rope["full_attention"]["rope_theta"]
    text["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    text["rope_scaling"] = None
    path.write_text(json.dumps(config, indent=2) + "\n")
