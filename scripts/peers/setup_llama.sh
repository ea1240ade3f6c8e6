#!/usr/bin/env bash
# Makes .venv-llama: llama.cpp, built for this machine from the source package of llama-cpp-python, and gguf to write its files.
# Takes a C++ compiler, CMake and a quarter of an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-llama
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
# GCC before 14 does not know that the configuration of AMX tiles is read and leaves out the stores to it (GCC bug 114098),
# after which llama.cpp dies of an illegal instruction.  Without that optimisation its logits are those of its other kernels.
flags=""
if grep -qw amx_tile /proc/cpuinfo && [ "$("${CXX:-c++}" -dumpversion | cut -d. -f1)" -lt 14 ]; then
  flags="-DCMAKE_CXX_FLAGS='-fno-tree-dse -fno-dse'"
fi
# GGML_NATIVE compiles for what this CPU has (AVX-512, VNNI, AMX): llama.cpp at its best.
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF $flags" CMAKE_BUILD_PARALLEL_LEVEL="$(nproc)" \
  "$venv/bin/pip" install -q "$@" -r scripts/peers/llama/requirements.txt
echo "llama.cpp is ready: $venv/bin/python"
