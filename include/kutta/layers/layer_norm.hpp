// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Layer normalisation: of the features of each sample, or of each token of a sequence.

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <kutta/layers/channel_sums.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/layer_norm_base.hpp>
#include <kutta/layers/row_sums.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// y = γ (x − μ)/√(σ² + ε) + β, with μ and σ² the mean and (biased) variance of each row.
///
///     layer_norm<Eigen::MatrixXf> norm(128);       // 128 features, or tokens of 128 numbers
///
/// x, y: rows of `features` numbers side by side, a sample in whole rows: an Eigen matrix whose
/// columns are samples, or an array with the features as its last axis. γ, β: a number a feature.
/// Memory: the tape holds two numbers a row; vjp computes (x − μ)/σ again.
/// Source: Ba, Kiros & Hinton, Layer normalization (2016), eq. (3) and (4).
template <image_tensor X>
class layer_norm : public detail::layer_norm_base<X> {
  using base = detail::layer_norm_base<X>;
  using base::epsilon;
  using scalar = scalar_t<X>;

 public:
  using base::features;
  using base::layer_norm_base;
  using typename base::params;

  struct tape {
    std::vector<scalar> mean, inverse;  ///< μ and r = 1/√(σ² + ε) of each row

    std::size_t heap_bytes() const { return kutta::heap_bytes(mean, inverse); }
  };

  /// @throws std::invalid_argument if theta has not this many features, or x no whole rows of them.
  tape make_tape(const params& theta, const X& x) const {
    const std::vector<scalar> zeros(this->fitting_rows(theta, x));
    return {zeros, zeros};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved) const {
    for_each_row(x, saved, [&](std::size_t from, scalar& mean, scalar& inverse) {
      const auto m = detail::row_moments(x.data() + from, features());
      mean = static_cast<scalar>(m.mean);
      inverse = static_cast<scalar>(1 / std::sqrt(m.variance + epsilon()));
      const auto normal = normaliser(x.data() + from, mean, inverse);
      each_feature([&]<class V>(V v, std::size_t i) {
        detail::write(y.data() + from + i,
                      read<V>(theta.gamma, i) * normal(v, i) + read<V>(theta.beta, i));
      });
    });
  }

  /// With x̂ = (x − μ) r, g = γ dy and ⟨·⟩ the mean over a row:
  /// dβ += Σ dy,   dγ += Σ dy x̂ over rows,   dx += r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx,
           params& dtheta) const {
    scalar *const dgamma = dtheta.gamma.data(), *const dbeta = dtheta.beta.data();
    for_each_row(x, saved, [&](std::size_t from, scalar mean, scalar inverse) {
      const auto normal = normaliser(x.data() + from, mean, inverse);
      const auto g = [&]<class V>(V, std::size_t i) {
        return read<V>(theta.gamma, i) * read<V>(dy, from + i);
      };
      const std::array<scalar, 2> m = means(g, normal);
      each_feature([&]<class V>(V v, std::size_t i) {
        const V hat = normal(v, i), dyi = read<V>(dy, from + i);
        add(dbeta + i, dyi);
        add(dgamma + i, dyi * hat);
        add(dx.data() + from + i, inverse * (g(v, i) - V(m[0]) - m[1] * hat));
      });
    });
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ.
  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy) const {
    for_each_row(x, saved, [&](std::size_t from, scalar mean, scalar inverse) {
      const auto normal = normaliser(x.data() + from, mean, inverse);
      const auto v = [&]<class V>(V, std::size_t i) { return read<V>(vx, from + i); };
      const std::array<scalar, 2> m = means(v, normal);
      each_feature([&]<class V>(V lane, std::size_t i) {
        const V hat = normal(lane, i);
        const V turned = inverse * (v(lane, i) - V(m[0]) - m[1] * hat);
        detail::write(vy.data() + from + i, read<V>(theta.gamma, i) * turned +
                                                read<V>(vtheta.gamma, i) * hat +
                                                read<V>(vtheta.beta, i));
      });
    });
  }

 private:
  /// f(where a row begins, its μ, its r).
  template <class Tape, class F>
  void for_each_row(const X& x, Tape& saved, const F& f) const {
    const std::size_t n = static_cast<std::size_t>(x.size()) / features();
    for (std::size_t row = 0; row < n; ++row)
      f(row * features(), saved.mean[row], saved.inverse[row]);
  }

  template <class F>
  void each_feature(const F& f) const {
    detail::for_each_in_row<scalar>(features(), f);
  }

  /// x̂ = (x − μ) r of a row.
  static auto normaliser(const scalar* x, scalar mean, scalar inverse) {
    return [=]<class V>(V, std::size_t i) { return (detail::read<V>(x + i) - V(mean)) * inverse; };
  }

  /// ⟨g⟩ and ⟨g x̂⟩.
  template <class F, class N>
  std::array<scalar, 2> means(const F& g, const N& normal) const {
    const auto [sum, product] =
        detail::row_sums<scalar, 2>(features(), [&]<class V>(V v, std::size_t i) {
          const V gi = g(v, i);
          return std::array{gi, gi * normal(v, i)};
        });
    const auto n = static_cast<double>(features());
    return {static_cast<scalar>(sum / n), static_cast<scalar>(product / n)};
  }

  template <class V>
  static V read(const X& x, std::size_t i) {
    return detail::read<V>(x.data() + i);
  }
  /// p += v.
  template <class V>
  static void add(scalar* p, const V& v) {
    detail::write(p, detail::read<V>(p) + v);
  }
};

}  // namespace kutta::layers
