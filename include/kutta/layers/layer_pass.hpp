// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Passes of a layer, or a whole model, on batches of one size.
///
///     kutta::layer_pass pass(model, theta, x);
///     const double value = pass.gradient(theta, x, loss, dtheta);
///     pass.update_statistics(stats, 0.1);
///     const auto& scores = pass.infer(theta, stats, x);

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/update_statistics.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta {

/// Every temporary of a pass, made once, and the threads among which layers share a batch. Refers
/// to the layer; stays where it was made. Results do not depend on the number of threads.
template <layer L>
class layer_pass {
 public:
  using params = typename L::params;
  using input = input_t<L>;
  using output = output_t<L>;

  /// For inputs like x.
  /// @throws std::invalid_argument if theta or x does not belong to the layer, or threads = 0.
  layer_pass(const L& r, const params& theta, const input& x, std::size_t threads = 1)
      : pool_(checked(threads)),
        layer_(&r),
        tape_(detail::make_tape(r, theta, x)),
        scratch_(detail::make_scratch(r, theta, x)),
        y_(detail::make_output(r, theta, x)),
        dy_(kutta::zeros_like(y_)),
        dx_(kutta::zeros_like(x)) {}

  /// y, which lies here until the next pass; the map of training.
  /// @throws std::invalid_argument if x has not the shape that this was made for.
  const output& forward(const params& theta, const input& x) {
    require_fit(x);
    ++pass_;
    detail::forward(*layer_, theta, x, y_, tape_, at());
    return y_;
  }

  /// The map of inference.
  const output& infer(const params& theta, const statistics_t<L>& stats, const input& x)
    requires stateful<L>
  {
    require_fit(x);
    ++pass_;
    detail::infer(*layer_, theta, stats, x, y_, tape_, at());
    return y_;
  }

  /// Forward, loss and vjp: returns the loss; dtheta accumulates, `dx()` becomes ∂L/∂x.
  ///
  /// `loss(y, 0, dy)` returns the loss and adds its gradient to dy.
  template <class Loss>
  double gradient(const params& theta, const input& x, Loss&& loss, params& dtheta) {
    forward(theta, x);
    kutta::set_zero(dy_);
    const double value = loss(std::as_const(y_), 0, dy_);
    kutta::set_zero(dx_);
    detail::vjp(*layer_, theta, x, tape_, dy_, dx_, dtheta, at());
    return value;
  }

  /// What the last pass gave.
  const output& y() const { return y_; }
  const input& dx() const { return dx_; }

  /// stats ← (1 − m) stats + m observed, by the last pass of training.
  void update_statistics(statistics_t<L>& stats, double momentum)
    requires stateful<L>
  {
    kutta::update_statistics(*layer_, stats, tape_, momentum);
  }

 private:
  void require_fit(const input& x) const { detail::require_same_shape("layer_pass: x", dx_, x); }

  static std::size_t checked(std::size_t threads) {
    if (threads == 0) throw std::invalid_argument("layer_pass: threads must be at least 1, got 0");
    return threads;
  }

  context<L> at() { return {0, pass_, 0, scratch_, pool_.size() > 1 ? &pool_ : nullptr}; }

  worker_pool pool_;
  const L* layer_;
  typename L::tape tape_;
  scratch_t<L> scratch_;
  output y_, dy_;
  input dx_;
  std::uint64_t pass_ = 0;
};

}  // namespace kutta
