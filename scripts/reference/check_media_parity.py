"""Compares the command line with the reference's own processors and model on held-out pictures and sounds of many kinds.

    .venv-reference/bin/python scripts/reference/check_media_parity.py [--seed S]

The weights are random (`plelab synth`) and the files are made here: pictures of unusual aspect ratios, in grey and RGBA;
44.1 kHz stereo, 0.3 s and 29 s of sound.  Prompts show two images, two clips of different lengths, or a mix.
`plelab logits` in float32, in one pass and with --step, must be within 2e-4 · max|logit| of the reference.  In bfloat16
its error must be at most 1.1 × the reference's own.  The strategy `disk` must equal `resident`.
"""
import argparse
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import soundfile
import torch
from check_parity import PLELAB, ROOT, plelab_logits, rms_error
from make_feature_goldens import resampled
from make_multimodal_goldens import CLIP, IMAGE, ids_of, logits_of
from make_text_goldens import mixed_config
from media_files import RATE
from PIL import Image
from reference_model import load
from transformers import AutoImageProcessor, Gemma3nAudioFeatureExtractor

PUBLISHED = ROOT / "tests" / "data" / "published_e2b"


def write_media(folder: pathlib.Path, dice: np.random.Generator) -> dict[str, pathlib.Path]:
    def picture(name: str, height: int, width: int, mode: str) -> None:
        channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
        coarse = dice.integers(0, 256, (height // 7 + 2, width // 7 + 2, *channels), dtype=np.uint8)
        Image.fromarray(coarse, mode).resize((width, height), Image.BICUBIC).save(folder / name)

    def sound(name: str, rate: int, channels: int, seconds: float) -> None:
        t = np.arange(int(rate * seconds)) / rate
        voice = sum(np.sin(2 * np.pi * f * t * (1 + 0.1 * np.sin(3 * t))) for f in (140, 410, 1300)) / 6
        samples = np.stack([voice * g for g in (0.9, 0.5)[:channels]], 1) + 0.02 * dice.standard_normal((len(t), channels))
        soundfile.write(folder / name, samples.clip(-1, 1), rate)

    picture("tall.png", 611, 203, "RGB")
    picture("wide.jpg", 120, 517, "RGB")
    picture("grey.png", 300, 300, "L")
    picture("alpha.png", 257, 511, "RGBA")
    sound("stereo.wav", 44_100, 2, 3.7)
    sound("short.flac", RATE, 1, 0.3)
    sound("long.ogg", 22_050, 1, 29.0)
    return {path.name: path for path in folder.iterdir()}


# name → prompt: lists of text ids, and the names of the files where they are shown
CASES = {
    "tall picture": [[5, 6], "tall.png", [7, 8, 9]],
    "wide JPEG": ["wide.jpg", [20, 21]],
    "grey": ["grey.png", [30]],
    "alpha": [[31, 32], "alpha.png", [33]],
    "two images": [[40], "tall.png", [41], "alpha.png", [42]],
    "44.1 kHz stereo": [[50], "stereo.wav", [51, 52]],
    "0.3 s": ["short.flac", [53]],
    "29 s": ["long.ogg", [54, 55]],
    "two clips": ["stereo.wav", [56], "short.flac", [57]],
    "mixed": [[60], "short.flac", [61, 62], "grey.png", [63], "stereo.wav"],
}


def checkpoint(folder: pathlib.Path, seed: int) -> dict:
    """Makes random weights in the published layout, with the published front ends and pictures of 256 × 256."""
    config = mixed_config()
    config["audio_config"] |= dict(input_feat_size=128, hidden_size=48, conf_num_hidden_layers=3)
    saved = reference_config(folder, config)
    subprocess.run([PLELAB, "synth", "--shape", saved, "--out", folder / "checkpoint", "--seed", str(seed), "--dtype", "float32"],
                   check=True, stdout=subprocess.DEVNULL)
    processor = json.loads((PUBLISHED / "preprocessor_config.json").read_text()) | {"size": {"height": 256, "width": 256}}
    (folder / "checkpoint" / "preprocessor_config.json").write_text(json.dumps(processor))
    return config


def reference_config(folder: pathlib.Path, config: dict) -> pathlib.Path:
    """Writes the config.json with every default, as transformers saves it, and returns its path."""
    from transformers import Gemma3nConfig
    Gemma3nConfig(**copy.deepcopy(config)).save_pretrained(folder / "saved")
    return folder / "saved" / "config.json"


def reference_media(parts: list, files: dict, processor, extractor) -> dict:
    media = {}
    pictures = [Image.open(files[p]).convert("RGB") for p in parts if kind(p) == IMAGE]
    if pictures:
        media["pixel_values"] = processor(pictures, return_tensors="pt")["pixel_values"]
    waves = [resampled(files[p]).numpy() for p in parts if kind(p) == CLIP]
    if waves:
        features = extractor(waves, return_tensors="pt")
        media["input_features"] = features["input_features"].float()
        media["input_features_mask"] = features["input_features_mask"].bool()
    return media


def kind(part) -> str:
    return "text" if isinstance(part, list) else CLIP if part.endswith((".wav", ".flac", ".ogg")) else IMAGE


def media_options(parts: list, files: dict) -> list:
    return [a for p in parts if kind(p) != "text" for a in ("--image" if kind(p) == IMAGE else "--audio", files[p])]


def check(parts: list, files: dict, folder: pathlib.Path, config: dict, models: dict, processor, extractor) -> tuple[float, list[str]]:
    def ours(*options: str) -> np.ndarray:
        return plelab_logits(folder / "checkpoint", ids, *media_options(parts, files), *options)

    ids = ids_of([p if kind(p) == "text" else kind(p) for p in parts], config)
    media = reference_media(parts, files, processor, extractor)
    want = logits_of(models["float32"], ids, media, torch.float32).numpy()
    theirs = rms_error(logits_of(models["bfloat16"], ids, media, torch.bfloat16).numpy(), want)
    bound, failures, worst = 2e-4 * np.abs(want).max(), [], 0.0
    for name, extra in (("one pass", ()), ("step", ("--step",))):
        error = np.abs(ours("--dtype", "float32", *extra) - want).max()
        worst = max(worst, error / bound)
        if not error <= bound:
            failures.append(f"{name}: max error {error:.2e} > {bound:.2e}")
    low = ours("--dtype", "bfloat16")
    if not rms_error(low, want) <= 1.1 * theirs:
        failures.append(f"bfloat16: rms {rms_error(low, want):.4f} > 1.1 × {theirs:.4f}")
    if not np.array_equal(low, ours("--dtype", "bfloat16", "--ple", "disk,backend=direct")):
        failures.append("disk differs from resident")
    return worst, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "media").mkdir()
        files = write_media(folder / "media", np.random.default_rng(seed))
        config = checkpoint(folder, seed)
        models = {d: load(folder / "checkpoint", getattr(torch, d)) for d in ("float32", "bfloat16")}
        processor = AutoImageProcessor.from_pretrained(folder / "checkpoint")
        extractor = Gemma3nAudioFeatureExtractor()
        for case, parts in CASES.items():
            worst, failures = check(parts, files, folder, config, models, processor, extractor)
            bad += bool(failures)
            print(f"{case}: {worst:.3f} of the bound;", "; ".join(failures) or "ok", flush=True)
    print(f"{len(CASES) - bad} of {len(CASES)} prompts agree with the reference")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
