#!/usr/bin/env bash
# Makes .venv-openvino: OpenVINO, and optimum-intel, which converts models for it.  Takes 3 GB of disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-openvino
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
index=()
[ -n "${PLELAB_TORCH_INDEX:-}" ] && index=(--index-url "$PLELAB_TORCH_INDEX")
"$venv/bin/pip" install -q "$@" "${index[@]}" torch==2.13.0
"$venv/bin/pip" install -q "$@" -r scripts/peers/openvino/requirements.txt
echo "OpenVINO is ready: $venv/bin/python"
