"""Makes the vision goldens: timm's encoder as Gemma3nModel.get_image_features uses it, up to the embedder.

    .venv-reference/bin/python scripts/reference/make_vision_goldens.py [NAME…]

Writes tests/data/vision/NAME.safetensors.  Neither weights nor pixels are stored: both sides generate them from
(SEED, name, index), see random_tensor.py.  A file holds
  size             int64 [4]: images, 3, height, width
  width            float32 [1]: channel_multiplier
  tokens           int64 [k]: the indices of the stored tokens among the 256 soft tokens
  out_float32      float32 [images, k, 2048]: the stored tokens, times √2048
  mean_float32     float32 [images, 256]: the mean of every token
  rms_float32      float32 [images, 256]: the root mean square of every token
  max_float32      float32 [1]: the largest magnitude of all
  out_bfloat16     the stored tokens from the reference in bfloat16; absent in the full-size file
"""
import pathlib
import sys

import numpy as np
import reference_model  # noqa: F401  declares torchvision's ops before timm is imported
import timm
import torch
from random_tensor import draw
from random_weights import fill
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "vision"
PREFIX = "model.vision_tower.timm_model."
SEED = 11
HIDDEN = 2048

# name → (channel_multiplier, images, height, width)
GOLDENS = {
    "square": (0.05, 1, 256, 256),      # the fine grid has the size of the output, so there is no pooling
    "pooled": (0.05, 1, 512, 256),      # 32 × 16 is averaged to 16 × 16
    "resized": (0.07, 2, 203, 330),     # odd sizes: uneven padding, grids of 13 × 21 and 7 × 11, bilinear
    "tiny": (0.05, 1, 20, 9),           # fewer positions than any kernel has
    "full": (1.0, 1, 768, 768),
}


def pixels(images: int, height: int, width: int) -> torch.Tensor:
    """Returns random pixels in [0, 1]: the values of the random function lie around 1 and are shifted."""
    count = images * 3 * height * width
    values = draw(SEED, "pixels", np.arange(count, dtype=np.uint64), 1, 1)
    return torch.from_numpy(values - np.float32(0.5)).reshape(images, 3, height, width)


@torch.inference_mode()
def encode(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Does what get_image_features does before the embedder: moves channels to the end and multiplies by √hidden."""
    features = model(images.to(next(model.parameters()).dtype))
    features = features.reshape(features.shape[0], HIDDEN, 256).permute(0, 2, 1)
    features *= HIDDEN**0.5
    return features.float()


def write(name: str) -> None:
    width, count, rows, columns = GOLDENS[name]
    model = timm.create_model("mobilenetv5_300m_enc", channel_multiplier=width).eval()
    fill(model, PREFIX, SEED)
    images = pixels(count, rows, columns)
    out = encode(model, images)
    tokens = torch.arange(3, 256, 31 if count == 1 else 50)
    golden = {
        "size": torch.tensor(images.shape), "width": torch.tensor([width]), "tokens": tokens,
        "out_float32": out[:, tokens].contiguous(), "mean_float32": out.mean(-1), "rms_float32": out.square().mean(-1).sqrt(),
        "max_float32": out.abs().max().reshape(1),
    }
    if name != "full":
        low = encode(model.bfloat16(), images)
        golden["out_bfloat16"] = low[:, tokens].contiguous()
        print(f"{name}: bf16 rms {(low - out).square().mean().sqrt():.4f} of {out.square().mean().sqrt():.4f}, "
              f"spread between tokens {out.std(1).mean():.4f}")
    else:
        double = encode_double(model, images)
        print(f"{name}: against float64 {(out - double).abs().max() / double.abs().max():.2e} of the maximum")
    ROOT.mkdir(parents=True, exist_ok=True)
    path = ROOT / f"{name}.safetensors"
    save_file(golden, path, metadata={"made_by": "scripts/reference/make_vision_goldens.py"})
    print(f"{name}: {path.stat().st_size / 1e3:.0f} kB, {tuple(out.shape)}, max {out.abs().max():.3f}", flush=True)


@torch.inference_mode()
def encode_double(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Encodes in float64, which shows how much rounding alone changes the reference's output."""
    features = model.double()(images.double())
    return features.reshape(features.shape[0], HIDDEN, 256).permute(0, 2, 1) * HIDDEN**0.5


if __name__ == "__main__":
    for golden in sys.argv[1:] or GOLDENS:
        write(golden)
