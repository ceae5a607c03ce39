// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Normalisation of groups of channels over the pixels of an image, in device memory. Rows of
/// features are images of one pixel, with one group.

#include <cstddef>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/rows.hpp>
#include <kutta/cuda/shifted_moments.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/layers/norm_params.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::cuda::detail {

/// Where the numbers of a group lie. Groups are counted over all samples, pixels likewise.
struct groups_of_channels {
  std::size_t pixels, channels, groups;  ///< of an image

  /// Channels of a group.
  KUTTA_HD std::size_t width() const { return channels / groups; }
  KUTTA_HD std::size_t size() const { return pixels * width(); }
  KUTTA_HD std::size_t group(std::size_t pixel, std::size_t c) const {
    return place_of(pixel, pixels).row * groups + place_of(c, width()).row;
  }
  /// Number k of a group.
  KUTTA_HD std::size_t channel(std::size_t group, std::size_t k) const {
    return place_of(group, groups).column * width() + place_of(k, width()).column;
  }
  KUTTA_HD std::size_t index(std::size_t group, std::size_t k) const {
    const std::size_t pixel = place_of(group, groups).row * pixels + place_of(k, width()).row;
    return pixel * channels + channel(group, k);
  }
};

/// μ and r = 1/√(σ² + ε).
template <class T>
struct alignas(2 * sizeof(T)) group_normal {
  T mean, inverse;

  /// x̂.
  KUTTA_HD T operator()(T x) const { return (x - mean) * inverse; }
};

template <class T>
struct group_powers {
  const T* x;
  groups_of_channels in;

  KUTTA_HD numbers<double, 2> operator()(std::size_t group, std::size_t k) const {
    return shifted_powers(x[in.index(group, k)], x[in.index(group, 0)]);
  }
};

template <class T>
struct set_group_normal {
  const T* x;
  groups_of_channels in;
  double epsilon;
  group_normal<T>* normal;

  KUTTA_HD void operator()(std::size_t group, const numbers<double, 2>& sums) const {
    const auto n = static_cast<double>(in.size());
    const mean_and_squares m(x[in.index(group, 0)], sums, n);
    normal[group] = {static_cast<T>(m.mean),
                     static_cast<T>(1 / kutta::detail::math::sqrt(m.squares / n + epsilon))};
  }
};

/// v and v x̂ of a pixel and channel.
template <class T>
struct products_of_pixel {
  const T *x, *v;
  groups_of_channels in;
  const group_normal<T>* normal;

  KUTTA_HD numbers<double, 2> operator()(std::size_t pixel, std::size_t c) const {
    const std::size_t i = pixel * in.channels + c;
    const T hat = normal[in.group(pixel, c)](x[i]);
    return {{static_cast<double>(v[i]), static_cast<double>(v[i] * hat)}};
  }
};

template <class T>
struct add_norm_gradient {
  T *dbeta, *dgamma;

  KUTTA_HD void operator()(std::size_t c, const numbers<double, 2>& sums) const {
    dbeta[c] += static_cast<T>(sums.value[0]);
    dgamma[c] += static_cast<T>(sums.value[1]);
  }
};

/// g and g x̂ of number k of a group: g = γ v, or v where γ is null.
template <class T>
struct products_of_group {
  const T *x, *v, *gamma;
  groups_of_channels in;
  const group_normal<T>* normal;

  KUTTA_HD numbers<double, 2> operator()(std::size_t group, std::size_t k) const {
    const std::size_t i = in.index(group, k);
    const T g = gamma ? gamma[in.channel(group, k)] * v[i] : v[i];
    return {{static_cast<double>(g), static_cast<double>(g * normal[group](x[i]))}};
  }
};

template <class T>
struct mean_of_group {
  double size;
  numbers<T, 2>* means;

  KUTTA_HD void operator()(std::size_t group, const numbers<double, 2>& sums) const {
    for (std::size_t j = 0; j < 2; ++j)
      means[group].value[j] = static_cast<T>(sums.value[j] / size);
  }
};

template <class T>
struct normalise_in_group {
  groups_of_channels in;
  const group_normal<T>* normal;
  const T *gamma, *beta;

  KUTTA_HD T operator()(std::size_t pixel, std::size_t c, T x) const {
    return gamma[c] * normal[in.group(pixel, c)](x) + beta[c];
  }
};

/// r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
template <class T>
struct project_in_group {
  groups_of_channels in;
  const group_normal<T>* normal;
  const numbers<T, 2>* means;

  KUTTA_HD T operator()(std::size_t group, T g, T hat) const {
    const T* m = means[group].value;
    return normal[group].inverse * (g - m[0] - hat * m[1]);
  }
};

