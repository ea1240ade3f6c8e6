#!/usr/bin/env bash
# The main job from nothing: sets up, builds, compares PLE strategies on the small model that ships with the project, and
# measures what rows of a full-size table cost on this machine's storage.  Ends with tables, results/*.h5, pictures and one
# HTML page.  Can be run again: each run has its own files.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target plelab plelab-replay

now=$(date -u +%Y%m%dT%H%M%SZ)
result="results/ple_strategies_small_$now.h5"
storage="results/your_storage_$now.h5"
build/plelab run configs/ple_strategies_small.yaml --out "$result"

# A minute, and up to 2 GB of random bytes in .work/, which are removed afterwards.  Without it there is still the result above.
mkdir -p .work/replay
pages=("$result")
if build/plelab-replay --quick --clean --out ".work/replay/$now.jsonl" &&
  .venv/bin/python scripts/replay_to_hdf5.py ".work/replay/$now.jsonl" --out "$storage"; then
  pages+=("$storage")
else
  echo "quickstart.sh: this machine's storage was not measured; the report leaves it out" >&2
fi

for page in "${pages[@]}"; do
  .venv/bin/python scripts/plot.py "$page"
done
.venv/bin/python scripts/report.py "${pages[@]}"
