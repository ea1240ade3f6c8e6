#!/usr/bin/env bash
# cold_reference.sh PATH [SIZE]: writes a file of random bytes that is there to be read once (`page_cache.reference` of a
# config), and beside it PATH.used, in which runs note what they read of it.
# SIZE is in GiB (default 4, the least that a run accepts) or has a unit: 6, 512MiB.
#
# PATH must lie on the file system of the table with which its reads are compared.  The file means nothing right after it
# was written: the device, and a host where there is one, may hold what was written last.  Write it long before the run
# that reads it, best in an earlier boot; the result says when it was written.
set -euo pipefail

fail() {
  echo "cold_reference.sh: $1" >&2
  exit 2
}

[ $# -ge 1 ] && [ $# -le 2 ] && [[ "$1" != -* ]] || fail "usage: scripts/cold_reference.sh PATH [SIZE in GiB, or with a unit: 512MiB]"
path=$1 size=${2:-4}
case $size in
  *MiB) mib=${size%MiB} unit=1 ;;
  *) mib=${size%GiB} unit=1024 ;;
esac
[[ "$mib" =~ ^[1-9][0-9]{0,6}$ ]] || fail "'$size': expected a whole number of GiB such as 4, or 512MiB"
mib=$((mib * unit))
folder=$(dirname -- "$path")
[ -d "$folder" ] || fail "$folder: no such folder"
for file in "$path" "$path.used"; do
  [ ! -e "$file" ] && [ ! -L "$file" ] || fail "$file: there already, and what it holds is not replaced; name another file"
done
free_mib=$(df --output=avail -B 1MiB -- "$folder" | tail -n 1)
[ "$free_mib" -gt $((mib + 1024)) ] || fail "$folder: $mib MiB and 1 GiB to spare do not fit, $free_mib MiB are free"

set -o noclobber
: >"$path" || fail "$path: cannot be written"
set +o noclobber
trap 'rm -f -- "$path" "$path.used"' EXIT
# Past the page cache where the file system allows it.
past=direct
dd if=/dev/urandom of="$path" bs=1M count=1 iflag=fullblock oflag=direct status=none 2>/dev/null || past=dsync
progress=none
[ -t 2 ] && progress=progress
# Random bytes, because storage may compress zeros and repetitions away.
dd if=/dev/urandom of="$path" bs=1M count="$mib" iflag=fullblock conv=fsync oflag=$past status=$progress
# Drops what the page cache holds of it.
dd of="$path" oflag=nocache conv=notrunc,fdatasync count=0 status=none </dev/null
printf 'plelab unread 1\nbytes %s\nchanged %s\nboot %s\nplace 65536\n' \
  "$(stat -c %s -- "$path")" "$(stat -c %.9Y -- "$path")" "$(cat /proc/sys/kernel/random/boot_id)" >"$path.used"
sync -- "$path.used"
trap - EXIT

echo "$path: $mib MiB; $path.used notes what was read of it: keep them together, and read neither"
echo "it means something from the next boot on, or when much else was read and written since"
