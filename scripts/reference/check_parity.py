"""Compares the command line with the reference on random, unusual shapes that no test has seen.

    .venv-reference/bin/python scripts/reference/check_parity.py [--shapes N] [--seed S] [--keep FOLDER]

The reference makes a checkpoint of each shape.  For each, `plelab logits` in float32, in one pass and with --step, must be
within 2e-4 · max|logit| of transformers.  Every exact strategy must be bit-identical to resident in float32 and bfloat16.
The rms error in bfloat16 must be at most 1.1 × the reference's own.
"""
import argparse
import copy
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
from make_text_goldens import F, S, logits_of, text_config
from reference_model import build, load, mixed_formats, old_spelling, save

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLELAB = ROOT / "build" / "plelab"
EXACT = ("cached,capacity=5%", "cached,capacity=0", "disk", "disk,backend=direct", "disk,backend=mmap",
         "disk,prefetch=false")


def draw_shape(dice: random.Random) -> tuple[dict, dict]:
    layers = dice.randint(3, 9)
    shared = dice.randint(0, layers - 2)
    kinds = [S, F] + [dice.choice((S, F)) for _ in range(layers - shared - 2)]
    dice.shuffle(kinds)
    kv_heads = dice.choice((1, 2, 3))
    heads = kv_heads * dice.choice((1, 2, 3))
    streams = dice.randint(2, 5)
    vocab = dice.randint(60, 300)
    config = text_config(
        vocab_size=vocab, vocab_size_per_layer_input=vocab - dice.randint(0, 30), hidden_size=heads * dice.choice((8, 12, 14)),
        hidden_size_per_layer_input=dice.choice((4, 6, 9, 16)), num_hidden_layers=layers,
        intermediate_size=[dice.randint(20, 120) for _ in range(layers)], num_attention_heads=heads,
        num_key_value_heads=kv_heads, head_dim=dice.choice((6, 8, 10, 16)), sliding_window=dice.randint(2, 20),
        layer_types=kinds + [dice.choice(kinds) for _ in range(shared)], num_kv_shared_layers=shared,
        laurel_rank=dice.randint(2, 9), altup_num_inputs=streams, altup_active_idx=dice.randrange(streams),
        altup_correct_scale=dice.random() < 0.7, final_logit_softcapping=dice.choice((30.0, 5.0)),
        activation_sparsity_pattern=[dice.choice((0.0, 0.0, 0.5, 0.8, 0.95)) for _ in range(layers)],
        tie_word_embeddings=dice.random() < 0.6)
    options = dict(old=dice.random() < 0.5, unused_kv=dice.random() < 0.5,
                   dtype=dice.choice((torch.float32, torch.bfloat16, torch.float16, mixed_formats)))
    return config, options


def multimodal(dice: random.Random, text: dict) -> dict:
    """Adds small towers to the text shape, and gives the hard image and audio ids ranges of their own."""
    text["vocab_size"] = text["vocab_size_per_layer_input"] + 20
    first = text["vocab_size_per_layer_input"]
    return dict(
        model_type="gemma3n", text_config=text, tie_word_embeddings=text["tie_word_embeddings"],
        vision_config=dict(vocab_size=12, vocab_offset=first, hidden_size=2048, model_args={"channel_multiplier": 0.05}),
        audio_config=dict(vocab_size=8, vocab_offset=first + 12, hidden_size=dice.choice((16, 32)), conf_num_hidden_layers=1,
                          conf_num_attention_heads=4, input_feat_size=16, sscp_conv_channel_size=[8, 4]),
        boi_token_id=10, eoi_token_id=first, image_token_id=first + 1, boa_token_id=11, eoa_token_id=first + 12,
        audio_token_id=first + 13, vision_soft_tokens_per_image=256, audio_soft_tokens_per_image=188)