template <class T>
struct transpose_in_group {
  project_in_group<T> project;
  const T* gamma;

  KUTTA_HD T operator()(std::size_t pixel, std::size_t c, T dx, T x, T dy) const {
    const std::size_t group = project.in.group(pixel, c);
    return dx + project(group, gamma[c] * dy, project.normal[group](x));
  }
};

template <class T>
struct tangent_in_group {
  project_in_group<T> project;
  const T *gamma, *vgamma, *vbeta;

  KUTTA_HD T operator()(std::size_t pixel, std::size_t c, T x, T vx) const {
    const std::size_t group = project.in.group(pixel, c);
    const T hat = project.normal[group](x);
    return gamma[c] * project(group, vx, hat) + vgamma[c] * hat + vbeta[c];
  }
};

/// The passes of a layer of arrays of type X.
template <device_array X>
class group_normalisation {
  using scalar = scalar_t<X>;
  using params = layers::norm_params<X>;

 public:
  struct tape {
    buffer<group_normal<scalar>> normal;

    std::size_t heap_bytes() const { return normal.heap_bytes(); }
  };
  struct scratch {
    row_sums<double, 2> by_group;
    column_sums<double, 2> by_channel;
    buffer<numbers<scalar, 2>> means;

    std::size_t heap_bytes() const { return kutta::heap_bytes(by_group, by_channel, means); }
  };

  group_normalisation(const groups_of_channels& in, double epsilon) : in_(in), epsilon_(epsilon) {}

  tape make_tape(const X& x) const { return {buffer<group_normal<scalar>>(all_groups(x))}; }
  scratch make_scratch(const X& x) const {
    return {row_sums<double, 2>(all_groups(x)), column_sums<double, 2>(all_pixels(x), in_.channels),
            buffer<numbers<scalar, 2>>(all_groups(x))};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved, scratch& work) const {
    group_normal<scalar>* const normal = saved.normal.data();
    const scalar* const from = kutta::detail::elements(x);
    work.by_group(all_groups(x), in_.size(), group_powers<scalar>{from, in_},
                  set_group_normal<scalar>{from, in_, epsilon_, normal});
    cuda::detail::map_rows(
        kutta::detail::elements(y), all_pixels(x), in_.channels,
        normalise_in_group<scalar>{in_, normal, kutta::detail::elements(theta.gamma),
                                   kutta::detail::elements(theta.beta)},
        from);
  }

  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           scratch& work) const {
    const scalar *const from = kutta::detail::elements(x), *const d = kutta::detail::elements(dy),
                        *const gamma = kutta::detail::elements(theta.gamma);
    scalar* const to = kutta::detail::elements(dx);
    work.by_channel(all_pixels(x), products_of_pixel<scalar>{from, d, in_, saved.normal.data()},
                    add_norm_gradient<scalar>{kutta::detail::elements(dtheta.beta),
                                              kutta::detail::elements(dtheta.gamma)});
    find_means(x, d, gamma, saved, work);
    cuda::detail::map_rows(to, all_pixels(x), in_.channels,
                           transpose_in_group<scalar>{projection(saved, work), gamma},
                           static_cast<const scalar*>(to), from, d);
  }

  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy, scratch& work) const {
    const scalar* const v = kutta::detail::elements(vx);
    find_means(x, v, nullptr, saved, work);
    cuda::detail::map_rows(
        kutta::detail::elements(vy), all_pixels(x), in_.channels,
        tangent_in_group<scalar>{projection(saved, work), kutta::detail::elements(theta.gamma),
                                 kutta::detail::elements(vtheta.gamma),
                                 kutta::detail::elements(vtheta.beta)},
        kutta::detail::elements(x), v);
  }

 private:
  std::size_t all_pixels(const X& x) const { return x.size() / in_.channels; }
  std::size_t all_groups(const X& x) const { return x.size() / in_.size(); }

  void find_means(const X& x, const scalar* v, const scalar* gamma, const tape& saved,
                  scratch& work) const {
    work.by_group(
        all_groups(x), in_.size(),
        products_of_group<scalar>{kutta::detail::elements(x), v, gamma, in_, saved.normal.data()},
        mean_of_group<scalar>{static_cast<double>(in_.size()), work.means.data()});
  }
  project_in_group<scalar> projection(const tape& saved, const scratch& work) const {
    return {in_, saved.normal.data(), work.means.data()};
  }

  groups_of_channels in_;
  double epsilon_;
};

}  // namespace kutta::cuda::detail
