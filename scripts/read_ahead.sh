#!/usr/bin/env bash
# Runs a command once for each read-ahead of the disk that holds FILE, and sets the disk back to what it was.
#   scripts/read_ahead.sh FILE KIB[,KIB…] COMMAND…
#     scripts/read_ahead.sh configs/models/small 0,128,8192 \
#       bash -c 'build/plelab run configs/ple_page_cache_small.yaml --out results/read_ahead_$READ_AHEAD_KIB.h5'
# The command finds the value in $READ_AHEAD_KIB.  Needs root.  The value of before is restored however the script
# ends: after a command that failed (whose exit code is this script's), Ctrl-C, or a signal that can be caught.  The
# setting is the whole machine's: every program that reads from this disk meanwhile has it too.
# PLELAB_READ_AHEAD_FILE names the setting itself, in place of the one of the disk that holds FILE.
set -euo pipefail

usage() { echo "read_ahead.sh: $1; usage: scripts/read_ahead.sh FILE KIB[,KIB…] COMMAND…" >&2; exit 2; }
[ $# -ge 3 ] || usage "expected a file, a list of KiB and a command"
file=$1
IFS=, read -ra values <<<"$2"
shift 2
[ ${#values[@]} -gt 0 ] || usage "expected a list of KiB such as 0,128,8192"
for kib in "${values[@]}"; do [[ $kib =~ ^[0-9]+$ ]] || usage "'$kib': expected whole KiB, such as 0,128,8192"; done

# A partition has no queue of its own: its disk, one folder above, has it.
setting_of() {
  local number folder
  number=$(findmnt --noheadings --first-only --output MAJ:MIN --target "$1" | tr -d ' ') || return 1
  folder=$(readlink -e "/sys/dev/block/$number") || return 1
  [ -e "$folder/partition" ] && folder=$(dirname "$folder")
  echo "$folder/queue/read_ahead_kb"
}
[ -e "$file" ] || usage "$file: no such file"
setting=${PLELAB_READ_AHEAD_FILE:-$(setting_of "$file")} || usage "$file: its file system has no disk of its own"
[ -w "$setting" ] || usage "$setting: cannot be written: run as root"

before=$(cat "$setting")
restore() {
  echo "$before" >"$setting"
  echo "read_ahead.sh: $setting is $(cat "$setting") KiB again" >&2
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

for kib in "${values[@]}"; do
  echo "$kib" >"$setting"
  is=$(cat "$setting")
  if [ "$is" != "$kib" ]; then
    echo "read_ahead.sh: $setting takes $is KiB for $kib KiB, which the disk cannot have" >&2
    exit 1
  fi
  echo "read_ahead.sh: $setting is $kib KiB (was $before): $*" >&2
  READ_AHEAD_KIB=$kib "$@"
done
