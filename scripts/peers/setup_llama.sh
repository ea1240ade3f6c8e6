#!/usr/bin/env bash
# Makes .venv-llama: llama.cpp, built for this machine from the source package of llama-cpp-python, and gguf to write its files.
# Takes a C++ compiler, CMake and a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-llama
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
# GGML_NATIVE compiles for what this CPU has (AVX-512, VNNI, AMX): llama.cpp at its best.
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF" CMAKE_BUILD_PARALLEL_LEVEL="$(nproc)" \
  "$venv/bin/pip" install -q -r scripts/peers/llama_requirements.txt
echo "llama.cpp is ready: $venv/bin/python"
