// SPDX-License-Identifier: Apache-2.0
// What one library saves another loads.
#include <cstdint>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>
#include <xtensor/xtensor.hpp>

#include <kutta/eigen/tensor.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/xtensor/tensor.hpp>

#include "io/scratch_folder.hpp"

namespace {

template <class W, class B>
struct affine {
  W w;
  B b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &affine::w}, kutta::field{"b", &affine::b}};
};

using eigen_affine = affine<Eigen::MatrixXf, Eigen::VectorXf>;
using xtensor_affine = affine<xt::xtensor<float, 2>, xt::xtensor<float, 1>>;

}  // namespace

TEST_CASE("weights go from Eigen to xtensor and back") {
  const kutta::test::scratch_folder folder;
  const eigen_affine x{Eigen::MatrixXf{{1, 2, 3}, {4, 5, 6}}, Eigen::VectorXf{{7, 8}}};
  kutta::safetensors_writer from_eigen, from_xtensor;
  from_eigen.add("theta", x);
  from_eigen.write(folder.path("a"));

  xtensor_affine y{xt::zeros<float>({2, 3}), xt::zeros<float>({2})};
  kutta::safetensors_file(folder.path("a")).read("theta", y);
  CHECK(y.w == xt::xtensor<float, 2>{{1, 2, 3}, {4, 5, 6}});
  CHECK(y.b == xt::xtensor<float, 1>{7, 8});

  from_xtensor.add("theta", y);
  from_xtensor.write(folder.path("b"));
  CHECK(kutta::test::read_bytes(folder.path("a")) == kutta::test::read_bytes(folder.path("b")));
  eigen_affine z{Eigen::MatrixXf::Zero(2, 3), Eigen::VectorXf::Zero(2)};
  kutta::safetensors_file(folder.path("b")).read("theta", z);
  CHECK(z.w == x.w);
  CHECK(z.b == x.b);
}

TEST_CASE("an array of any rank keeps its shape") {
  const kutta::test::scratch_folder folder;
  const xt::xtensor<double, 4> image = xt::arange<double>(2 * 3 * 4 * 5).reshape({2, 3, 4, 5});
  kutta::safetensors_writer out;
  out.add("image", image);
  out.write(folder.path("a"));
  const kutta::safetensors_file in(folder.path("a"));
  CHECK(in.shape("image") == std::vector<std::uint64_t>{2, 3, 4, 5});
  xt::xtensor<double, 4> again = xt::zeros<double>({2, 3, 4, 5});
  in.read("image", again);
  CHECK(again == image);
}
