"""Converts a text-only checkpoint with optimum-intel into a model that OpenVINO reads, and its weights with NNCF to 8 or 4 bits.

    .venv-openvino/bin/python scripts/peers/openvino/write_openvino.py --checkpoint DIR --out DIR [--format int8|int4]

The weights are symmetric integers, those of 4 bits in groups of 128 as by OpenVINO's own default, or fewer where a row is
shorter; embedding and output layer are quantised like the rest.
"""
import argparse
import pathlib
import tempfile

import nncf
import openvino
import torch

try:
    import torchvision  # noqa: F401
except (ImportError, RuntimeError):  # It is of another build of torch, and its ops do not load: declared, they let it be imported.
    _library = torch.library.Library("torchvision", "DEF")
    for _op in ("nms", "qnms"):
        _library.define(f"{_op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from optimum.exporters.openvino import main_export  # noqa: E402

SMALLER_GROUPS = nncf.AdvancedCompressionParameters(group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST)
INT4 = {"mode": nncf.CompressWeightsMode.INT4_SYM, "group_size": 128, "ratio": 1.0, "all_layers": True,
        "advanced_parameters": SMALLER_GROUPS}  # fmt: skip
RECIPES = {"int8": {"mode": nncf.CompressWeightsMode.INT8_SYM}, "int4": INT4}
MODEL = "openvino_model.xml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True, help="a Gemma3nForCausalLM in which every id has a PLE row")
    parser.add_argument("--out", type=pathlib.Path, required=True, help=f"folder for {MODEL} and its .bin")
    parser.add_argument("--format", default="int8", choices=RECIPES)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent) as made:
        main_export(str(options.checkpoint), made, task="text-generation-with-past", convert_tokenizer=False)
        model = nncf.compress_weights(openvino.Core().read_model(pathlib.Path(made) / MODEL), **RECIPES[options.format])
        ready = pathlib.Path(made) / "ready"
        openvino.save_model(model, ready / MODEL)
        ready.rename(options.out)


if __name__ == "__main__":
    main()
