#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh cmake/test.sh [preset]
#
# Installs what is missing (Debian, Ubuntu), builds the preset (default: release) and runs all its
# tests. The last line says `N passed, N failed`; the exit status is 0 only if none failed.
cd "$(dirname "$0")/.." || exit 1
. cmake/install_dependencies.sh

preset=${1:-release}
purposes="build demo test benchmark"
if [ "$preset" = clang ]; then
  purposes="$purposes clang"
fi
# shellcheck disable=SC2086  # a list of words
install_dependencies $purposes || exit 1

finish() { # finish <passed> <failed>
  echo "$1 passed, $2 failed"
  [ "$2" -eq 0 ] && [ "$1" -gt 0 ]
  exit
}

configure "$preset" || finish 0 1
quietly "build $preset" cmake --build --preset "$preset" --parallel "$jobs" || finish 0 1

results=build/$preset/test_results.txt
ctest --preset "$preset" --parallel "$jobs" >"$results" 2>&1 </dev/null
status=$?

# ctest counts skipped tests among those that passed.
total=$(sed -n 's/.* tests failed out of \([0-9]*\).*/\1/p' "$results")
failed=$(sed -n 's/.*, \([0-9]*\) tests failed out of .*/\1/p' "$results")
skipped=$(grep -c '\*\*\*Skipped' "$results")
if [ "$status" -ne 0 ]; then
  grep -Ev '^ +Start +[0-9]+: |   Passed +[0-9.]+ sec$' "$results" >&2
  if [ -z "$failed" ] || [ "$failed" -eq 0 ]; then
    finish 0 1 # ctest itself failed
  fi
fi
if [ "$skipped" -gt 0 ]; then
  echo "$skipped skipped: no GPU"
fi
finish $((total - failed - skipped)) "$failed"
