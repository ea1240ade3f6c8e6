#!/usr/bin/env bash
# Installs what PLE Lab builds with; run as often as you like, it only adds what is missing.
# Tested on Debian 12 and 13.  Ubuntu has packages of the same names, but is not tested.
#   scripts/setup.sh [--aarch64]      --aarch64 also installs Debian's cross compiler and qemu-user
# Environment:
#   PLELAB_TORCH_INDEX   another wheel index for torch (for example one with CPU builds)
#   CMAKE_PREFIX_PATH    a LibTorch of your own (≥ 2.11): then no torch wheel is installed
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(build-essential cmake ninja-build ccache pkg-config git python3 python3-venv clang-format
  libfmt-dev libyaml-cpp-dev libhdf5-dev hdf5-tools libcli11-dev nlohmann-json3-dev libhwy-dev
  libeigen3-dev liburing-dev libjpeg-dev libpng-dev libsndfile1-dev libsoxr-dev
  libssl-dev zlib1g-dev libgtest-dev libgmock-dev libbenchmark-dev)
for argument in "$@"; do
  case "$argument" in
    --aarch64) packages+=(g++-aarch64-linux-gnu googletest qemu-user) ;;
    *) echo "setup.sh: unknown argument '$argument'; known: --aarch64" >&2; exit 2 ;;
  esac
done

# Stops where packages of these names cannot be had, and says where nobody has tried.
check_system() {
  local id="" name="this system" like=""
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    name=$(. /etc/os-release && echo "${PRETTY_NAME:-$ID}")
    like=$(. /etc/os-release && echo "${ID_LIKE:-}")
  fi
  case "$id" in
    debian) return ;;
    ubuntu) echo "setup.sh: $name is not tested; its packages have the same names as Debian's" >&2; return ;;
  esac
  case " $like " in
    *" debian "* | *" ubuntu "*) echo "setup.sh: $name is not tested; it is treated as Debian" >&2; return ;;
  esac
  echo "setup.sh: expected Debian or Ubuntu, found $name; install what these Debian packages hold, and a virtual" >&2
  echo "  environment .venv with torch==2.13.0 and requirements.txt, then build with: cmake --preset release" >&2
  echo "  ${packages[*]}" >&2
  exit 2
}

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
      as_root=(sudo)
    else
      echo "setup.sh: these Debian packages are missing and neither root nor sudo is at hand; have them installed:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      exit 2
    fi
  fi
  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

own_libtorch() {
  local prefix
  IFS=':;' read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    [ -f "$prefix/share/cmake/Torch/TorchConfig.cmake" ] || [ -f "$prefix/Torch/TorchConfig.cmake" ] && return 0
  done
  return 1
}

install_python() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  local stamp=.venv/plelab-requirements wanted
  wanted=$(cat requirements.txt; own_libtorch && echo own || echo "torch==2.13.0 ${PLELAB_TORCH_INDEX:-}")
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  echo "installing Python packages into .venv (the torch wheel carries LibTorch)"
  if ! own_libtorch; then
    local index=()
    [ -n "${PLELAB_TORCH_INDEX:-}" ] && index=(--index-url "$PLELAB_TORCH_INDEX")
    .venv/bin/pip install -q --disable-pip-version-check "${index[@]}" torch==2.13.0
  fi
  .venv/bin/pip install -q --disable-pip-version-check -r requirements.txt
  printf '%s\n' "$wanted" >"$stamp"
}

# The sources of sentencepiece, built into the program (cmake/sentencepiece.cmake says why).
install_sentencepiece() {
  local version=0.2.1 hash=8138cec27c2f2282f4a34d9a016e3374cd40e5c6e9cb335063db66a0a3b71fad
  local folder=.venv/src/sentencepiece-$version download
  [ -e "$folder/unpacked" ] && return
  echo "fetching the sources of sentencepiece $version"
  download=$(mktemp -d)
  printf 'sentencepiece==%s --hash=sha256:%s\n' "$version" "$hash" >"$download/requirements.txt"
  .venv/bin/pip download -q --disable-pip-version-check --no-deps --no-binary sentencepiece --require-hashes \
    -r "$download/requirements.txt" -d "$download"
  mkdir -p .venv/src
  tar -xzf "$download/sentencepiece-$version.tar.gz" -C .venv/src "sentencepiece-$version/sentencepiece"
  touch "$folder/unpacked"
  rm -r "$download"
}

check_system
install_packages
install_python
install_sentencepiece
echo "setup done"
