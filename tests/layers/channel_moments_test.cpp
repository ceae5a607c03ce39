// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/channel_moments.hpp>

namespace {

/// Numbers about `mean`, with a spread of 1.
template <class T>
std::vector<T> pixels_about(double mean, std::size_t n) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> spread(-1, 1);
  std::vector<T> x(n);
  for (T& number : x) number = static_cast<T>(mean + spread(generator));
  return x;
}

struct moments {
  long double mean = 0, squares = 0;
};

/// Of channel c, by two passes.
template <class T>
moments by_loops(const std::vector<T>& x, std::size_t channels, std::size_t c) {
  moments m;
  const auto n = static_cast<long double>(x.size() / channels);
  for (std::size_t i = c; i < x.size(); i += channels) m.mean += static_cast<long double>(x[i]) / n;
  for (std::size_t i = c; i < x.size(); i += channels) {
    const long double d = static_cast<long double>(x[i]) - m.mean;
    m.squares += d * d;
  }
  return m;
}

}  // namespace

TEST_CASE_TEMPLATE("means and squares are those of two passes, however far from 0", T, float,
                   double) {
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (const std::size_t channels :
       {std::size_t{1}, std::size_t{3}, std::size_t{10}, std::size_t{17}})
    for (const std::size_t pixels :
         {std::size_t{1}, std::size_t{2}, std::size_t{63}, std::size_t{20'011}})
      for (const double mean : {0., 1000.}) {
        CAPTURE(channels);
        CAPTURE(pixels);
        CAPTURE(mean);
        const auto x = pixels_about<T>(mean, channels * pixels);
        kutta::detail::channel_moments<T> found(channels);
        found.add(x.data(), pixels);
        CHECK(found.pixels() == pixels);
        for (std::size_t c = 0; c < channels; ++c) {
          const moments m = by_loops(x, channels, c);
          CHECK(std::abs(found.mean(c) - double(m.mean)) <= 4 * epsilon * (1 + mean));
          CHECK(std::abs(found.squares(c) - double(m.squares)) <= 64 * epsilon * double(pixels));
          CHECK(found.squares(c) >= 0);
        }
      }
}

TEST_CASE("parts that are added give the moments of the whole") {
  const std::size_t channels = 5, pixels = 1000, cut = 337;
  const auto x = pixels_about<double>(7, channels * pixels);
  kutta::detail::channel_moments<double> first(channels), second(channels), none(channels);
  first.add(x.data(), cut);
  second.add(x.data() + cut * channels, pixels - cut);
  first.add(second);
  first.add(none);
  CHECK(first.pixels() == pixels);
  for (std::size_t c = 0; c < channels; ++c) {
    const moments m = by_loops(x, channels, c);
    CHECK(std::abs(first.mean(c) - double(m.mean)) <= 1e-14 * 7);
    CHECK(std::abs(first.squares(c) - double(m.squares)) <= 1e-13 * double(m.squares));
  }
  first.clear();
  CHECK(first.pixels() == 0);
  first.add(x.data(), 1);
  CHECK(first.mean(2) == x[2]);
  CHECK(first.squares(2) == 0);
}

TEST_CASE("a number that is not finite spoils its channel alone") {
  auto x = pixels_about<float>(0, 3 * 100);
  x[3 * 50 + 1] = std::numeric_limits<float>::quiet_NaN();
  kutta::detail::channel_moments<float> found(3);
  found.add(x.data(), 100);
  CHECK(std::isnan(found.mean(1)));
  CHECK(std::isnan(found.squares(1)));
  CHECK(std::isfinite(found.mean(0)));
  CHECK(std::isfinite(found.squares(2)));
}
