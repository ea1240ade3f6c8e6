#!/usr/bin/env bash
# Sets up, builds and runs the tests; ends in ctest's summary.
#   scripts/test.sh [--asan] [--aarch64] [--full] [-- CTEST ARGUMENTS…]
#   --asan      AddressSanitizer and UndefinedBehaviorSanitizer, in build-asan/
#   --aarch64   also cross-builds the torch-free part and the kernels and runs their tests under qemu-user
#   --full      also what takes long (label `full`)
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
exclude='full|aarch64'
setup_arguments=()
targets=(all)  # what takes long is built only when it is asked for
while [ $# -gt 0 ]; do
  case "$1" in
    --asan) preset=asan ;;
    --aarch64) setup_arguments+=(--aarch64); exclude=${exclude/|aarch64/} ;;
    --full) targets+=(full_tests); exclude=${exclude/full|/}; exclude=${exclude/full/} ;;
    --) shift; break ;;
    *) echo "test.sh: unknown argument '$1'; known: --asan, --aarch64, --full, --" >&2; exit 2 ;;
  esac
  shift
done

scripts/setup.sh "${setup_arguments[@]}"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target "${targets[@]}"
labels=()
[ -n "$exclude" ] && labels=(--label-exclude "$exclude")
ctest --preset "$preset" "${labels[@]}" -j "$(nproc)" "$@"
