"""Makes the audio goldens: features that the reference's audio encoder computes from random mel frames and weights.

    .venv-reference/bin/python scripts/reference/make_audio_goldens.py [NAME…]

Writes to tests/data/audio/ NAME.json, which is the audio_config, and NAME.safetensors, which holds
  mel                                  float32 [B, T, bins]
  mask                                 bool [B, T]: true where there is no frame
  mask_out                             [B, frames]
  features_float32, features_bfloat16  [B, frames, hidden]: the reference in each dtype, stored as float32
  grad.NAME                            only in `left`: gradients of the mean of the squared features with respect to some
                                       weights and to mel
`full` has the published size.  Its mel is noise that both sides generate (model/weights/random_tensor.h), and every 97th
feature is kept.  The weights are those of `plelab synth`; they are not stored, because both sides generate them from SEED.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from random_tensor import draw
from random_weights import fill
import reference_model  # noqa: F401  declares torchvision's ops before transformers is imported
from safetensors.torch import save_file
from transformers import Gemma3nAudioConfig, Gemma3nAudioEncoder

ROOT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "audio"
SEED = 20
PREFIX = "model.audio_tower."
GRADIENTS = ("mel", "subsample_conv_projection.conv_0.conv.weight", "subsample_conv_projection.conv_0.norm.weight",
             "conformer.0.attention.attn.per_dim_scale", "conformer.1.attention.attn.q_proj.weight",
             "conformer.1.attention.attn.relative_position_embedding.pos_proj.weight",
             "conformer.2.lconv1d.depthwise_conv1d.weight")

# rms_norm_eps is large and the clipping narrow, so that the features show which modules use them.
LEFT = dict(vocab_size=16, vocab_offset=112, hidden_size=32, conf_num_hidden_layers=3, conf_num_attention_heads=4,
            input_feat_size=16, sscp_conv_channel_size=[8, 4], rms_norm_eps=0.05)
BOTH = LEFT | dict(hidden_size=36, conf_num_attention_heads=3, input_feat_size=21, conf_conv_kernel_size=7,
                   conf_attention_chunk_size=5, conf_attention_context_left=4, conf_attention_context_right=2,
                   conf_attention_logit_cap=2.0, conf_reduction_factor=3, conf_residual_weight=0.7, gradient_clipping=1.25,
                   sscp_conv_channel_size=[6, 5], sscp_conv_kernel_size=[[3, 5], [5, 3]],
                   sscp_conv_stride_size=[[2, 3], [2, 1]], sscp_conv_group_norm_eps=0.02)
# Each chunk holds one query, with no context to its left and more than a chunk to its right.  The reduction factor is 1.
AHEAD = LEFT | dict(hidden_size=20, conf_num_attention_heads=2, conf_num_hidden_layers=1, conf_attention_chunk_size=1,
                    conf_attention_context_left=1, conf_attention_context_right=3, conf_reduction_factor=1,
                    conf_conv_kernel_size=1, sscp_conv_stride_size=[[1, 2], [3, 2]])

# name → (audio_config, frames of each clip); the longest clip sets the length of the batch
GOLDENS = {
    "left": (LEFT, [203, 131]),
    "both": (BOTH, [187, 66]),
    "ahead": (AHEAD, [50, 50]),
    "hole": (BOTH, [90]),  # frames missing in the middle and at the start
    "one_frame": (BOTH, [1]),
    "full": (dict(vocab_size=128, vocab_offset=262272), [1203]),  # 12 s: chunks and reduction do not divide it evenly
}


def clips(name: str, bins: int, lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns noise that resembles log-mel frames, [B, T, bins], and its mask."""
    shape = (len(lengths), max(lengths), bins)
    indices = np.arange(np.prod(shape), dtype=np.uint64)
    noise = torch.from_numpy(draw(SEED, f"mel.{name}", indices, 2, 1)).view(shape)  # std 1
    mask = torch.arange(shape[1]).unsqueeze(0) >= torch.tensor(lengths).unsqueeze(1)
    if name == "hole":
        mask[:, :7] = True
        mask[:, 30:59] = True
    return noise.clone(), mask


def encoder(config: Gemma3nAudioConfig, dtype: torch.dtype, folder: str) -> Gemma3nAudioEncoder:
    """Loads the encoder as a user does.  Casting a loaded model would round its buffers too."""
    return Gemma3nAudioEncoder.from_pretrained(folder, config=config, dtype=dtype).eval()


@torch.no_grad()
def encode(model, mel, mask) -> tuple[torch.Tensor, torch.Tensor]:
    out = model(mel, mask)
    return out.last_hidden_state.float().contiguous(), out.audio_mel_mask.contiguous()


def gradients(model, mel, mask) -> dict:
    mel = mel.clone().requires_grad_(True)
    parameters = dict(model.named_parameters())
    model(mel, mask).last_hidden_state.square().mean().backward()
    wanted = {n: mel if n == "mel" else parameters[n] for n in GRADIENTS}
    return {f"grad.{n if n == 'mel' else PREFIX + n}": p.grad.contiguous() for n, p in wanted.items()}


def write(name: str, audio: dict, lengths: list[int]) -> None:
    config = Gemma3nAudioConfig(**audio)
    mel, mask = clips(name, config.input_feat_size, lengths)
    with tempfile.TemporaryDirectory() as folder:
        fill(Gemma3nAudioEncoder(config), PREFIX, SEED).save_pretrained(folder)
        model = encoder(config, torch.float32, folder)
        exact, mask_out = encode(model, mel, mask)
        golden = {"mel": mel, "mask": mask, "mask_out": mask_out, "features_float32": exact}
        if name == "left":
            golden |= gradients(model, mel, mask)
        del model
        golden["features_bfloat16"], _ = encode(encoder(config, torch.bfloat16, folder), mel, mask)
    spread = (golden["features_bfloat16"] - exact).square().mean().sqrt()
    if name == "full":
        del golden["mel"]
        for kept in ("features_float32", "features_bfloat16"):
            golden[kept] = golden[kept].flatten()[::97].contiguous()
    ROOT.mkdir(parents=True, exist_ok=True)
    path = ROOT / f"{name}.safetensors"
    save_file(golden, path, metadata={"made_by": "scripts/reference/make_audio_goldens.py", "seed": str(SEED)})
    kept = {k: v for k, v in config.to_dict().items() if k in CONFIG_KEYS or k.startswith(("conf_", "sscp_"))}
    (ROOT / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{name}: {path.stat().st_size / 1e3:.0f} kB, {list(exact.shape)}, max {exact.abs().max():.3f}, "
          f"rms {exact.square().mean().sqrt():.3f}, bf16 rms {spread:.4f}, masked {int(mask_out.sum())}")


CONFIG_KEYS = ("model_type", "vocab_size", "vocab_offset", "hidden_size", "rms_norm_eps", "input_feat_size",
               "gradient_clipping")

if __name__ == "__main__":
    for golden in sys.argv[1:] or GOLDENS:
        write(golden, *GOLDENS[golden])
