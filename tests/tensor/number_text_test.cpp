// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <kutta/tensor/number_text.hpp>

using kutta::detail::number_text;

TEST_CASE("a number is printed with six digits, or as many as read back the same") {
  CHECK(number_text(.1) == "0.1");
  CHECK(number_text(1e-9) == "1e-09");
  CHECK(number_text(-3) == "-3");
  CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(number_text(1000) == "1000");
  for (const double x : {1. / 3, -2. / 3, 123456.789, std::numeric_limits<double>::max(),
                         -std::numeric_limits<double>::min()})
    CHECK(std::stod(number_text(x)) == x);
  CHECK(number_text(-std::numeric_limits<double>::denorm_min()) == "-4.94066e-324");
}

TEST_CASE("a number is printed to as many digits as are asked for") {
  CHECK(number_text(1. / 3, 3) == "0.333");
  CHECK(number_text(123456, 2) == "1.2e+05");
  CHECK(number_text(.5, 6) == "0.5");
}
