"""Writes the name and shape of every tensor of the reference's own modules to tests/data/tensor_names/*.json.

    .venv-reference/bin/python scripts/reference/make_tensor_names.py

The modules are built on the meta device, so no weights are allocated.  Each file maps a label (a width, a configuration)
to {name: shape}.  Names lack the prefix that the checkpoint adds."""
import json
import pathlib

import torch

import reference_model  # noqa: F401  declares torchvision's ops before timm and transformers are imported
import timm
from transformers import Gemma3nAudioConfig, Gemma3nAudioEncoder, Gemma3nTextConfig, Gemma3nTextModel

FOLDER = pathlib.Path(__file__).parents[2] / "tests/data/tensor_names"

# An unusual configuration: no size is a power of two, and kernels and strides differ by axis.
ODD_AUDIO = dict(hidden_size=36, conf_num_attention_heads=3, conf_num_hidden_layers=2, input_feat_size=21,
                 conf_conv_kernel_size=7, sscp_conv_channel_size=[6, 5], sscp_conv_kernel_size=[[3, 5], [5, 3]],
                 sscp_conv_stride_size=[[2, 3], [2, 1]])


def shapes(module: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in sorted(module.state_dict().items())}


def write(name: str, content: dict[str, dict[str, list[int]]]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(label)}: {{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in part.items()) + "\n}"
             for label, part in content.items()]
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main() -> None:
    with torch.device("meta"):
        write("vision", {str(width): shapes(timm.create_model("mobilenetv5_300m_enc", channel_multiplier=width))
                         for width in (1.0, 0.05, 0.77, 1.25)})
        write("audio", {"default": shapes(Gemma3nAudioEncoder(Gemma3nAudioConfig())),
                        "odd": shapes(Gemma3nAudioEncoder(Gemma3nAudioConfig(**ODD_AUDIO)))})
        e2b = Gemma3nTextConfig(num_hidden_layers=30, intermediate_size=8192, num_kv_shared_layers=10)
        write("text", {"e2b": shapes(Gemma3nTextModel(e2b))})


if __name__ == "__main__":
    main()
