#!/usr/bin/env bash
# Makes .venv-reference: transformers and timm, for goldens (scripts/reference) and peers (scripts/peers).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-reference
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
index=()
[ -n "${PLELAB_TORCH_INDEX:-}" ] && index=(--index-url "$PLELAB_TORCH_INDEX")
"$venv/bin/pip" install -q "${index[@]}" torch==2.13.0
"$venv/bin/pip" install -q -r scripts/reference/requirements.txt
# torchvision's wheel asks for another torch build; --no-deps keeps ours (reference_model.py declares the ops it lacks).
"$venv/bin/pip" install -q --no-deps torchvision==0.28.0
echo "reference environment ready: $venv/bin/python"
