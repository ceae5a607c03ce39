// SPDX-License-Identifier: Apache-2.0
#include <kutta/eigen.hpp>

int main() {}