def plelab_logits(folder: pathlib.Path, ids: list[int], *options: str) -> np.ndarray:
    (folder / "ids.json").write_text(json.dumps(ids))
    out = folder / "logits.h5"
    subprocess.run([PLELAB, "logits", folder, "--tokens", folder / "ids.json", "--out", out, "--force", *options],
                   check=True, stdout=subprocess.DEVNULL)
    with h5py.File(out) as file:
        return file["logits"][...]


def check(folder: pathlib.Path, config: dict, options: dict, seed: int) -> list[str]:
    save(build(copy.deepcopy(config), seed), folder, towers=True, unused_kv=options["unused_kv"], dtype=options["dtype"], seed=seed)
    if options["old"]:
        old_spelling(folder / "config.json")
    model = load(folder, torch.float32)
    text = model.config.get_text_config()
    ids = torch.randint(0, text.vocab_size, (1, random.Random(seed).randint(20, 70)),
                        generator=torch.Generator().manual_seed(seed))
    want = logits_of(model, ids)[0].numpy()
    low = logits_of(load(folder, torch.bfloat16), ids)[0].numpy()
    flat, bound, failures = ids[0].tolist(), 2e-4 * np.abs(want).max(), []
    for name, extra in (("one pass", ()), ("step", ("--step",))):
        error = np.abs(plelab_logits(folder, flat, "--dtype", "float32", *extra) - want).max()
        if not error <= bound:
            failures.append(f"{name}: max error {error:.2e} > {bound:.2e}")
        rms = rms_error(plelab_logits(folder, flat, "--dtype", "bfloat16", *extra), want)
        if not rms <= 1.1 * rms_error(low, want):
            failures.append(f"bfloat16 {name}: rms {rms:.4f} > 1.1 × {rms_error(low, want):.4f}")
    for dtype in ("float32", "bfloat16"):
        for extra in ((), ("--step",)):
            resident = plelab_logits(folder, flat, "--dtype", dtype, "--ple", "resident", *extra)
            failures += [f"{spec} differs from resident ({dtype} {extra})" for spec in EXACT
                         if not np.array_equal(plelab_logits(folder, flat, "--dtype", dtype, "--ple", spec, *extra), resident)]
    return failures + [conditioning(folder, ids, want)] if failures else []


def conditioning(folder: pathlib.Path, ids: torch.Tensor, want: np.ndarray) -> str:
    """Says how much rounding alone changes the reference's logits: some random networks amplify it (Gaussian top-k)."""
    double, rounded = load(folder, torch.float32).double(), load(folder, torch.float32)
    for parameter in rounded.parameters():
        parameter.data = parameter.data.bfloat16().float()
    return (f"(the reference alone: float32 from float64 {np.abs(logits_of(double, ids)[0].numpy() - want).max():.2e}; "
            f"its weights rounded to bfloat16, nothing else, rms {rms_error(logits_of(rounded, ids)[0].numpy(), want):.4f})")


def rms_error(values: np.ndarray, want: np.ndarray) -> float:
    return float(np.sqrt(np.mean((values - want) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="folder in which to keep the checkpoints")
    arguments = parser.parse_args()
    root = arguments.keep or pathlib.Path(tempfile.mkdtemp())
    bad = 0
    for index in range(arguments.shapes):
        dice = random.Random(arguments.seed * 1000 + index)
        config, options = draw_shape(dice)
        if index % 3 == 2:
            config = multimodal(dice, config)
        failures = check(root / f"shape{index}", config, options, arguments.seed * 1000 + index)
        bad += bool(failures)
        kind = f"{config['model_type']}, {'tied' if config['tie_word_embeddings'] else 'own head'}, {getattr(options['dtype'], '__name__', options['dtype'])}"
        print(f"shape {index} ({kind}):", "; ".join(failures) or "ok", flush=True)
    if not arguments.keep:
        shutil.rmtree(root)
    print(f"{arguments.shapes - bad} of {arguments.shapes} shapes agree with the reference")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
