#!/usr/bin/env bash
# Builds the tests of the part that reads rows (model/io, model/ple, model/devices, model/law) with ThreadSanitizer and with
# AddressSanitizer and UndefinedBehaviorSanitizer, in build-tsan/ and build-plestore-asan/, and runs both.
set -euo pipefail
cd "$(dirname "$0")/../.."

build_and_run() {
  local folder=$1
  shift
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPLELAB_PLESTORE_ONLY=ON "$@" >/dev/null
  cmake --build "$folder" --target plestore_tests
  "$folder/tests/plestore_tests" --gtest_brief=1
}

build_and_run build-tsan -DPLELAB_TSAN=ON
build_and_run build-plestore-asan -DPLELAB_SANITIZE=ON
