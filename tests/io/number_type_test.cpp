// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/io/number_type.hpp>

namespace {

using namespace kutta::detail;

/// (−1)^s 2^(e − bias) (1 + m/2^digits), or 2^(1 − bias) m/2^digits where e is 0.
double value(std::uint32_t bits, int exponent_bits, int digits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int e = static_cast<int>(bits >> digits) & ((1 << exponent_bits) - 1);
  const double m = bits & ((1u << digits) - 1);
  const double sign = bits >> 15 ? -1 : 1;
  if (e == (1 << exponent_bits) - 1) return m == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(e == 0 ? m : m + (1 << digits), (e == 0 ? 1 : e) - bias - digits);
}

bool same(double expected, float got) {
  return std::isnan(expected) ? std::isnan(got)
                              : expected == got && std::signbit(expected) == std::signbit(got);
}

}  // namespace

TEST_CASE("all numbers of 16 bits are what IEEE 754 says") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    if (!same(value(bits, 5, 10), from_float16(pattern))) ++wrong;
    if (!same(value(bits, 8, 7), from_bfloat16(pattern))) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(from_float16(0x3555) == 0.333251953125f);  // the nearest to 1/3
  CHECK(from_float16(0x7bff) == 65504);            // the largest
  CHECK(from_bfloat16(0x3eab) == 0.333984375f);
}

TEST_CASE("types have their names and sizes") {
  CHECK(type_name<float>() == std::string("F32"));
  CHECK(type_name<double>() == std::string("F64"));
  CHECK(type_name<std::int64_t>() == std::string("I64"));
  CHECK(type_name<std::uint64_t>() == std::string("U64"));
  CHECK(size_of_type("F64") == 8);
  CHECK(size_of_type("F32") == 4);
  CHECK(size_of_type("BF16") == 2);
  CHECK(size_of_type("F8_E4M3") == 1);
  for (const char* unknown : {"", "F", "64", "F64 ", "f64", "F32 F64", "F128"})
    CHECK(size_of_type(unknown) == 0);
}

TEST_CASE("a type is read as itself, one of 16 bits as any floating-point type") {
  CHECK(readable_as<float>("F32"));
  CHECK(readable_as<float>("F16"));
  CHECK(readable_as<double>("BF16"));
  CHECK_FALSE(readable_as<float>("F64"));
  CHECK_FALSE(readable_as<double>("F32"));
  CHECK_FALSE(readable_as<double>("I64"));
  CHECK_FALSE(readable_as<std::int64_t>("F16"));
  CHECK_FALSE(readable_as<std::int64_t>("U64"));

  const double numbers[] = {1.5, -2};
  double x[2];
  read_numbers("F64", reinterpret_cast<const char*>(numbers), 2, x);
  CHECK((x[0] == 1.5 && x[1] == -2));
  const std::uint16_t halves[] = {0x3e00, 0xc000};
  read_numbers("F16", reinterpret_cast<const char*>(halves), 2, x);
  CHECK((x[0] == 1.5 && x[1] == -2));
  const std::uint16_t upper_halves[] = {0x3fc0, 0xc000};
  read_numbers("BF16", reinterpret_cast<const char*>(upper_halves), 2, x);
  CHECK((x[0] == 1.5 && x[1] == -2));
}
