// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a residual may have besides `forward` and `vjp`, for schemes that solve equations:
///
///     jacobian  (theta, x, J)      J ← ∂R/∂x, a matrix that is 0 on entry
///
/// J(i, j) is the derivative of element i of R by element j of x, both counted as they lie in
/// memory. Like the others it may take a last argument `const context<R>&`.

#include <kutta/layers/layer.hpp>

namespace kutta {

template <class L, class J>
concept has_plain_jacobian = requires(const L r, const typename L::params& theta,
                                      const input_t<L>& x, J& j) { r.jacobian(theta, x, j); };

template <class L, class J>
concept has_context_jacobian =
    requires(const L r, const typename L::params& theta, const input_t<L>& x, J& j,
             const context<L>& at) { r.jacobian(theta, x, j, at); };

/// L writes its ∂R/∂x to a J.
template <class L, class J>
concept has_jacobian = has_plain_jacobian<L, J> || has_context_jacobian<L, J>;

namespace detail {

template <layer L, class J>
  requires has_jacobian<L, J>
void jacobian(const L& r, const typename L::params& theta, const input_t<L>& x, J& j,
              const context<L>& at) {
  if constexpr (has_context_jacobian<L, J>)
    r.jacobian(theta, x, j, at);
  else
    r.jacobian(theta, x, j);
}

}  // namespace detail

}  // namespace kutta
