// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Batch normalisation of channels in device memory.

#include <cstddef>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/rows.hpp>
#include <kutta/cuda/shifted_moments.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/batch_norm_base.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace cuda::detail {

/// y = γ (x − μ) r + β of a channel,   r = 1/√(σ² + ε),   behind it max(·, 0) where `Relu` is set:
/// the formulas of `layers/normalisation.hpp`, whose lanes nvcc takes in no function for a device.
/// Read in accesses of 16 bytes.
template <class T, bool Relu>
struct alignas(16) channel_map {
  T shift, inverse, gain, offset;  ///< μ, r, γ r, β

  KUTTA_HD T affine(T x) const { return (x - shift) * gain + offset; }
  KUTTA_HD T operator()(T x) const {
    const T y = affine(x);
    return Relu && y < 0 ? T(0) : y;
  }
  /// x̂ = (x − μ) r.
  KUTTA_HD T normalised(T x) const { return (x - shift) * inverse; }
  /// v where y > 0 (everywhere without Relu), else 0.
  KUTTA_HD T passed(T x, T v) const { return !Relu || affine(x) > 0 ? v : T(0); }
};

/// Writes the map of a channel with this mean and variance.
template <class T, bool Relu>
struct set_channel_map {
  double epsilon;
  const T *gamma, *beta;
  channel_map<T, Relu>* maps;

  KUTTA_HD void operator()(std::size_t c, double mean, double variance) const {
    const double inverse = 1 / kutta::detail::math::sqrt(variance + epsilon);
    maps[c] = {static_cast<T>(mean), static_cast<T>(inverse),
               static_cast<T>(static_cast<double>(gamma[c]) * inverse), beta[c]};
  }
};

template <class T>
struct channel_powers {
  const T* x;
  std::size_t channels;

  KUTTA_HD numbers<double, 2> operator()(std::size_t pixel, std::size_t c) const {
    return shifted_powers(x[pixel * channels + c], x[c]);
  }
};

/// The map of training, and what is observed.
template <class T, bool Relu>
struct observe_channel {
  const T* x;
  double pixels;
  bool unbiased;
  T *mean, *var;
  set_channel_map<T, Relu> set;

  KUTTA_HD void operator()(std::size_t c, const numbers<double, 2>& sums) const {
    const mean_and_squares m(x[c], sums, pixels);
    mean[c] = static_cast<T>(m.mean);
    var[c] = static_cast<T>(m.squares / (unbiased ? pixels - 1 : pixels));
    set(c, m.mean, m.squares / pixels);
  }
};

/// The map of inference.
template <class T, bool Relu>
struct given_channel {
  const T *mean, *var;
  set_channel_map<T, Relu> set;

  KUTTA_HD void operator()(std::size_t c) const {
    set(c, static_cast<double>(mean[c]), static_cast<double>(var[c]));
  }
};

template <class T, bool Relu>
struct normalise_channel {
  const channel_map<T, Relu>* maps;

  KUTTA_HD T operator()(std::size_t, std::size_t c, T x) const { return maps[c](x); }
};

/// g and g x̂, with g = v, or v where y > 0.
template <class T, bool Relu, bool Passed>
struct channel_products {
  const T *x, *v;
  const channel_map<T, Relu>* maps;
  std::size_t channels;

  KUTTA_HD numbers<double, 2> operator()(std::size_t pixel, std::size_t c) const {
    const channel_map<T, Relu> map = maps[c];
    const std::size_t i = pixel * channels + c;
    const T xi = x[i], g = Passed ? map.passed(xi, v[i]) : v[i];
    return {{static_cast<double>(g), static_cast<double>(g * map.normalised(xi))}};
  }
};

/// Their means; where there are adjoints, their sums are added to those.
template <class T>
struct mean_of_channel {
  double pixels;
  T *dbeta, *dgamma;
  numbers<T, 2>* means;

  KUTTA_HD void operator()(std::size_t c, const numbers<double, 2>& sums) const {
    if (dbeta) dbeta[c] += static_cast<T>(sums.value[0]);
    if (dgamma) dgamma[c] += static_cast<T>(sums.value[1]);
    for (std::size_t j = 0; j < 2; ++j) means[c].value[j] = static_cast<T>(sums.value[j] / pixels);
  }
};

/// γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩) with g = dy where y > 0; and dx plus that.
template <class T, bool Relu>
struct transpose_channel {
  const channel_map<T, Relu>* maps;
  const numbers<T, 2>* means;

  KUTTA_HD T operator()(std::size_t, std::size_t c, T x, T dy) const {
    const channel_map<T, Relu> map = maps[c];
    const T* m = means[c].value;
    return map.gain * (map.passed(x, dy) - m[0] - map.normalised(x) * m[1]);
  }
  KUTTA_HD T operator()(std::size_t pixel, std::size_t c, T dx, T x, T dy) const {
    return dx + (*this)(pixel, c, x, dy);
  }
};

/// γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ, where y > 0.
template <class T, bool Relu>
struct tangent_of_channel {
  const channel_map<T, Relu>* maps;
  const numbers<T, 2>* means;
  const T *vgamma, *vbeta;

  KUTTA_HD T operator()(std::size_t, std::size_t c, T x, T vx) const {
    const channel_map<T, Relu> map = maps[c];
    const T *m = means[c].value, hat = map.normalised(x);
    return map.passed(x, map.gain * (vx - m[0] - hat * m[1]) + vgamma[c] * hat + vbeta[c]);
  }
};

}  // namespace cuda::detail

