// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The ODE engine: dx/dt = f(t, x) with fixed or adaptive steps, dense output and events, and the
/// schemes of order 1 to 5. By name come the schemes of higher order, in low storage, strong
/// stability preserving, stabilised and symplectic ones, and `eigen/implicit_stepper.hpp` for the
/// implicit ones.

#include <kutta/ode/event.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/vec.hpp>
