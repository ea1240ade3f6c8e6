"""OpenVINO in a process of its own: reads a prompt and then the tokens after it, and says how long each took.

Speaks lines of JSON, as peer_result.Worker expects: first what it is, then for each {"prompt": ids, "tokens": ids} one
{"prefill_s", "step_s"}.  The converted model computes the logits of all positions; here it is cut down to those of the last
one, as OpenVINO GenAI does it.
"""
import argparse
import json
import sys
import time

import numpy
import openvino
from openvino import opset13

LOW = {"i8": 8, "u8": 8, "i4": 4, "u4": 4}
LAST = numpy.iinfo(numpy.int64).max
SAID = ("INFERENCE_PRECISION_HINT", "KV_CACHE_PRECISION", "DYNAMIC_QUANTIZATION_GROUP_SIZE")


def keep_last_logits(model: openvino.Model) -> None:
    node = model.output("logits").node
    while node.get_type_name() != "MatMul":  # past the softcap
        node = node.input_value(0).get_node()
    starts, ends, steps, axes = (numpy.array([value], numpy.int64) for value in (-1, LAST, 1, 1))
    node.input(0).replace_source_output(opset13.slice(node.input_value(0), starts, ends, steps, axes).output(0))
    model.validate_nodes_and_infer_types()


def bits_per_weight(model: openvino.Model) -> float:
    """Of all quantised matrices but the table of per-layer embeddings, with what lies beside them (scales, norms)."""
    constants = [op for op in model.get_ops() if op.get_type_name() == "Constant" and "embed_tokens_per_layer" not in op.friendly_name]
    matrices = [op for op in constants if op.get_element_type().type_name in LOW]
    return 8 * sum(op.get_byte_size() for op in constants) / sum(int(numpy.prod(op.shape)) for op in matrices)


def value_of(compiled: openvino.CompiledModel, name: str) -> str:
    value = compiled.get_property(name)
    return value.to_string() if isinstance(value, openvino.Type) else str(value)


class OpenVino:
    def __init__(self, options: argparse.Namespace):
        core = openvino.Core()
        model = core.read_model(options.model)
        keep_last_logits(model)
        self.bits_per_weight = bits_per_weight(model)
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": options.threads})
        self.system = ", ".join(f"{name} = {value_of(compiled, name)}" for name in SAID)
        self._request = compiled.create_infer_request()

    def feed(self, ids: list[int], position: int) -> float:
        """Returns the seconds until the logits of the last id are there."""
        end = position + len(ids)
        inputs = {"input_ids": numpy.array([ids]), "attention_mask": numpy.ones((1, end), numpy.int64),
                  "position_ids": numpy.arange(position, end)[None], "beam_idx": numpy.zeros(1, numpy.int32)}  # fmt: skip
        started = time.perf_counter()
        self._request.infer(inputs, share_inputs=True)
        return time.perf_counter() - started

    def run(self, prompt: list[int], tokens: list[int]) -> dict:
        self._request.reset_state()
        prefill = self.feed(prompt, 0)
        return {"prefill_s": prefill, "step_s": [self.feed([token], len(prompt) + i) for i, token in enumerate(tokens)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an openvino_model.xml of write_openvino.py")
    parser.add_argument("--threads", type=int, required=True)
    peer = OpenVino(parser.parse_args())
    hello = {"openvino": openvino.__version__, "system": peer.system, "bits_per_weight": peer.bits_per_weight}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(peer.run(question["prompt"], question["tokens"])), flush=True)


if __name__ == "__main__":
    main()
