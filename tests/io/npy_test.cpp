// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/io/npy.hpp>
#include <kutta/tensor/vec.hpp>

#include "io/scratch_folder.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::npy_file;
using kutta::test::scratch_folder;

/// The bytes of numbers as they lie in memory.
template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// A file of version 1.0, put together by hand.
std::string npy(const std::string& dictionary, const std::string& numbers) {
  const std::string header = dictionary + "\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() % 256) +
         static_cast<char>(header.size() / 256) + header + numbers;
}

const std::string six_numbers = bytes_of<double>({1, 2, 3, 4, 5, 6});

/// What is wrong with such a file, or nothing, by its message without its name.
template <class T = MatrixXd>
std::string complaint(const std::string& bytes, T x = T::Zero(2, 3)) {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  kutta::test::write_bytes(path, bytes);
  try {
    npy_file(path).read(x);
    return "";
  } catch (const kutta::io_error& e) {
    CHECK(std::string(e.what()).starts_with(path + ": "));
    CHECK(x.norm() == 0);
    return std::string(e.what()).substr(path.size() + 2);
  }
}

}  // namespace

TEST_CASE("a file is what numpy.save writes, byte for byte") {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  kutta::save_npy(path, MatrixXd{{1, 2, 3}, {4, 5, 6}});
  // python3 -c "numpy.save('a.npy', numpy.arange(1, 7.).reshape(2, 3))"
  const std::string dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
  CHECK(kutta::test::read_bytes(path) ==
        npy(dictionary + std::string(117 - dictionary.size(), ' '), six_numbers));
  CHECK(folder.file_count() == 1);

  kutta::save_npy(path, std::vector<float>{7});
  const auto one_axis = kutta::test::read_bytes(path);
  CHECK(one_axis.find("'<f4', 'fortran_order': False, 'shape': (1,), }") != std::string::npos);
  CHECK(one_axis.size() == 128 + 4);
  kutta::save_npy(path, 2.5);
  CHECK(kutta::test::read_bytes(path).find("'shape': (), }") != std::string::npos);
  CHECK_THROWS_AS(kutta::save_npy(folder.path("none/a.npy"), 2.5), kutta::io_error);
}

TEST_CASE("numbers come back in their places, however they lie in memory") {
  const scratch_folder folder;
  const std::string path = folder.path("a.npy");
  const MatrixXd x{{1, 2, 3}, {4, 5, 6}};
  kutta::save_npy(path, x);
  const npy_file file(path);
  CHECK(file.shape() == std::vector<std::uint64_t>{2, 3});
  MatrixXd y = MatrixXd::Zero(2, 3);
  file.read(y);
  CHECK(y == x);
  Eigen::Matrix<double, 2, 3, Eigen::RowMajor> rows;
  file.read(rows);
  CHECK(rows == x);

  kutta::save_npy(path, Eigen::VectorXf{{1, 2}});
  std::vector<float> two(2);
  npy_file(path).read(two);
  CHECK(two == std::vector<float>{1, 2});
  kutta::save_npy(path, -2.5);
  double number = 0;
  npy_file(path).read(number);
  CHECK(number == -2.5);
  kutta::save_npy(path, std::vector<double>{});
  std::vector<double> none;
  npy_file(path).read(none);
  CHECK(npy_file(path).shape() == std::vector<std::uint64_t>{0});
}

TEST_CASE("what the format allows is read: keys in any order, versions 2 and 3, long headers") {
  CHECK(complaint(npy("{'shape':(2,3,),'fortran_order':False,'descr':'<f8'}", six_numbers)) == "");
  const std::string dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}";
  for (const std::size_t spaces : {0u, 60u, 200u, 40000u})
    CHECK(complaint(npy(dictionary + std::string(spaces, ' '), six_numbers)) == "");
  for (const char version : {'\2', '\3'}) {
    const std::string text = dictionary + std::string(70000, ' ') + "\n";
    std::string length(4, '\0');
    const auto n = static_cast<std::uint32_t>(text.size());
    std::memcpy(length.data(), &n, 4);
    CHECK(complaint("\x93NUMPY" + std::string{version, '\0'} + length + text + six_numbers) == "");
  }
  // IEEE 754 binary16: 1, −2, 65504 in double.
  const scratch_folder folder;
  kutta::test::write_bytes(folder.path("a"),
                           npy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }",
                               bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x7bff})));
  std::vector<double> x(3);
  npy_file(folder.path("a")).read(x);
  CHECK(x == std::vector<double>{1, -2, 65504});
}

