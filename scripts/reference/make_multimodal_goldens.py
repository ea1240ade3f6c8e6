"""Makes the multimodal goldens: the reference's logits for prompts with images and audio clips.

    .venv-reference/bin/python scripts/reference/make_multimodal_goldens.py

Writes tests/data/multimodal/{config.json, golden.safetensors}.  Weights, pixels and mel frames are not stored: both sides
generate them (random_tensor.py).  For each CASE, golden.safetensors holds
  CASE.ids                     int64 [T]
  CASE.clip_frames             int64 [clips]: the valid mel frames of each clip; empty without clips
  CASE.images                  int64 [1]: the number of images
  CASE.positions               int64 [n]: the positions whose logits are stored; they include the borders of the media
  CASE.float32, CASE.bfloat16  [n, vocab]: the logits at those positions
"""
import copy
import json
import pathlib
import tempfile

import numpy as np
import torch
from make_text_goldens import mixed_config
from random_tensor import draw
from random_weights import fill
from reference_model import build, load, save
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "multimodal"
SEED, SIDE, BINS = 11, 256, 16
IMAGE, CLIP = "image", "clip"
# name → (parts of the prompt: ids of text, an image or a clip; valid mel frames of each clip)
CASES = {
    "image": ([list(range(5, 14)), IMAGE, list(range(20, 33))], []),
    "two_images": ([[9], IMAGE, [40, 41, 42], IMAGE, [50, 51]], []),
    "audio": ([[7, 8, 9], CLIP, list(range(60, 70))], [301]),
    "two_clips": ([CLIP, [30, 31], CLIP, [32, 33, 34]], [530, 95]),  # the shorter one ends in masked frames
    "mixed": ([[10, 11], CLIP, [12, 13], IMAGE, list(range(70, 85))], [222]),
}


def config() -> dict:
    wide = mixed_config()
    wide["audio_config"] |= dict(conf_num_hidden_layers=2, conf_attention_context_right=2, conf_attention_context_left=9,
                                 conf_attention_chunk_size=8)
    return wide


def drawn(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Returns values in [-1, 1] around 0: the vectors of random_tensor.py less their mean, times 4."""
    values = draw(SEED, name, np.arange(int(np.prod(shape)), dtype=np.uint64), 1, 1)
    return torch.from_numpy((values - np.float32(1)) * np.float32(4)).reshape(shape)


def pixels(count: int) -> torch.Tensor:
    return (drawn("pixels", (count, 3, SIDE, SIDE)) + 1) / 2


def mel(count: int, frames: int) -> torch.Tensor:
    return drawn("mel", (count, frames, BINS)) * 3 - 4


def ids_of(parts: list, c: dict) -> list[int]:
    image = [c["boi_token_id"], *[c["image_token_id"]] * c["vision_soft_tokens_per_image"], c["eoi_token_id"]]
    clip = [c["boa_token_id"], *[c["audio_token_id"]] * c["audio_soft_tokens_per_image"], c["eoa_token_id"]]
    ids = [2]
    for part in parts:
        ids += image if part == IMAGE else clip if part == CLIP else part
    return ids


def media_of(parts: list, clip_frames: list[int]) -> dict:
    inputs = {}
    if parts.count(IMAGE):
        inputs["pixel_values"] = pixels(parts.count(IMAGE))
    if clip_frames:
        longest = max(clip_frames)
        inputs["input_features"] = mel(len(clip_frames), longest)
        inputs["input_features_mask"] = torch.arange(longest)[None] < torch.tensor(clip_frames)[:, None]
    return inputs


@torch.no_grad()
def logits_of(model, ids: list[int], media: dict, dtype: torch.dtype) -> torch.Tensor:
    cast = {k: v if v.dtype == torch.bool else v.to(dtype) for k, v in media.items()}
    return model(input_ids=torch.tensor([ids]), use_cache=False, **cast).logits[0].float()


def positions_of(ids: list[int]) -> torch.Tensor:
    """Returns the positions to store: the first, the last, every 23rd, and each at which the id changes."""
    kept = {0, len(ids) - 1, *range(0, len(ids), 23)}
    kept |= {i for i in range(1, len(ids)) if ids[i] != ids[i - 1]}
    return torch.tensor(sorted(kept))


def main() -> None:
    c = config()
    model = fill(build(copy.deepcopy(c), seed=0), "", SEED, c["text_config"]["hidden_size_per_layer_input"])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        save(model, folder, towers=True)
        saved = json.loads((folder / "config.json").read_text())
        models = {name: load(folder, dtype) for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))}
    golden = {}
    for case, (parts, clip_frames) in CASES.items():
        ids = ids_of(parts, c)
        kept = positions_of(ids)
        golden |= {f"{case}.ids": torch.tensor(ids), f"{case}.positions": kept,
                   f"{case}.clip_frames": torch.tensor(clip_frames, dtype=torch.int64),
                   f"{case}.images": torch.tensor([parts.count(IMAGE)])}
        for name, model in models.items():
            logits = logits_of(model, ids, media_of(parts, clip_frames), getattr(torch, name))
            golden[f"{case}.{name}"] = logits[kept].contiguous()
        exact = golden[f"{case}.float32"]
        rms = (golden[f"{case}.bfloat16"] - exact).square().mean().sqrt()
        print(f"{case}: {len(ids)} tokens, {len(kept)} kept, max|logit| {exact.abs().max():.3f}, bf16 rms {rms:.4f}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "config.json").write_text(json.dumps(saved, indent=2) + "\n")
    save_file(golden, FOLDER / "golden.safetensors", metadata={"made_by": "scripts/reference/make_multimodal_goldens.py"})
    print(f"{sum(f.stat().st_size for f in FOLDER.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
