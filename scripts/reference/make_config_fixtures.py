"""Makes test fixtures from the reference's own classes: the small files of the E2B shape.

    .venv-reference/bin/python scripts/reference/make_config_fixtures.py

tests/data/saved_by_transformers_5/config.json          the config as transformers 5 saves it
tests/data/published_e2b/model.safetensors.index.json   the tensor names of the whole model.  They include the unused k/v
                                                        of KV-sharing layers, which published files have and
                                                        transformers 5 drops."""
import json
import pathlib

import torch

import reference_model  # noqa: F401  declares torchvision's ops before transformers is imported
from transformers import (
    Gemma3nAudioConfig,
    Gemma3nConfig,
    Gemma3nForConditionalGeneration,
    Gemma3nTextConfig,
    Gemma3nVisionConfig,
)

FOLDER = pathlib.Path(__file__).parents[2] / "tests/data"
SHARD_BYTES = 5_000_000_000


def bfloat16_bytes_by_name(config: Gemma3nConfig) -> dict[str, int]:
    with torch.device("meta"):
        model = Gemma3nForConditionalGeneration(config)
    sizes = {name: 2 * tensor.numel() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    text = config.text_config
    for layer in range(text.num_hidden_layers - text.num_kv_shared_layers, text.num_hidden_layers):
        for part in ("k_proj", "v_proj", "k_norm"):
            name = "model.language_model.layers.{}.self_attn." + part + ".weight"
            sizes[name.format(layer)] = sizes[name.format(0)]
    return dict(sorted(sizes.items()))


def index_of(sizes: dict[str, int]) -> dict:
    shards, filled = [[]], 0
    for name, size in sizes.items():
        if shards[-1] and filled + size > SHARD_BYTES:
            shards.append([])
            filled = 0
        filled += size
        shards[-1].append(name)
    weight_map = {name: f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
                  for i, shard in enumerate(shards) for name in shard}
    return {"metadata": {"total_size": sum(sizes.values())}, "weight_map": weight_map}


def main() -> None:
    text = Gemma3nTextConfig(num_hidden_layers=30, intermediate_size=8192, num_kv_shared_layers=10)
    config = Gemma3nConfig(text_config=text, vision_config=Gemma3nVisionConfig(), audio_config=Gemma3nAudioConfig())
    config.save_pretrained(FOLDER / "saved_by_transformers_5")
    index = index_of(bfloat16_bytes_by_name(config))
    (FOLDER / "published_e2b/model.safetensors.index.json").write_text(json.dumps(index, indent=0) + "\n")


if __name__ == "__main__":
    main()