TEST_CASE("another file is refused by what is wrong with it") {
  const auto with = [](const std::string& descr, const std::string& order,
                       const std::string& shape) {
    return npy("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + "}",
               six_numbers);
  };
  const std::string good = with("'<f8'", "False", "(2, 3)");
  CHECK(complaint(good) == "");
  const std::string no_npy = "not an npy file: expected it to begin with \\x93NUMPY";
  CHECK(complaint("") == no_npy);
  CHECK(complaint("PK\3\4 a zip archive, npz") == no_npy);
  CHECK(complaint("\x93NUMPY") == "expected version 1.0, 2.0 or 3.0, got 0.0");
  CHECK(complaint(std::string("\x93NUMPY\4\0\0\0", 10)) ==
        "expected version 1.0, 2.0 or 3.0, got 4.0");

  CHECK(complaint(with("'<f4'", "False", "(2, 3)")) ==
        "expected F32 (2, 3), got 48 bytes of numbers");
  CHECK(complaint(with("'<f4'", "False", "(2, 6)")) == "expected F64 (2, 3), got F32 (2, 6)");
  CHECK(complaint(with("'<f8'", "False", "(3, 2)")) == "expected F64 (2, 3), got F64 (3, 2)");
  CHECK(complaint(with("'<f8'", "False", "(6,)")) == "expected F64 (2, 3), got F64 (6)");
  CHECK(complaint<Eigen::MatrixXf>(good, Eigen::MatrixXf::Zero(2, 3)) ==
        "expected F32 (2, 3), got F64 (2, 3)");
  for (const std::string type : {">f8", "<i8", "|b1", "<c16", "<U3", "F64", ""})
    CHECK(complaint(with("'" + type + "'", "False", "(2, 3)")) ==
          "expected numbers of type <f2, <f4 or <f8, got " + type);
  CHECK(complaint(with("'<f8'", "True", "(2, 3)")) ==
        "expected an array row by row, got one in Fortran's order");

  CHECK(complaint(good.substr(0, good.size() - 1)) ==
        "cut off: expected F64 (2, 3), got 47 bytes of numbers");
  CHECK(complaint(good + "x") == "expected F64 (2, 3), got 49 bytes of numbers");
  CHECK(complaint(good.substr(0, 20)) ==
        "cut off: expected a header of 68 bytes, got a file of 20");
  CHECK(complaint(with("'<f8'", "False", "(4294967296, 4294967296, 6)")) ==
        "cut off: expected F64 (4294967296, 4294967296, 6), got 48 bytes of numbers");

  CHECK(complaint(with("[('a', '<f8')]", "False", "(2, 3)")) ==
        "header: expected ''', got \"[('a', '<f8')], 'fortran_order': False, 'shape': (2, 3)}\"");
  CHECK(complaint(with("'<f8'", "Falsch", "(2, 3)")) ==
        "header: expected True or False, got \"Falsch, 'shape': (2, 3)}\"");
  CHECK(complaint(with("'<f8'", "False", "(2, -3)")) ==
        "header: expected an integer below 2^64, got \"-3)}\"");
  CHECK(complaint(with("'<f8'", "False", "(2, 18446744073709551616)")) ==
        "header: expected an integer below 2^64, got \"18446744073709551616)}\"");
  CHECK(complaint(with("'<f8'", "False", "(2, 3")) == "header: expected ')', got \"}\"");
  CHECK(complaint(with("'<f8', 'descr': '<f8'", "False", "(2, 3)")) ==
        "header: expected each key once, got \"descr\"");
  CHECK(complaint(npy("{'descr': '<f8', 'shape': (2, 3), }", six_numbers)) ==
        "header: expected descr, fortran_order and shape, got \"\"");
  CHECK(complaint(npy("{'colour': '<f8'}", "")) ==
        "header: expected descr, fortran_order or shape, got \"colour\"");
  CHECK(complaint(npy("{} x", "")) == "header: expected the end, got \"x\"");
}

TEST_CASE("no byte that is lost, added or changed ends in more than an error") {
  const std::string good =
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", six_numbers);
  for (std::size_t n = 0; n < good.size(); ++n) {
    CHECK(complaint(good.substr(0, n)) != "");
    for (const char c : {'\0', '\'', ',', '9', '\xff'}) {
      std::string changed = good;
      changed[n] = c;
      complaint(changed);
      changed.insert(n, 1, c);
      complaint(changed);
    }
  }
}
