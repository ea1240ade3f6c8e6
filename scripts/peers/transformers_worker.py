"""Times transformers on one checkpoint, on request.  compare_transformers.py starts it in .venv-reference.

It reads one JSON object per line, {"prompt": [ids], "tokens": [ids]}, and answers {"prefill_s": s, "step_s": [s, …]}: the
times of the prompt in one pass, and then of each token through the key-value cache.  Each pass computes the logits of the
last position only.  With --text, its first line also has the ids of that text in the checkpoint's vocabulary.
"""
import argparse
import json
import pathlib
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))
import reference_model  # noqa: E402, F401: declares the torchvision ops that importing transformers needs
from transformers import AutoConfig, DynamicCache, Gemma3nForCausalLM  # noqa: E402
from transformers import __version__ as transformers_version  # noqa: E402
from transformers.utils import logging  # noqa: E402


def load(checkpoint: str, dtype: torch.dtype) -> Gemma3nForCausalLM:
    """Loads the text decoder alone, because the towers would only take memory."""
    config = AutoConfig.from_pretrained(checkpoint)
    key_mapping = {r"^model\.language_model\.": "model."} if hasattr(config, "text_config") else None
    model, report = Gemma3nForCausalLM.from_pretrained(
        checkpoint, config=config.get_text_config(), dtype=dtype, key_mapping=key_mapping, output_loading_info=True)
    missing = [key for key in report["missing_keys"] if key != "lm_head.weight"]  # tied to the token embedding
    if missing:
        sys.exit(f"transformers did not find {len(missing)} tensors in {checkpoint}, the first: {missing[0]}")
    return model.eval()


def ids_of(text: str, checkpoint: str) -> list[int]:
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(pathlib.Path(checkpoint) / "tokenizer.model"))
    return pieces.encode(pathlib.Path(text).read_text(encoding="utf-8"))


@torch.inference_mode()
def measure(model: Gemma3nForCausalLM, prompt: list[int], tokens: list[int]) -> dict:
    cache = DynamicCache(config=model.config)
    start = time.perf_counter()
    model(input_ids=torch.tensor([prompt]), past_key_values=cache, use_cache=True, logits_to_keep=1)
    prefill_s = time.perf_counter() - start
    step_s = []
    for token in tokens:
        start = time.perf_counter()
        model(input_ids=torch.tensor([[token]]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        step_s.append(time.perf_counter() - start)
    return {"prefill_s": prefill_s, "step_s": step_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float32"))
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--text")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()  # warnings about the towers, which are not loaded, would fill the screen
    logging.disable_progress_bar()
    model = load(options.checkpoint, getattr(torch, options.dtype))
    hello = {"ready": True, "transformers": transformers_version, "torch": torch.__version__}
    if options.text:
        hello["ids"] = ids_of(options.text, options.checkpoint)
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(measure(model, request["prompt"], request["tokens"])), flush=True)


if __name__ == "__main__":
    main()
