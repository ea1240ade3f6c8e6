"""The random weights of `plelab synth` in numpy.  An element depends on (seed, name of the tensor, index) alone.

    python scripts/reference/random_tensor.py      rewrites tests/data/random_tensor.json

The function is described in model/weights/random_tensor.h."""
import json
import math
import pathlib

import numpy as np

MASK = (1 << 64) - 1


def fnv1a(name: str) -> int:
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def draw(seed: int, name: str, indices: np.ndarray, dims: int, fan_in: int) -> np.ndarray:
    """Returns the float32 values of the elements `indices` (uint64) of a tensor with `dims` dimensions."""
    stem = fnv1a(name) ^ mix((seed + 0x9E3779B97F4A7C15) & MASK)
    blocks, block_of = np.unique(indices >> np.uint64(32), return_inverse=True)
    keys = np.array([mix(stem ^ int(block)) for block in blocks], dtype=np.uint64)[block_of]
    high, low = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    x = indices.astype(np.uint32) ^ high
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D) + low
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    z = x.view(np.uint8).reshape(-1, 4).astype(np.int32).sum(axis=1) - 510
    if dims >= 2:
        return np.float32(1 / math.sqrt(21845.0 * fan_in)) * z.astype(np.float32)
    mean = np.float32(0 if name.endswith(".bias") else 1)
    return mean + np.float32(1 / 2048) * z.astype(np.float32)


def to_bfloat16_bits(values: np.ndarray) -> np.ndarray:
    bits = values.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def main() -> None:
    cases = []
    for seed, name, dims, fan_in, first in [
        (0, "model.embed_tokens.weight", 2, 2048, 0),
        (7, "model.norm.weight", 1, 1, 0),
        (7, "model.vision_tower.timm_model.conv_stem.conv.bias", 1, 1, 0),
        (2**64 - 1, "model.embed_tokens_per_layer.weight", 2, 256, 2**32 - 4),  # on both sides of a change of key
    ]:
        values = draw(seed, name, np.arange(first, first + 8, dtype=np.uint64), dims, fan_in)
        cases.append({"seed": seed, "name": name, "dimensions": dims, "fan_in": fan_in, "first": first,
                      "float32_bits": values.view(np.uint32).tolist(),
                      "bfloat16_bits": to_bfloat16_bits(values).tolist()})
    path = pathlib.Path(__file__).parents[2] / "tests/data/random_tensor.json"
    path.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
