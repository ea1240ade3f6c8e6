#!/usr/bin/env bash
# Does a run notice a variant that disturbs the others?  Runs the small model with a variant that writes over 64 MiB
# of memory after each of its turns, so that whoever comes next finds none of its data in the caches, and without
# settling.  Exits with 0 if the run's own control fails, as it must, and with 1 if it passes.  Takes about a minute on
# an idle machine; the result is thrown away.
#
#   scripts/unfair_variant.sh [KEY=VALUE…]      overrides of the config below
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --build --preset release --target unfair_variant
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/unfair.yaml" <<'YAML'
experiment: ple_strategies
model: {checkpoint: configs/models/small, dtype: bfloat16, threads: 1}
workload: {text_file: configs/text/northanger_abbey.txt, prompt_tokens: 32, decode_tokens: 256}
design: {reps: 6, processes: 1, memory_reps: 0, settle: 0us}
variants:
  - {name: resident, ple: {strategy: resident}}
  - {name: disk, ple: {strategy: disk, prefetch: false}}
  - {name: disk_mmap, ple: {strategy: disk, backend: mmap, prefetch: false}}
YAML
status=0
build/tests/unfair_variant "$folder/unfair.yaml" "$folder/unfair.h5" "$@" || status=$?
case $status in
  0) echo "caught: the control failed, as it must" ;;
  1) echo "NOT caught: the control passed" ;;
esac
exit "$status"
