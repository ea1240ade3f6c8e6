#!/usr/bin/env bash
# The main job from nothing: sets up, builds, and compares PLE strategies on the small model that ships with the project.
# Ends with a table, results/*.h5, pictures and one HTML page.  Can be run again: each run has its own files.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target plelab

result="results/ple_strategies_small_$(date -u +%Y%m%dT%H%M%SZ).h5"
build/plelab run configs/ple_strategies_small.yaml --out "$result"
.venv/bin/python scripts/plot.py "$result"
.venv/bin/python scripts/report.py "$result"
