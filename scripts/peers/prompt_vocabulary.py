"""A folder that is a checkpoint whose vocabulary spells the ids of one prompt, so that `plelab generate` reads exactly these ids.

Random weights have no vocabulary, and a peer's file is given ids, too.  Each id is an added token, <id:17>; the 256 pieces without which
there is no vocabulary take ids that the prompt does not have.
"""
import json
import pathlib

FILES = ("*.safetensors", "*.safetensors.index.json", "config.json")


def spelling(token: int) -> str:
    return f"<id:{token}>"


def pieces(taken: set[int]) -> dict[str, int]:
    """<unk> and the 256 bytes, at the first ids that are free."""
    names = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    free = (token for token in range(len(names) + len(taken)) if token not in taken)
    return dict(zip(names, free))


def vocabulary(ids: list[int], reserved: set[int]) -> dict:
    """A tokenizer.json; `reserved` are ids that config.json gives a meaning."""
    return {"added_tokens": [{"id": token, "content": spelling(token), "special": False, "normalized": False} for token in sorted(set(ids))],
            "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, "pre_tokenizer": None,
            "model": {"type": "BPE", "byte_fallback": True, "unk_token": "<unk>", "vocab": pieces(set(ids) | reserved), "merges": []}}  # fmt: skip


def ids_with_a_meaning(config) -> set[int]:
    """All numbers that stand under keys like `bos_token_id`, at any depth."""
    found = set()
    for key, value in config.items() if isinstance(config, dict) else []:
        if isinstance(value, dict):
            found |= ids_with_a_meaning(value)
        elif "token_id" in key:
            found |= {token for token in (value if isinstance(value, list) else [value]) if isinstance(token, int)}
    return found


def make(checkpoint: pathlib.Path, ids: list[int], folder: pathlib.Path) -> str:
    """Fills `folder` with links to the checkpoint's files and the vocabulary.  Returns the prompt's text, without its <bos>."""
    for pattern in FILES:
        for path in checkpoint.glob(pattern):
            (folder / path.name).symlink_to(path.resolve())
    config = json.loads((checkpoint / "config.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(vocabulary(ids, ids_with_a_meaning(config) | {0, 1, 2, 3})))
    return "".join(map(spelling, ids))
