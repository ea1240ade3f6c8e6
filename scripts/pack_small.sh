#!/usr/bin/env bash
# Packs the small model's table in every form that configs/ple_packed_small.yaml and ple_folded_small.yaml read, into
# .work/packs.
#   scripts/pack_small.sh [PLELAB]      PLELAB: the program; default build/plelab
set -euo pipefail
cd "$(dirname "$0")/.."
plelab=${1:-build/plelab}

pack() {
  local name=$1
  shift
  "$plelab" pack configs/models/small --out ".work/packs/$name" --force "$@"
}

mkdir -p .work/packs
pack int8 --ple-dtype int8
pack int4 --ple-dtype int4
pack codebook --ple-dtype codebook
pack layer_major --ple-layout layer_major
# Rows in the order of other books, not of the novel that is read.
pack frequency --ple-order configs/traces/small/books.json
# What the projection makes of each row, in place of the row.
for dtype in bfloat16 int8 int4; do
  pack "folded_$dtype" --ple-folded --ple-dtype "$dtype"
done
