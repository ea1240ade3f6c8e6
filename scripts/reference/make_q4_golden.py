"""Writes tests/data/weights/q4_0.txt: random rows and what PyPI's gguf makes of them in llama.cpp's format Q4_0.

    .venv-llama/bin/python scripts/reference/make_q4_golden.py

One block of 32 values a line: the values as float32 bits, the scale as float16 bits, the 16 bytes of codes; all hexadecimal.
Some blocks have ties, zeros, one outlier or tiny values.
"""
import pathlib

import numpy
from gguf import GGMLQuantizationType, quants

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks() -> numpy.ndarray:
    random = numpy.random.default_rng(0)
    values = random.standard_normal((40, 32)).astype(numpy.float32)
    values[30] = 0
    values[31] = numpy.arange(32) % 17 - 8  # codes and, below, ties between them
    values[32] = (numpy.arange(32) % 16 - 8) / 2
    values[32, 0] = -8
    values[33, 5] = 100
    values[34, 5] = -100
    values[35] *= 1e-6
    values[36] *= 1e4
    values[37, :] = 3
    values[38, :] = -3
    return values


def main() -> None:
    values = blocks()
    packed = quants.quantize(values, GGMLQuantizationType.Q4_0)
    lines = []
    for row, code in zip(values, packed, strict=True):
        bits = "".join(f"{int(b):08x}" for b in row.view(numpy.uint32))
        lines.append(f"{bits} {int(code[:2].view(numpy.uint16)[0]):04x} {code[2:].tobytes().hex()}")
    (ROOT / "tests" / "data" / "weights" / "q4_0.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
