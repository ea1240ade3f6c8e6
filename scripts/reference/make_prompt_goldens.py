"""Makes tests/data/prompts/golden.json: the ids of prompts with images and audio clips, by the reference's processor.

    .venv-reference/bin/python scripts/reference/make_prompt_goldens.py

Gemma3nProcessor over the shipped vocabulary (configs/models/small/tokenizer.model), with 2 soft tokens for an image and 3
for a clip.  Holds {"special": {name: id}, "prompts": [{text, images, clips, ids}]}; ids is null where the reference
refuses the prompt.
"""
import json
from pathlib import Path

import numpy as np
import reference_model  # noqa: F401  (declares torchvision's ops)
import sentencepiece
from PIL import Image
from tokenizers import AddedToken, Tokenizer, models, normalizers
from transformers import Gemma3nAudioFeatureExtractor, PreTrainedTokenizerFast
from transformers.models.gemma3n.processing_gemma3n import Gemma3nProcessor
from transformers.models.siglip.image_processing_siglip import SiglipImageProcessor

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/data/prompts/golden.json"
MEDIA = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>",
         "boa_token": "<start_of_audio>", "eoa_token": "<end_of_audio>", "audio_token": "<audio_soft_token>"}
PROMPTS = [  # text, images, clips
    ("Look <image_soft_token>well", 1, 0),
    ("<image_soft_token>", 1, 0),
    ("First <image_soft_token> then\n<image_soft_token>, which?", 2, 0),
    ("Hear <audio_soft_token> now", 0, 1),
    ("<audio_soft_token><image_soft_token>", 1, 1),
    ("<start_of_turn>user\n<image_soft_token>What is it?<end_of_turn>\n<start_of_turn>model\n", 1, 0),
    ("an <audio> tag beside <image_soft_token>", 1, 0),
    ("an <audio> tag and an <image> tag", 0, 0),
    ("<start_of_image> and <end_of_image> alone", 0, 0),
    ("no file for <image_soft_token>", 0, 0),
    ("no file for <audio_soft_token>", 0, 0),
    ("<image_soft_token> twice <image_soft_token>", 1, 0),
]


def tokenizer() -> PreTrainedTokenizerFast:
    """The shipped sentencepiece model as the tokenizers library has it: a pair is merged by the rank of what it makes."""
    pieces = sentencepiece.SentencePieceProcessor(str(ROOT / "configs/models/small/tokenizer.model"))
    vocab = {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}
    ranked = []
    for piece, number in vocab.items():
        pairs = [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in vocab and piece[i:] in vocab]
        ranked += [(-pieces.get_score(number), vocab[left], vocab[right], left, right) for left, right in pairs]
    merges = [(left, right) for *_, left, right in sorted(ranked)]
    made = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.add_special_tokens([AddedToken(text, normalized=False) for text in ("<start_of_turn>", "<end_of_turn>")])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>",
                                   pad_token="<pad>", extra_special_tokens=MEDIA)


def main() -> None:
    model = tokenizer()
    processor = Gemma3nProcessor(feature_extractor=Gemma3nAudioFeatureExtractor(), tokenizer=model, audio_seq_length=3,
                                 image_seq_length=2, image_processor=SiglipImageProcessor(size=dict(height=32, width=32)))
    image, clip = Image.new("RGB", (32, 32)), np.zeros(16000, dtype=np.float32)
    made = []
    for text, images, clips in PROMPTS:
        try:
            ids = processor(text=text, images=[image] * images or None, audio=[clip] * clips or None)["input_ids"][0]
        except ValueError:
            ids = None
        made.append({"text": text, "images": images, "clips": clips, "ids": ids})
    special = {name: model.convert_tokens_to_ids(text) for name, text in MEDIA.items()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n  ".join(json.dumps(prompt) for prompt in made)
    OUT.write_text(f'{{"special": {json.dumps(special)},\n "prompts": [\n  {lines}]}}\n')


if __name__ == "__main__":
    main()
