"""Times one tower of the reference on request.  compare_towers.py starts it in .venv-reference.

For each line of input it encodes twice and answers {"seconds": s}, the time of the second encoding.  The weights are random
and have the published shape.  The tower runs in eager mode, as in transformers.
"""
import argparse
import json
import pathlib
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
import reference_model  # noqa: E402, F401: declares the torchvision ops that importing timm and transformers needs
import timm  # noqa: E402
from transformers import Gemma3nAudioConfig, Gemma3nAudioEncoder  # noqa: E402
from transformers import __version__ as transformers_version  # noqa: E402

FRAMES_PER_SECOND = 100


def vision(side: int, dtype: torch.dtype):
    model = timm.create_model("mobilenetv5_300m_enc").to(dtype).eval()
    pixels = torch.rand(1, 3, side, side).to(dtype)
    return lambda: model(pixels)


def audio(seconds: int, dtype: torch.dtype):
    config = Gemma3nAudioConfig()
    model = Gemma3nAudioEncoder(config).to(dtype).eval()
    mel = torch.randn(1, seconds * FRAMES_PER_SECOND, config.input_feat_size).to(dtype)
    mask = torch.zeros(mel.shape[:2], dtype=torch.bool)
    return lambda: model(mel, mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tower", choices=("vision", "audio"))
    parser.add_argument("--size", type=int, required=True, help="side of the picture in pixels, or seconds of sound")
    parser.add_argument("--dtype", required=True, choices=("float32", "bfloat16"))
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    encode = (vision if options.tower == "vision" else audio)(options.size, getattr(torch, options.dtype))
    print(json.dumps({"torch": torch.__version__, "timm": timm.__version__, "transformers": transformers_version}), flush=True)
    with torch.inference_mode():
        for _ in sys.stdin:
            encode()
            start = time.perf_counter()
            encode()
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
