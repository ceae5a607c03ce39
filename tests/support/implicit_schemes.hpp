// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every implicit scheme, for tests that are typed over them.

#include <tuple>

#include <kutta/schemes/embedded_implicit.hpp>
#include <kutta/schemes/implicit.hpp>

namespace kutta::test {

using implicit_schemes =
    std::tuple<schemes::backward_euler, schemes::implicit_midpoint, schemes::crank_nicolson,
               schemes::sdirk2, schemes::gauss4, schemes::radau_iia3, schemes::radau_iia5,
               schemes::tr_bdf2, schemes::kvaerno32, schemes::kennedy_carpenter43>;

}  // namespace kutta::test
