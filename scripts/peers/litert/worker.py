"""LiteRT-LM in a process of its own: reads a prompt and then the tokens after it, and says how long both took.

Speaks lines of JSON, as peer_result.Worker expects: first what it is, then for each {"prompt": ids, "tokens": ids} one
{"prefill_s", "step_s"}.  The steps are those with which it scores a text that is given: one pass and one softmax per token.
It times them together, so that each of them counts as long as their mean.  A prompt's pass ends with keys and values; the
logits of its last position are those of the first step.
"""
import argparse
import importlib.metadata
import io
import json
import mmap
import sys
import time

import litert_lm
from ai_edge_litert import schema_py_generated as schema
from litert_lm_builder import litertlm_peek

FLOAT32_BITS, MATRIX = 32, 2


def text_of(ids: list[int]) -> str:
    """What write_litert.py's vocabulary makes these ids of."""
    return " ".join(map(str, ids))


def run(engine: litert_lm.Engine, prompt: list[int], tokens: list[int]) -> dict:
    with engine.create_session(apply_prompt_template=False) as session:
        started = time.perf_counter()
        session.run_prefill([text_of(prompt)])
        prefilled = time.perf_counter()
        scores, = session.run_text_scoring([text_of(tokens)]).token_scores
        ended = time.perf_counter()
    if len(scores) != len(tokens):
        sys.exit(f"LiteRT-LM scored {len(scores)} tokens; expected {len(tokens)}")
    return {"prefill_s": prefilled - started, "step_s": [(ended - prefilled) / len(tokens)] * len(tokens), "scores": scores}


def decode_graph(data: memoryview) -> tuple:
    """The model, and that of its graphs which reads one token."""
    model = schema.Model.GetRootAs(data, 0)
    graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
    return model, next(graph for graph in graphs if graph.Name().startswith(b"decode"))


def bits_per_weight(path: str) -> float:
    """Of all matrices that a step reads, scales included; the two embedders look up single rows and do not count."""
    header = litertlm_peek.read_litertlm_header(path, io.StringIO()).SectionMetadata()
    section = next(s for s in map(header.Objects, range(header.ObjectsLength()))
                   if litertlm_peek.get_model_type(s) == "tf_lite_prefill_decode")  # fmt: skip
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        model, graph = decode_graph(whole[section.BeginOffset():section.EndOffset()])
        bits = elements = 0
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            buffer, quantisation = model.Buffers(tensor.Buffer()), tensor.Quantization()
            stored = buffer.DataLength() or buffer.Size()
            if stored and tensor.ShapeLength() == MATRIX:
                bits += 8 * stored + FLOAT32_BITS * (quantisation.ScaleLength() if quantisation else 0)
                elements += int(tensor.ShapeAsNumpy().prod())
    return bits / elements


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a file of write_litert.py")
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    litert_lm.set_min_log_severity(litert_lm.LogSeverity.ERROR)
    with litert_lm.Engine(options.model, litert_lm.Backend.CPU(thread_count=options.threads)) as engine:
        version = importlib.metadata.version("litert-lm")
        print(json.dumps({"litert_lm": version, "bits_per_weight": bits_per_weight(options.model)}), flush=True)
        for line in sys.stdin:
            question = json.loads(line)
            print(json.dumps(run(engine, question["prompt"], question["tokens"])), flush=True)


if __name__ == "__main__":
    main()
