#!/usr/bin/env bash
# Makes .venv-litert: LiteRT-LM, which runs models on CPUs, and litert-torch, which converts them.  Takes 3 GB of disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-litert
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
index=()
[ -n "${PLELAB_TORCH_INDEX:-}" ] && index=(--index-url "$PLELAB_TORCH_INDEX")
"$venv/bin/pip" install -q "$@" "${index[@]}" torch==2.13.0
"$venv/bin/pip" install -q "$@" -r scripts/peers/litert/requirements.txt
# Their wheels ask for another torch build; --no-deps keeps ours (write_litert.py declares the ops that torchvision lacks).
"$venv/bin/pip" install -q "$@" --no-deps timm==1.0.26 torchvision==0.28.0
# litert-torch imports one generated module of tensorflow, which it does not ask for; ai_edge_litert has the same module.
stub="$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tensorflow"
mkdir -p "$stub/lite/python"
touch "$stub/__init__.py" "$stub/lite/__init__.py" "$stub/lite/python/__init__.py"
echo "from ai_edge_litert.schema_py_generated import *" > "$stub/lite/python/schema_py_generated.py"
echo "LiteRT-LM is ready: $venv/bin/python"
