// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every explicit scheme, for tests that are typed over them.

#include <tuple>

#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>

namespace kutta::test {

using explicit_schemes =
    std::tuple<schemes::euler, schemes::midpoint, schemes::heun2, schemes::ralston2,
               schemes::kutta3, schemes::rk4_classic, schemes::rk4_38>;

}  // namespace kutta::test
