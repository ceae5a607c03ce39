// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnpy.hpp>
#include <xtensor/xview.hpp>

#include <kutta/xtensor/npy.hpp>

#include "io/scratch_folder.hpp"

namespace {

using kutta::load_npy, kutta::save_npy;
using kutta::test::scratch_folder;

template <class S, std::size_t N>
xt::xtensor<S, N> counted(const std::array<std::size_t, N>& shape) {
  auto x = xt::xtensor<S, N>::from_shape(shape);
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<S>(i) + S(.1);
  return x;
}

template <class T>
void check_there_and_back(const T& x) {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  save_npy(path, x);
  const auto again = load_npy<T>(path);
  CHECK(again.shape() == x.shape());
  CHECK(again == x);
  // xtensor's own reader takes it for the same array.
  CHECK(xt::load_npy<kutta::scalar_t<T>>(path) == x);
}

}  // namespace

TEST_CASE_TEMPLATE("an array of any rank comes back as it was", S, float, double) {
  check_there_and_back(counted<S, 0>({}));
  check_there_and_back(counted<S, 1>({5}));
  check_there_and_back(counted<S, 2>({3, 4}));
  check_there_and_back(counted<S, 4>({2, 3, 4, 5}));
  check_there_and_back(counted<S, 3>({2, 0, 4}));
  check_there_and_back(xt::xarray<S>(counted<S, 3>({2, 1, 4})));
}

TEST_CASE("files that xtensor writes are read") {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  const auto x = counted<float, 3>({4, 3, 2});
  xt::dump_npy(path, x);
  CHECK(load_npy<xt::xtensor<float, 3>>(path) == x);
  CHECK(load_npy<xt::xarray<float>>(path) == x);

  xt::dump_npy(path, xt::xtensor<float, 2, xt::layout_type::column_major>({{1, 2}, {3, 4}}));
  CHECK_THROWS_WITH_AS(
      (load_npy<xt::xtensor<float, 2>>(path)),
      (path + ": expected an array row by row, got one in Fortran's order").c_str(),
      kutta::io_error);
}

TEST_CASE("a view and an expression are saved as the arrays that they are") {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  const auto x = counted<double, 2>({4, 3});
  save_npy(path, xt::view(x, xt::range(1, 3), xt::range(0, 2)));
  CHECK(load_npy<xt::xtensor<double, 2>>(path) ==
        xt::xtensor<double, 2>{{x(1, 0), x(1, 1)}, {x(2, 0), x(2, 1)}});
  save_npy(path, xt::transpose(x));
  CHECK(load_npy<xt::xtensor<double, 2>>(path) == xt::transpose(x));
  save_npy(path, 2 * x);
  CHECK(load_npy<xt::xtensor<double, 2>>(path) == 2 * x);
}

TEST_CASE("another rank, and another type, are refused") {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  save_npy(path, counted<double, 2>({4, 3}));
  CHECK_THROWS_WITH_AS((load_npy<xt::xtensor<double, 3>>(path)),
                       (path + ": expected 3 axes, got F64 (4, 3)").c_str(), kutta::io_error);
  CHECK_THROWS_WITH_AS((load_npy<xt::xtensor<float, 2>>(path)),
                       (path + ": expected F32 (4, 3), got F64 (4, 3)").c_str(), kutta::io_error);
  CHECK_THROWS_AS((load_npy<xt::xarray<float>>(folder.path("none"))), kutta::io_error);
}
