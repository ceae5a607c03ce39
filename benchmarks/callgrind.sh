#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh benchmarks/callgrind.sh [compiler...]     (default: g++ and clang++-16, those that are there)
#
# Instructions of a step of the classical scheme on the Lorenz equations and of the stage sums,
# against the hand-written code: exact and the same on every run, unlike a time. What start and end
# of the program cost cancels: each figure is the difference of two runs. Fails if a step takes more
# than 1.05 times the instructions of the shorter hand-written code. (`integrate` and the sums are
# not judged: their count says how far the compiler packed or unrolled, which does not show in the
# time.)
#
# x86-64-v3 (AVX2 and FMA): valgrind does not know AVX-512.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
flags="-std=c++20 -O3 -march=x86-64-v3 -DNDEBUG"
limit=1.05

command -v valgrind >/dev/null || { echo "callgrind.sh: valgrind is not installed" >&2; exit 1; }
if [ $# -eq 0 ]; then
  for compiler in g++ clang++-16; do
    command -v "$compiler" >/dev/null && set -- "$@" "$compiler"
  done
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# instructions <program> <contender> <count>: how many the whole program executes.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" "$3" 2>&1 >/dev/null |
    sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

# per_operation <program> <contender> <count>: of one operation, from runs of count and 2 count.
per_operation() {
  once=$(instructions "$1" "$2" "$3")
  twice=$(instructions "$1" "$2" $((2 * $3)))
  echo "$once $twice $3" | awk '{ printf "%.1f", ($2 - $1) / $3 }'
}

status=0
for compiler; do
  # shellcheck disable=SC2086
  "$compiler" $flags -I"$here/../include" -I"$here" "$here/instructions.cpp" -lbenchmark \
    -lpthread -o "$build/instructions"
  echo
  echo "$("$compiler" --version | head -n 1), $flags"
  echo
  echo "| instructions of | hand-written | kutta | ratio |"
  echo "| --- | ---: | ---: | ---: |"
  for what in lorenz_rk4 lorenz_integrate stage_sum/terms:1 stage_sum/terms:2 stage_sum/terms:3 stage_sum/terms:4 \
    stage_sum/terms:5 stage_sum/terms:6; do
    case $what in
      lorenz_rk4) count=100000 hands="by_hand unrolled" name="Lorenz, classical scheme, a step" ;;
      lorenz_integrate)
        count=100000 hands="by_hand unrolled" name="the same inside of \`integrate\`"
        ;;
      *) count=1000 hands=by_hand name="sum of ${what#*:} terms, 4096 doubles" ;;
    esac
    by_hand=$(for hand in $hands; do
      per_operation "$build/instructions" "$what/$hand" $count
      echo
    done | sort -n | head -n 1)
    kutta=$(per_operation "$build/instructions" "$what/kutta" $count)
    ratio=$(awk -v k="$kutta" -v b="$by_hand" 'BEGIN { printf "%.3f", k / b }')
    echo "| $name | $by_hand | $kutta | $ratio |"
    if [ "$what" = lorenz_rk4 ]; then
      awk -v r="$ratio" -v l=$limit 'BEGIN { exit !(r <= l) }' || status=1
    fi
  done
done
[ $status -eq 0 ] || echo "callgrind.sh: over the limit of $limit" >&2
exit $status
