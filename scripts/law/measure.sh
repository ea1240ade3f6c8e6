#!/usr/bin/env bash
# Measures the runs that scripts/law/fit.py fits and tests the law of placement with: devices x step times x rows.
#   scripts/law/measure.sh FOLDER [--tiny] [--list]
#     --tiny  two devices and a few short runs, to see that it works; their figures mean nothing
#     --list  says what would run, and for about how long
# Takes about 15 minutes on an idle machine, and goes on where it was stopped: a run whose file is in FOLDER/runs is
# not repeated.  Modelled devices read a file in the page cache through plelab-replay --device; `disk` is this machine's
# disk through io_uring, measured by plelab-device --measure; `disk_limited` is the same disk with the kernel's limit of
# 1,500 reads per second, of which the steps here want either clearly less or clearly more.  What cannot be measured
# here is skipped, with the reason in FOLDER/skipped.txt.
# PLELAB_BUILD names the build folder (default: build), PLELAB_LAW_WORK that of the file of random rows, which must lie
# on the disk to measure (default: .work/law), PLELAB_LAW_SIZE its size (default: 2GB).
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "measure.sh: $1; usage: scripts/law/measure.sh FOLDER [--tiny] [--list]" >&2; exit 2; }
[ $# -ge 1 ] && [[ $1 != -* ]] || usage "expected a folder"
folder=$1
shift
tiny=false list=false
for word in "$@"; do
  case "$word" in
    --tiny) tiny=true ;;
    --list) list=true ;;
    *) usage "unknown argument '$word'" ;;
  esac
done
build=${PLELAB_BUILD:-build}
work=${PLELAB_LAW_WORK:-.work/law}
size=${PLELAB_LAW_SIZE:-2GB}
trace=configs/traces/northanger_abbey_gemma.json
limit_iops=1500
limit_slice_ms=100  # of the kernel (block/blk-throttle.c); model/devices/read_limit.h

devices=(nvme emmc ufs3 disk disk_limited)
# geometry, rows per token, step in ms, steps of each of 5 repetitions: 205 are enough for a 99th percentile
cases=()
for rows in 1 16 48; do
  for step in "2 205" "5 $((rows == 1 ? 64 : 205))" "12 64"; do cases+=("gemma3n_e2b $rows $step"); done
done
cases+=("qwen3_8_flash_next 16 2 205" "qwen3_8_flash_next 16 12 64" "gemma4_e4b 16 5 64" "deepseek_v4_1_flash 48 5 205")
if $tiny; then
  devices=(nvme disk disk_limited)
  cases=("gemma3n_e2b 1 2 16" "gemma3n_e2b 16 2 205" "gemma3n_e2b 16 5 16" "qwen3_8_flash_next 16 2 16")
fi

seconds=0
for case in "${cases[@]}"; do
  read -r _ _ step steps <<<"$case"
  seconds=$((seconds + ${#devices[@]} * (2 + 15 * (steps + 16) * (step * 10 + 4) / 10000)))
done
echo "${#devices[@]} devices x ${#cases[@]} cases, about $((seconds / 60 + 1)) minutes and what the devices add"
if $list; then printf '%s\n' "${cases[@]}"; exit 0; fi

mkdir -p "$folder/profiles" "$folder/runs" "$work"
: >"$folder/skipped.txt"
skip() { echo "$1: $2" | tee -a "$folder/skipped.txt" >&2; }

# run DEVICE OUT ARGUMENTS…: one replay whose file is complete or absent.
run() {
  local device=$1 out=$2
  shift 2
  local command=("$build/plelab-replay" --work "$work" --size "$size" --trace "$trace" --cold never --out "$out.part" --force "$@")
  case "$device" in
    disk) command+=(--ple disk,backend=io_uring) ;;
    disk_limited) command=("$build/plelab-device" --limit "$rows_file" --iops "$limit_iops" -- "${command[@]}" --ple disk,backend=io_uring) ;;
    page_cache) command+=(--ple disk) ;;
    *) command+=(--ple disk --device "$folder/profiles/$device.yaml") ;;
  esac
  if "${command[@]}" >"$out.log" 2>&1; then mv "$out.part" "$out"; else return 1; fi
}

# The file of random rows, which all geometries share, and which modelled devices find in the page cache.
rows_file=$work/plelab-replay-random-1.bytes
if ! run page_cache "$work/first.jsonl" --geometry gemma3n_e2b --step-ms 2 --steps 1; then
  cat "$work/first.jsonl.log" >&2
  exit 1
fi

# The profiles of this machine's disk, of the same file that is then read.
if [ ! -s "$folder/profiles/disk.yaml" ]; then
  if "$build/plelab-device" --measure "$rows_file" --name disk >"$folder/profiles/disk.part" 2>"$folder/profiles/disk.log"; then
    mv "$folder/profiles/disk.part" "$folder/profiles/disk.yaml"
  else
    skip disk "$(tail -1 "$folder/profiles/disk.log")"
  fi
fi
if [ -s "$folder/profiles/disk.yaml" ]; then
  if why=$("$build/plelab-device" --limit "$rows_file" --iops "$limit_iops" -- true 2>&1); then
    { sed 's/^name: disk$/name: disk_limited/' "$folder/profiles/disk.yaml"
      printf 'limit_iops: %s\nlimit_slice_ms: %s\n' "$limit_iops" "$limit_slice_ms"; } >"$folder/profiles/disk_limited.yaml"
  else
    skip disk_limited "$why"
  fi
fi
for device in "${devices[@]}"; do
  case "$device" in disk*) ;; *) cp "configs/devices/$device.yaml" "$folder/profiles/" ;; esac
done

# Devices take turns, so that a machine that changes with time changes for all of them.
cat "$rows_file" >/dev/null
done_before=0 failed=0
for case in "${cases[@]}"; do
  read -r geometry rows step steps <<<"$case"
  for device in "${devices[@]}"; do
    out=$folder/runs/${device}__${geometry}__${rows}__${step}ms.jsonl
    if [ -s "$out" ]; then done_before=$((done_before + 1)); continue; fi
    [ -s "$folder/profiles/$device.yaml" ] || continue
    echo "$device: $geometry, $rows rows per token, steps of $step ms"
    if ! run "$device" "$out" --geometry "$geometry" --rows-per-token "$rows" --step-ms "$step" --steps "$steps" --reps 5; then
      skip "$(basename "$out")" "$(tail -1 "$out.log")"
      failed=$((failed + 1))
    fi
  done
done
echo "$(find "$folder/runs" -name '*.jsonl' | wc -l) runs in $folder ($done_before were there before), $failed failed"
[ "$failed" -eq 0 ]
