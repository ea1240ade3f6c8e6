"""Makes the goldens of the front ends: pictures and sounds of every kind, and the features that the reference computes.

    .venv-reference/bin/python scripts/reference/make_feature_goldens.py

Writes tests/data/media/: the pictures and sounds of media_files.py, and
  pictures.json            for each file: height, width and SHA-256 of the upright RGB bytes [h, w, 3] (transformers
                           load_image), and "HxW" → SHA-256 of the resized bytes [3, H, W] (the checkpoint's image
                           processor)
  exif.json                [hexadecimal EXIF, orientation]: 250 blocks of media_files.py and what PIL finds in them (1: nothing)
  normalised.safetensors   one picture after the processor with do_normalize
  resampled.safetensors    each sound as 16 kHz mono (libsndfile, mean of the channels, soxr HQ)
  mel.safetensors          CASE.frames: indices of the kept frames; CASE.mel: those log-mel frames; CASE.mask: the mask of
                           all frames, where true means a frame, as in the extractor
"""
import hashlib
import json
import pathlib
import shutil
import tempfile

import numpy as np
import reference_model  # noqa: F401  declares torchvision's ops before transformers is imported
import soundfile
import soxr
import torch
from media_files import RATE, exif_blocks, waveform, write_jpegs, write_oriented, write_pngs, write_sounds
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoImageProcessor, Gemma3nAudioFeatureExtractor
from transformers.image_utils import load_image

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data"
FOLDER = DATA / "media"
SIZES = [(768, 768), (256, 256), (40, 56)]
NORMALISE = dict(do_normalize=True, image_mean=[0.5, 0.4, 0.3], image_std=[0.5, 0.25, 0.2], size={"height": 6, "width": 8})
# name → (samples, arguments of the extractor, n: every n-th frame is kept)
MEL_CASES = {
    "one_frame": (513, {}, 1),
    "three_tenths": (4_800, {}, 1),
    "padded": (16_001, {}, 5),
    "twenty_nine_seconds": (29 * RATE, {}, 97),
    "plain_preemphasis": (3_000, dict(preemphasis_htk_flavor=False, preemphasis=0.9, fft_overdrive=False), 1),
    "no_preemphasis": (3_000, dict(preemphasis=0.0, feature_size=40, frame_length_ms=25.0, hop_length_ms=5.0,
                                   min_frequency=0.0, max_frequency=8000.0, mel_floor=0.5), 1),
    "per_bin": (3_000, dict(feature_size=4, per_bin_mean=[1.0, -2.0, 0.5, 0.0], per_bin_stddev=[2.0, 0.5, 1.0, 3.0],
                            input_scale_factor=0.25, padding_value=0.1), 1),
}


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def image_processor():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("config.json", "preprocessor_config.json"):
            shutil.copy(DATA / "published_e2b" / name, folder)
        return AutoImageProcessor.from_pretrained(folder)


def describe(path: pathlib.Path, processor) -> dict:
    image = load_image(str(path))
    pixels = np.array(image)
    entry = {"height": pixels.shape[0], "width": pixels.shape[1], "pixels": sha256(pixels)}
    for height, width in SIZES:
        resized = processor(image, size={"height": height, "width": width}, do_rescale=False, return_tensors="pt")
        values = resized["pixel_values"][0]
        assert values.dtype == torch.uint8, values.dtype
        entry[f"{height}x{width}"] = sha256(values.numpy())
    return entry


def orientation(block: bytes) -> int:
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + block)
    value = exif.get(0x0112, 1)
    return value if value in range(1, 9) else 1


def resampled(path: pathlib.Path) -> torch.Tensor:
    if path.name in ("pipe_zero.wav", "pipe.flac"):  # soundfile does not read these two; they hold the samples of this one
        path = path.with_name("pipe_ffmpeg.wav")
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.astype(np.float64).mean(axis=1).astype(np.float32)
    return torch.from_numpy(mono if rate == RATE else soxr.resample(mono, rate, RATE, quality="HQ"))


def mel(samples: int, arguments: dict, step: int) -> dict[str, torch.Tensor]:
    extractor = Gemma3nAudioFeatureExtractor(**arguments)
    output = extractor(waveform(samples), return_tensors="np")
    features, mask = output["input_features"][0], output["input_features_mask"][0]
    frames = np.unique(np.append(np.arange(0, len(features), step), len(features) - 1))
    return {"frames": torch.from_numpy(frames), "mel": torch.from_numpy(features[frames]), "mask": torch.from_numpy(mask)}


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    write_pngs(FOLDER)
    write_jpegs(FOLDER)
    write_oriented(FOLDER)
    write_sounds(FOLDER)
    processor = image_processor()
    pictures = sorted(p for p in FOLDER.iterdir() if p.suffix in (".png", ".jpg"))
    described = {p.name: describe(p, processor) for p in pictures}
    (FOLDER / "pictures.json").write_text(json.dumps(described, indent=1) + "\n")
    blocks = [[block.hex(), orientation(block)] for block in exif_blocks(250)]
    (FOLDER / "exif.json").write_text("[" + ",\n".join(json.dumps(row) for row in blocks) + "]\n")
    normalised = processor(load_image(str(FOLDER / "rgb.png")), return_tensors="pt", **NORMALISE)["pixel_values"][0]
    save_file({"pixels": normalised.contiguous()}, FOLDER / "normalised.safetensors")
    sounds = sorted(p for p in FOLDER.iterdir() if p.suffix in (".wav", ".flac", ".ogg"))
    save_file({p.name: resampled(p) for p in sounds}, FOLDER / "resampled.safetensors")
    cases = {f"{case}.{k}": v for case, options in MEL_CASES.items() for k, v in mel(*options).items()}
    save_file(cases, FOLDER / "mel.safetensors")


if __name__ == "__main__":
    main()
