// SPDX-License-Identifier: Apache-2.0

/// @file
/// Is a stage sum y ← x + Σ a k of one to six terms as fast as device memory?
///
/// Names: stage_sums/<scalar>/terms:<J>/n:<n>/<contender>. `kutta` is kutta::add on cuda::tensor;
/// `copy` the runtime's copy that reads and writes as many bytes, half of them each. With 10⁶
/// elements the arrays fit into the second-level cache of a large GPU.

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

#include "device/copies.hpp"
#include "device/measure.hpp"
#include "support/cost.hpp"

namespace {

constexpr std::size_t most_terms = 6;

/// Element i of operand j: not the same everywhere, exact in float.
KUTTA_HD double operand(std::size_t j, std::size_t i) {
  return static_cast<double>(j + 1) / 8 + static_cast<double>(i % 7) / 64;
}

template <class T>
struct fill_operand {
  T* x;
  std::size_t j;

  KUTTA_HD void operator()(std::size_t i) const { x[i] = static_cast<T>(operand(j, i)); }
};

template <class T>
struct operands {
  using array = kutta::cuda::tensor<T, 1>;
  std::array<array, most_terms + 1> k;  ///< k[0] is x
  array y;
  std::array<T, most_terms> a{T(.1), T(.2), T(.3), T(.4), T(.5), T(.6)};

  explicit operands(std::size_t n) : y({n}) {
    for (std::size_t j = 0; j < k.size(); ++j) {
      k[j] = array({n});
      kutta::cuda::detail::for_each_index(
          n, fill_operand<T>{thrust::raw_pointer_cast(k[j].data()), j});
    }
  }

  template <std::size_t Terms>
  void add() {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      kutta::add(y, k[0], kutta::scaled<array>{a[J], k[J + 1]}...);
    }(std::make_index_sequence<Terms>{});
  }

  /// Whether the first and the last elements of y are right.
  bool right(std::size_t terms) const {
    const std::size_t n = y.size(), some = n < 1000 ? n : 1000;
    const T* const from = thrust::raw_pointer_cast(y.data());
    std::vector<T> found(2 * some);
    kutta::cuda::copy_to_host(found.data(), from, some);
    kutta::cuda::copy_to_host(found.data() + some, from + (n - some), some);
    const double tolerance = sizeof(T) == sizeof(float) ? 1e-6 : 1e-15;
    for (std::size_t f = 0; f < 2 * some; ++f) {
      const std::size_t i = f < some ? f : n - 2 * some + f;
      double sum = operand(0, i);
      for (std::size_t j = 0; j < terms; ++j) sum += static_cast<double>(a[j]) * operand(j + 1, i);
      if (!(std::abs(static_cast<double>(found[f]) - sum) <= tolerance * sum)) return false;
    }
    return true;
  }
};

template <std::size_t Terms, class T>
void add_sum(kutta::bench::records& all, const std::string& scalar, std::size_t n,
             operands<T>& of) {
  const std::string name =
      "stage_sums/" + scalar + "/terms:" + std::to_string(Terms) + "/n:" + std::to_string(n) + "/";
  const kutta::bench::cost each = kutta::bench::stage_sum_cost<T>(n, Terms);
  all.add(name + "kutta", [&](kutta::bench::record& r) {
    r.flops = each.flops, r.bytes = each.bytes;
    of.template add<Terms>();
    r.require(of.right(Terms));
    r.time([&] { of.template add<Terms>(); });
  });
  all.add(name + "copy", [&](kutta::bench::record& r) {
    kutta::bench::device_copy copy(n * (Terms + 2) * sizeof(T) / 2);
    r.bytes = each.bytes;
    r.time([&] { copy(); });
  });
}

template <class T>
void add_sums(kutta::bench::records& all, const std::string& scalar, std::size_t n) {
  operands<T> of(n);
  [&]<std::size_t... J>(std::index_sequence<J...>) {
    (add_sum<J + 1>(all, scalar, n, of), ...);
  }(std::make_index_sequence<most_terms>{});
}

}  // namespace

int main(int argc, char** argv) {
  kutta::bench::records all(argc, argv);
  const std::vector<std::size_t> sizes =
      all.smoke() ? std::vector<std::size_t>{1000, 1001}
                  : std::vector<std::size_t>{1000000, 10000000, 100000000};
  for (const std::size_t n : sizes) {
    add_sums<float>(all, "float", n);
    add_sums<double>(all, "double", n);
  }
  return all.status();
}
