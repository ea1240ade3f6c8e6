"""Makes the text goldens: tiny random checkpoints of unusual shapes, with the reference's logits and gradients.

    .venv-reference/bin/python scripts/reference/make_text_goldens.py [NAME…]

Writes tests/data/text/NAME/{config.json, model.safetensors, golden.safetensors}.  golden.safetensors holds
  ids                              int64 [B, T]
  logits_float32, logits_bfloat16  [B, T, vocab]: the reference in each dtype, both stored as float32
  loss, grad.TENSOR                only in `gradients`: the mean next-token loss and its gradients
"""
import copy
import pathlib
import sys

import torch
from reference_model import build, load, mixed_formats, old_spelling, save
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "text"
S, F = "sliding_attention", "full_attention"


def text_config(**changes) -> dict:
    config = dict(
        model_type="gemma3n_text", vocab_size=120, vocab_size_per_layer_input=96, hidden_size=48,
        hidden_size_per_layer_input=8, num_hidden_layers=5, intermediate_size=[80] * 5, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, sliding_window=16, layer_types=[S, S, S, S, F], num_kv_shared_layers=0,
        laurel_rank=6, altup_num_inputs=4, altup_active_idx=0, altup_coef_clip=120.0, altup_correct_scale=True,
        activation_sparsity_pattern=[0.0] * 5, rms_norm_eps=1e-6, final_logit_softcapping=30.0,
        max_position_embeddings=512, bos_token_id=2, eos_token_id=1, pad_token_id=0,
        rope_parameters={F: {"rope_type": "default", "rope_theta": 1e6}, S: {"rope_type": "default", "rope_theta": 1e4}},
    )
    return config | changes


def mixed_config() -> dict:
    """Hard image ids are [96, 112) and audio ids [112, 128), each with its own embedder.  Towers have the real topology."""
    text = text_config(vocab_size=128, num_hidden_layers=4, intermediate_size=[64] * 4, layer_types=[S, F, S, F],
                       num_kv_shared_layers=2, activation_sparsity_pattern=[0.9, 0.0, 0.0, 0.0])
    audio = dict(vocab_size=16, vocab_offset=112, hidden_size=32, conf_num_hidden_layers=1, conf_num_attention_heads=4,
                 input_feat_size=16, sscp_conv_channel_size=[8, 4])
    vision = dict(vocab_size=16, vocab_offset=96, hidden_size=2048, model_args={"channel_multiplier": 0.05})
    return dict(model_type="gemma3n", text_config=text, audio_config=audio, vision_config=vision,
                boi_token_id=90, eoi_token_id=96, image_token_id=97, boa_token_id=91, eoa_token_id=112,
                audio_token_id=113, vision_soft_tokens_per_image=256, audio_soft_tokens_per_image=188)


