#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# with_pkg_config.sh <compiler> <scratch folder>: the first listing, built with what pkg-config says.
set -e
source=$(dirname "$0")/../../examples/custom_residual/custom_residual.cpp
mkdir -p "$2"
# shellcheck disable=SC2046  # a list of flags
"$1" -std=c++20 "$source" $(pkg-config --cflags --libs kutta) -o "$2/custom_residual"
"$2/custom_residual"
