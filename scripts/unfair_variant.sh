#!/usr/bin/env bash
# Does a run notice a variant that disturbs the others?  Runs the small model with a variant that writes over 64 MiB
# of memory after each of its turns, so that whoever comes next finds none of its data in the caches.  Exits with 0 if
# the run's own control fails, as it must, and with 1 if it passes.  Takes about two minutes; the result is thrown away.
#
#   scripts/unfair_variant.sh [KEY=VALUE…]      overrides of configs/ple_strategies_small.yaml
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --build --preset release --target unfair_variant
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
build/tests/unfair_variant configs/ple_strategies_small.yaml "$folder/unfair.h5" \
  design.processes=1 design.memory_reps=0 accuracy.max_tokens=512 accuracy.tasks=[] "$@" || status=$?
case $status in
  0) echo "caught: the control failed, as it must" ;;
  1) echo "NOT caught: the control passed" ;;
esac
exit "$status"
