"""llama.cpp in a process of its own: reads a prompt and then the tokens after it, and says how long each took.

Speaks lines of JSON, as peer_result.Worker expects: first what it is, then for each {"prompt": ids, "tokens": ids} one
{"prefill_s", "step_s", "peak_rss_bytes"}.  Only the last position's logits are computed.
"""
import argparse
import ctypes
import json
import resource
import sys
import time

import gguf
import llama_cpp
import numpy


class Llama:
    def __init__(self, options: argparse.Namespace):
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_default_params()
        model.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(options.model.encode(), model)
        if not self._model:
            raise SystemExit(f"{options.model}: llama.cpp cannot load it")
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = options.context
        context.n_batch = context.n_ubatch = options.batch
        context.n_threads = context.n_threads_batch = options.threads
        self._context = llama_cpp.llama_init_from_model(self._model, context)
        self._batch = llama_cpp.llama_batch_init(options.batch, 0, 1)
        self._limit = options.batch
        self._vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model))

    def feed(self, ids: list[int], position: int, with_logits: bool) -> None:
        """Returns when the logits of the last id are there."""
        for first in range(0, len(ids), self._limit):
            part = ids[first:first + self._limit]
            for i, token in enumerate(part):
                self._batch.token[i] = token
                self._batch.pos[i] = position + first + i
                self._batch.n_seq_id[i] = 1
                self._batch.seq_id[i][0] = 0
                self._batch.logits[i] = with_logits and first + i == len(ids) - 1
            self._batch.n_tokens = len(part)
            if llama_cpp.llama_decode(self._context, self._batch) != 0:
                raise SystemExit("llama_decode failed")
        llama_cpp.llama_synchronize(self._context)

    def logits(self) -> numpy.ndarray:
        return numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, -1), shape=(self._vocab,)).copy()

    def run(self, prompt: list[int], tokens: list[int]) -> dict:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
        started = time.perf_counter()
        self.feed(prompt, 0, True)
        prefill = time.perf_counter() - started
        steps = []
        for i, token in enumerate(tokens):
            started = time.perf_counter()
            self.feed([token], len(prompt) + i, True)
            steps.append(time.perf_counter() - started)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"prefill_s": prefill, "step_s": steps, "peak_rss_bytes": peak}


def bits_per_weight(path: str) -> float:
    """Of all matrices but the table of per-layer embeddings, scales included."""
    matrices = [t for t in gguf.GGUFReader(path).tensors if len(t.shape) > 1 and t.name != "per_layer_token_embd.weight"]
    return 8 * sum(int(t.n_bytes) for t in matrices) / sum(int(t.n_elements) for t in matrices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a GGUF file")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=512, help="most tokens of one batch")
    options = parser.parse_args()
    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama = Llama(options)
    system = llama_cpp.llama_print_system_info().decode()
    print(json.dumps({"llama_cpp": llama_cpp.__version__, "system": system, "bits_per_weight": bits_per_weight(options.model)}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(llama.run(question["prompt"], question["tokens"])), flush=True)


if __name__ == "__main__":
    main()
