// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The map of a batch normalisation with given mean and variance, on pixels, and its derivatives.

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>

#include <kutta/layers/channel_sums.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// y = γ (x − μ) r + β,   r = 1/√(σ² + ε),   behind it max(·, 0) where `Relu` is set.
///
/// Every call is for n numbers: whole pixels, of which the first number is of channel 0.
template <std::floating_point T, bool Relu>
class normalisation {
  using pattern = channel_pattern<T>;

 public:
  explicit normalisation(std::size_t channels = 1)
      : shift_(channels), inverse_(channels), gain_(channels), offset_(channels) {}

  std::size_t heap_bytes() const { return kutta::heap_bytes(shift_, inverse_, gain_, offset_); }

  template <class Mean, class Variance>
  void set(const Mean& mean, const Variance& variance, double epsilon, const T* gamma,
           const T* beta) {
    const auto inverse = [&](std::size_t c) {
      return 1 / std::sqrt(static_cast<double>(variance(c)) + epsilon);
    };
    shift_.set(mean);
    inverse_.set(inverse);
    gain_.set([&](std::size_t c) { return static_cast<double>(gamma[c]) * inverse(c); });
    offset_.set([&](std::size_t c) { return beta[c]; });
  }

  void apply(const T* x, T* y, std::size_t n) const {
    for_each_pixel<T>(n, shift_.size(), [&]<class V>(V, std::size_t place) {
      return [=, map = at<V>(place)](std::size_t i) {
        const V v = map.value(read<V>(x + i));
        if constexpr (Relu)
          write(y + i, where_less(v, V(T(0)), V(T(0)), v));
        else
          write(y + i, v);
      };
    });
  }

  /// With x̂ = (x − μ) r and g = dy where y > 0 (everywhere without Relu): the totals of g and of
  /// g x̂.
  void add_totals(const T* x, const T* dy, std::size_t n, channel_totals<2>& totals) const {
    sum(n, totals, [&]<class V>(V, std::size_t place) {
      return [=, map = at<V>(place)](std::size_t i) {
        const V xi = read<V>(x + i), g = map.passed(xi, read<V>(dy + i));
        return std::array{g, g * map.normalised(xi)};
      };
    });
  }

  /// The means over all pixels of what `add_totals` sums.
  struct means {
    pattern g, g_normalised;

    explicit means(std::size_t channels = 1) : g(channels), g_normalised(channels) {}

    std::size_t heap_bytes() const { return kutta::heap_bytes(g, g_normalised); }

    void set(const channel_totals<2>& totals, std::size_t pixels) {
      const auto n = static_cast<double>(pixels);
      g.set([&](std::size_t c) { return totals[0][c] / n; });
      g_normalised.set([&](std::size_t c) { return totals[1][c] / n; });
    }
  };

  /// dx (+)= γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void transpose(const T* x, const T* dy, const means& m, T* dx, std::size_t n) const {
    transpose<false>(x, dy, m, dx, n);
  }
  void add_transpose(const T* x, const T* dy, const means& m, T* dx, std::size_t n) const {
    transpose<true>(x, dy, m, dx, n);
  }

  /// The totals of vx and of vx x̂.
  void add_tangent_totals(const T* x, const T* vx, std::size_t n, channel_totals<2>& totals) const {
    sum(n, totals, [&]<class V>(V, std::size_t place) {
      return [=, map = at<V>(place)](std::size_t i) {
        const V v = read<V>(vx + i);
        return std::array{v, v * map.normalised(read<V>(x + i))};
      };
    });
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ, where y > 0.
  void tangent(const T* x, const T* vx, const means& m, const pattern& vgamma, const pattern& vbeta,
               T* vy, std::size_t n) const {
    for_each_pixel<T>(n, shift_.size(), [&]<class V>(V, std::size_t place) {
      return [=, map = at<V>(place), g = read<V>(m.g.at(place)),
              gx = read<V>(m.g_normalised.at(place)), vg = read<V>(vgamma.at(place)),
              vb = read<V>(vbeta.at(place))](std::size_t i) {
        const V xi = read<V>(x + i), normal = map.normalised(xi);
        const V v = map.gain * (read<V>(vx + i) - g - normal * gx) + vg * normal + vb;
        write(vy + i, map.passed(xi, v));
      };
    });
  }

 private:
  /// The coefficients of a number, or of the lanes of a register.
  template <class V>
  struct coefficients {
    V shift, inverse, gain, offset;

    V value(const V& x) const { return (x - shift) * gain + offset; }
    V normalised(const V& x) const { return (x - shift) * inverse; }
    /// v where y > 0, else 0.
    V passed(const V& x, const V& v) const {
      if constexpr (Relu)
        return where_less(V(T(0)), value(x), v, V(T(0)));
      else
        return v;
    }
  };
  template <class V>
  coefficients<V> at(std::size_t place) const {
    return {read<V>(shift_.at(place)), read<V>(inverse_.at(place)), read<V>(gain_.at(place)),
            read<V>(offset_.at(place))};
  }

  template <class F>
  void sum(std::size_t n, channel_totals<2>& totals, const F& f) const {
    add_channel_sums<T>(n, shift_.channels(), shift_.size(), totals, f);
  }

  template <bool Add>
  void transpose(const T* x, const T* dy, const means& m, T* dx, std::size_t n) const {
    for_each_pixel<T>(n, shift_.size(), [&]<class V>(V, std::size_t place) {
      return [=, map = at<V>(place), g_mean = read<V>(m.g.at(place)),
              gx_mean = read<V>(m.g_normalised.at(place))](std::size_t i) {
        const V xi = read<V>(x + i), g = map.passed(xi, read<V>(dy + i));
        const V d = map.gain * (g - g_mean - map.normalised(xi) * gx_mean);
        if constexpr (Add)
          write(dx + i, read<V>(dx + i) + d);
        else
          write(dx + i, d);
      };
    });
  }

  pattern shift_, inverse_, gain_, offset_;  ///< μ, r, γ r, β
};

}  // namespace kutta::detail
