"""Writes the text stack of a checkpoint as a GGUF file in bfloat16, and quantises it as `llama-quantize` does.

    .venv-llama/bin/python scripts/peers/llama/write_gguf.py --checkpoint DIR --out DIR [--types BF16 Q8_0 Q4_0]

Values are copied, not converted; vectors become float32, as llama.cpp's own converter has them.  The file has no vocabulary:
token ids go in and logits come out.
"""
import argparse
import ctypes
import json
import pathlib
import sys
from statistics import NormalDist

import gguf
import numpy

F32, BF16 = gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.BF16
STACKED = ("altup_projections", "altup_unembed_projections")
FTYPES = {"Q8_0": 7, "Q4_0": 2}  # llama_ftype


class Tensors:
    """The tensors of all shards by name, as raw bytes mapped from the files."""

    def __init__(self, folder: pathlib.Path):
        self._found = {}
        for path in sorted(folder.glob("model*.safetensors")):
            data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
            length = int(data[:8].view(numpy.uint64)[0])
            for name, info in json.loads(bytes(data[8:8 + length])).items():
                if name != "__metadata__":
                    self._found[name] = (info, data[8 + length:], path)

    def names(self) -> list[str]:
        return list(self._found)

    def get(self, name: str) -> numpy.ndarray:
        """bfloat16 bits as uint16, in the tensor's shape."""
        info, data, path = self._found[name]
        if info["dtype"] != "BF16":
            raise SystemExit(f"{path}: tensor '{name}' is {info['dtype']}; expected BF16 throughout")
        begin, end = info["data_offsets"]
        return data[begin:end].view(numpy.uint16).reshape(info["shape"])


def widened(bits: numpy.ndarray) -> numpy.ndarray:
    return (bits.astype(numpy.uint32) << 16).view(numpy.float32)


def add_parameters(writer: gguf.GGUFWriter, c: dict) -> None:
    rope = c.get("rope_parameters", {})
    writer.add_vocab_size(c["vocab_size"])
    writer.add_tokenizer_model("none")
    writer.add_context_length(c.get("max_position_embeddings", 32768))
    writer.add_embedding_length(c["hidden_size"])
    writer.add_block_count(c["num_hidden_layers"])
    ffn = c["intermediate_size"]
    writer.add_feed_forward_length(ffn[0] if isinstance(ffn, list) else ffn)
    writer.add_head_count(c["num_attention_heads"])
    writer.add_head_count_kv(c["num_key_value_heads"])
    writer.add_key_length(c["head_dim"])
    writer.add_value_length(c["head_dim"])
    writer.add_layer_norm_rms_eps(c["rms_norm_eps"])
    writer.add_rope_freq_base(rope.get("full_attention", {}).get("rope_theta", c.get("rope_theta", 1e6)))
    writer.add_final_logit_softcapping(c["final_logit_softcapping"])
    writer.add_sliding_window(c["sliding_window"])
    writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in c["layer_types"]])
    writer.add_altup_active_idx(c["altup_active_idx"])
    writer.add_altup_num_inputs(c["altup_num_inputs"])
    writer.add_embedding_length_per_layer_input(c["hidden_size_per_layer_input"])
    writer.add_shared_kv_layers(c["num_kv_shared_layers"])
    writer.add_activation_sparsity_scale(
        [NormalDist().inv_cdf(s) if s > 0 else float("-inf") for s in c["activation_sparsity_pattern"]])


def add_tensor(writer: gguf.GGUFWriter, name: str, bits: numpy.ndarray) -> None:
    if bits.ndim == 1:
        writer.add_tensor(name, widened(bits), raw_dtype=F32)
    else:
        writer.add_tensor(name, numpy.ascontiguousarray(bits).view(numpy.uint8), raw_dtype=BF16)


def padded(bits: numpy.ndarray, rows: int) -> numpy.ndarray:
    """As many rows as the vocabulary has ids, those of soft tokens being zero."""
    missing = rows - bits.shape[0]
    return bits if missing <= 0 else numpy.concatenate([bits, numpy.zeros((missing, *bits.shape[1:]), bits.dtype)])


def write_bf16(checkpoint: pathlib.Path, path: pathlib.Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    config = config.get("text_config", config)
    tensors = Tensors(checkpoint)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA3N, config["num_hidden_layers"])
    temporary = path.with_suffix(".tmp")
    writer = gguf.GGUFWriter(temporary, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.GEMMA3N], use_temp_file=False)
    add_parameters(writer, config)
    stacks = {}
    multimodal = "model.language_model."
    prefix = multimodal if any(name.startswith(multimodal) for name in tensors.names()) else "model."
    for full in tensors.names():
        if not full.startswith(prefix):
            continue  # a tower
        short = "model." + full.removeprefix(prefix) + (".weight" if full.endswith("_scale") else "")
        bits = tensors.get(full)
        stack = next((s for s in STACKED if s in short), None)
        if stack is not None:
            stacks.setdefault(stack, {})[int(short.split(".")[-2])] = bits
            continue
        if "embed_tokens" in short:
            bits = padded(bits, config["vocab_size"])
        name = names.get_name(short, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise SystemExit(f"{full}: llama.cpp has no tensor of this name")
        add_tensor(writer, name, bits)
    for stack, parts in stacks.items():
        name = names.get_name(f"model.{stack}.weight", try_suffixes=(".weight",))
        add_tensor(writer, name, numpy.stack([parts[i] for i in sorted(parts)]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file(progress=True)
    writer.close()
    temporary.rename(path)


def quantise(source: pathlib.Path, path: pathlib.Path, kind: str) -> None:
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = FTYPES[kind]
    temporary = path.with_suffix(".tmp")
    if llama_cpp.llama_model_quantize(str(source).encode(), str(temporary).encode(), ctypes.byref(parameters)) != 0:
        raise SystemExit(f"{path}: llama.cpp could not quantise {source}; its own words are above")
    temporary.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for BF16.gguf, Q8_0.gguf …")
    parser.add_argument("--types", nargs="+", default=["BF16"], choices=["BF16", *FTYPES])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    source = options.out / "BF16.gguf"
    if not source.exists():
        print(f"writing {source}", file=sys.stderr)
        write_bf16(options.checkpoint, source)
    for kind in options.types:
        path = options.out / f"{kind}.gguf"
        if not path.exists():
            print(f"writing {path}", file=sys.stderr)
            quantise(source, path, kind)


if __name__ == "__main__":
    main()