namespace layers {

/// The same of arrays in device memory. forward reads x twice and writes y; vjp reads x and dy
/// twice, and writes to dx. Sums are of doubles.
template <device_array X, bool Relu>
class batch_norm<X, Relu> : public detail::batch_norm_base<X> {
  using base = detail::batch_norm_base<X>;
  using base::how;
  using base::pixels;
  using scalar = scalar_t<X>;
  using map = cuda::detail::channel_map<scalar, Relu>;

 public:
  using base::batch_norm_base;
  using base::channels;
  using base::make_statistics;
  using typename base::params;
  using typename base::statistics;

  struct tape {
    cuda::buffer<map> maps;
    statistics observed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(maps, observed); }
  };
  struct scratch {
    cuda::detail::column_sums<double, 2> sums;
    cuda::buffer<cuda::detail::numbers<scalar, 2>> means;

    std::size_t heap_bytes() const { return kutta::heap_bytes(sums, means); }
  };

  /// @throws std::invalid_argument if theta or x does not have whole pixels of this many channels,
  /// or of a single pixel the unbiased variance is to be observed.
  tape make_tape(const params& theta, const X& x) const {
    this->require_fit(theta, x);
    return {cuda::buffer<map>(channels()), make_statistics(theta, x)};
  }
  scratch make_scratch(const params&, const X& x) const {
    return {cuda::detail::column_sums<double, 2>(pixels(x), channels()),
            cuda::buffer<cuda::detail::numbers<scalar, 2>>(channels())};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<batch_norm>& at) const {
    const scalar* const from = detail::elements(x);
    const auto n = static_cast<double>(pixels(x));
    at.scratch.sums(pixels(x), cuda::detail::channel_powers<scalar>{from, channels()},
                    cuda::detail::observe_channel<scalar, Relu>{
                        from, n, how().unbiased, detail::elements(saved.observed.mean),
                        detail::elements(saved.observed.var), setter(theta, saved)});
    apply(x, y, saved);
  }

  /// The mean and variance of the batch that `forward` saw.
  const statistics& observed(const tape& saved) const { return saved.observed; }

  /// y with the mean and variance of `stats`; the tape is overwritten, and not for vjp.
  void infer(const params& theta, const statistics& stats, const X& x, X& y, tape& saved,
             const context<batch_norm>&) const {
    cuda::detail::for_each_index(
        channels(),
        cuda::detail::given_channel<scalar, Relu>{
            detail::elements(stats.mean), detail::elements(stats.var), setter(theta, saved)});
    apply(x, y, saved);
  }

  /// With x̂ = (x − μ) r, g = dy where y > 0 (everywhere without Relu) and ⟨·⟩ the mean over pixels:
  /// dβ += Σ g,   dγ += Σ g x̂,   dx += γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params&, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<batch_norm>& at) const {
    add_gradients(x, dy, saved, dtheta, at.scratch);
    scalar* const to = detail::elements(dx);
    cuda::detail::map_rows(to, pixels(x), channels(), transposition(saved, at.scratch),
                           static_cast<const scalar*>(to), detail::elements(x),
                           detail::elements(dy));
  }
  /// The same, dx overwritten, which may be dy.
  void vjp_onto(const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
                scratch& work) const {
    add_gradients(x, dy, saved, dtheta, work);
    cuda::detail::map_rows(detail::elements(dx), pixels(x), channels(), transposition(saved, work),
                           detail::elements(x), detail::elements(dy));
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ, where y > 0.
  void jvp(const params&, const X& x, const tape& saved, const X& vx, const params& vtheta, X& vy,
           const context<batch_norm>& at) const {
    find_means<false>(x, vx, saved, nullptr, nullptr, at.scratch);
    cuda::detail::map_rows(detail::elements(vy), pixels(x), channels(),
                           cuda::detail::tangent_of_channel<scalar, Relu>{
                               saved.maps.data(), at.scratch.means.data(),
                               detail::elements(vtheta.gamma), detail::elements(vtheta.beta)},
                           detail::elements(x), detail::elements(vx));
  }

  /// y by the map of the last pass.
  void apply(const X& x, X& y, const tape& saved) const {
    cuda::detail::map_rows(detail::elements(y), pixels(x), channels(),
                           cuda::detail::normalise_channel<scalar, Relu>{saved.maps.data()},
                           detail::elements(x));
  }

 private:
  auto setter(const params& theta, tape& saved) const {
    return cuda::detail::set_channel_map<scalar, Relu>{how().epsilon, detail::elements(theta.gamma),
                                                       detail::elements(theta.beta),
                                                       saved.maps.data()};
  }
  auto transposition(const tape& saved, const scratch& work) const {
    return cuda::detail::transpose_channel<scalar, Relu>{saved.maps.data(), work.means.data()};
  }

  template <bool Passed>
  void find_means(const X& x, const X& v, const tape& saved, scalar* dbeta, scalar* dgamma,
                  scratch& work) const {
    work.sums(pixels(x),
              cuda::detail::channel_products<scalar, Relu, Passed>{
                  detail::elements(x), detail::elements(v), saved.maps.data(), channels()},
              cuda::detail::mean_of_channel<scalar>{static_cast<double>(pixels(x)), dbeta, dgamma,
                                                    work.means.data()});
  }
  void add_gradients(const X& x, const X& dy, const tape& saved, params& dtheta,
                     scratch& work) const {
    find_means<true>(x, dy, saved, detail::elements(dtheta.beta), detail::elements(dtheta.gamma),
                     work);
  }
};

}  // namespace layers
}  // namespace kutta