# name → (config, batch, tokens, options of `write`)
GOLDENS = {
    "plain": (text_config(), 1, 24, {}),
    "odd": (text_config(
        hidden_size=60, num_hidden_layers=7, num_attention_heads=6, num_key_value_heads=2, head_dim=10,
        intermediate_size=[40, 56, 72, 88, 104, 48, 64], activation_sparsity_pattern=[0.95, 0.8, 0.6, 0.0, 0.0, 0.5, 0.0],
        altup_num_inputs=3, altup_active_idx=1, num_kv_shared_layers=3, layer_types=[S, F, S, F, F, S, S],
        sliding_window=7, hidden_size_per_layer_input=10, laurel_rank=5), 2, 33, {}),
    "published": (text_config(
        num_hidden_layers=10, intermediate_size=[64] * 10, layer_types=[S, S, S, S, F] * 2, num_kv_shared_layers=5,
        activation_sparsity_pattern=[0.95] * 3 + [0.0] * 7, sliding_window=9, altup_correct_scale=False,
        num_key_value_heads=1), 1, 40, {"old": True, "unused_kv": True, "dtype": torch.bfloat16}),
    "mixed": (mixed_config(), 2, 29, {}),
    "half": (text_config(
        vocab_size=50, vocab_size_per_layer_input=44, hidden_size=32, head_dim=8, num_hidden_layers=4,
        intermediate_size=[48] * 4, layer_types=[S, F, S, F], num_kv_shared_layers=2,
        activation_sparsity_pattern=[0.8, 0.0, 0.0, 0.0], sliding_window=6), 1, 20, {"dtype": torch.float16}),
    "untied": (text_config(
        vocab_size=50, vocab_size_per_layer_input=44, hidden_size=32, head_dim=8, num_hidden_layers=4,
        intermediate_size=[48] * 4, layer_types=[S, F, S, F], num_kv_shared_layers=2, tie_word_embeddings=False,
        activation_sparsity_pattern=[0.0, 0.8, 0.0, 0.0], sliding_window=5), 2, 18, {"dtype": mixed_formats}),
    "gradients": (text_config(
        vocab_size=40, vocab_size_per_layer_input=32, hidden_size=24, hidden_size_per_layer_input=6, num_hidden_layers=4,
        intermediate_size=[32, 40, 32, 24], layer_types=[S, F, S, F], num_kv_shared_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=8, activation_sparsity_pattern=[0.7, 0.0, 0.0, 0.0], sliding_window=5,
        laurel_rank=3, altup_num_inputs=3), 2, 14, {"gradients": True}),
}


def draw_ids(name: str, vocab: int, batch: int, tokens: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(len(name))
    ids = torch.randint(1, vocab, (batch, tokens), generator=generator)
    ids[:, 0] = 2
    if name == "mixed":  # a run of hard image ids and one of audio ids, which include the ids of the soft placeholders
        ids[:, 5:9] = torch.tensor([96, 97, 104, 111])
        ids[:, 12:16] = torch.tensor([112, 113, 120, 127])
    return ids


@torch.no_grad()
def logits_of(model, ids: torch.Tensor) -> torch.Tensor:
    return model(input_ids=ids, use_cache=False).logits.float()


def gradients(model, ids: torch.Tensor) -> dict:
    """Returns the mean next-token loss and its gradients in eval mode; training mode would clip AltUp's weights in place."""
    logits = model(input_ids=ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))
    loss.backward()
    grads = {f"grad.{n}": p.grad.contiguous() for n, p in model.named_parameters() if p.grad is not None}
    return {"loss": loss.detach().reshape(1)} | grads


def write(name: str, config: dict, batch: int, tokens: int, *, old=False, unused_kv=False, dtype=torch.float32,
          **wanted) -> None:
    folder = ROOT / name
    save(build(copy.deepcopy(config), seed=sum(map(ord, name))), folder, towers=False, unused_kv=unused_kv, dtype=dtype)
    if old:
        old_spelling(folder / "config.json")
    model = load(folder, torch.float32)
    ids = draw_ids(name, model.config.get_text_config().vocab_size, batch, tokens)
    golden = {"ids": ids, "logits_float32": logits_of(model, ids)}
    if wanted.get("gradients"):
        golden |= gradients(model, ids)
    golden["logits_bfloat16"] = logits_of(load(folder, torch.bfloat16), ids)
    save_file(golden, folder / "golden.safetensors", metadata={"made_by": "scripts/reference/make_text_goldens.py"})
    size = sum(f.stat().st_size for f in folder.iterdir())
    spread = (golden["logits_bfloat16"] - golden["logits_float32"]).square().mean().sqrt()
    print(f"{name}: {size / 1e3:.0f} kB, max|logit| {golden['logits_float32'].abs().max():.3f}, bf16 rms {spread:.4f}, "
          f"{len(load_file(folder / 'model.safetensors'))} tensors")


if __name__ == "__main__":
    for golden in sys.argv[1:] or GOLDENS:
        shape, batch, tokens, options = GOLDENS[golden]
        write(golden, shape, batch, tokens, **options)
