#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh cmake/demo.sh [argument of the pendulum study]...
#
# Installs what is missing (Debian, Ubuntu), builds the pendulum study and runs it.
cd "$(dirname "$0")/.." || exit 1
. cmake/install_dependencies.sh
install_dependencies build demo || exit 1

configure release -B build/demo -D KUTTA_TESTS=OFF -D KUTTA_BENCHMARKS=OFF -D KUTTA_CUDA=OFF || exit 1
quietly "build the pendulum study" \
  cmake --build build/demo --target pendulum --parallel "$jobs" || exit 1

out=build/pendulum
mkdir -p "$out"
build/demo/examples/pendulum --out "$out" "$@" || exit 1
echo "Plots and tables are in $PWD/$out:"
ls "$out"
