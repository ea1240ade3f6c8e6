"""Fills a reference model with the weights of `plelab synth`, which depend on (seed, published name, element index)."""
import numpy as np
import torch
from random_tensor import draw

PIECE = 1 << 22  # elements generated at a time, because memory holds a full-size tower only once


def fan_in(name: str, shape: torch.Size, ple_dim: int | None) -> int:
    if name.endswith("embed_tokens_per_layer.weight"):
        return ple_dim
    return shape[1:].numel()


@torch.no_grad()
def fill(module: torch.nn.Module, prefix: str, seed: int, ple_dim: int | None = None) -> torch.nn.Module:
    """Overwrites every parameter; `prefix` + its name in `module` is its published name.  Tied ones are filled once."""
    for name, parameter in module.named_parameters():
        flat = parameter.view(-1)
        inputs = fan_in(name, parameter.shape, ple_dim)
        for first in range(0, flat.numel(), PIECE):
            count = min(PIECE, flat.numel() - first)
            indices = np.arange(first, first + count, dtype=np.uint64)
            flat[first:first + count] = torch.from_numpy(draw(seed, prefix + name, indices, parameter.ndim, inputs))
    return module
