// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/vec.hpp>

#include "io/scratch_folder.hpp"
#include "support/random.hpp"

namespace {

using kutta::safetensors_file;
using kutta::safetensors_writer;
using kutta::test::scratch_folder;

struct params {
  Eigen::MatrixXd w;
  Eigen::VectorXd b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
  bool operator==(const params&) const = default;
};

using coefficients = std::vector<params>;

const coefficients theta{{Eigen::MatrixXd{{1, 2, 3}, {4, 5, 6}}, Eigen::VectorXd{{7, 8}}},
                         {Eigen::MatrixXd{{-1, -2, -3}, {-4, -5, -6}}, Eigen::VectorXd{{.5, .25}}}};

coefficients empty_coefficients(std::size_t k = 2, Eigen::Index rows = 2, Eigen::Index cols = 3) {
  return coefficients(k, {Eigen::MatrixXd::Zero(rows, cols), Eigen::VectorXd::Zero(rows)});
}

std::string saved(const scratch_folder& folder, const safetensors_writer& file) {
  const std::string path = folder.path("a.safetensors");
  file.write(path);
  return path;
}

/// A file of one tensor x, as another program might write it.
template <class T>
safetensors_file foreign(const std::string& type, const std::string& shape,
                         const std::vector<T>& numbers) {
  const std::size_t size = numbers.size() * sizeof(T);
  const std::string json = R"({"x":{"dtype":")" + type + R"(","shape":)" + shape +
                           R"(,"data_offsets":[0,)" + std::to_string(size) + "]}}";
  const std::uint64_t n = json.size();
  std::string bytes(sizeof(n), '\0');
  std::memcpy(bytes.data(), &n, sizeof(n));
  bytes += json;
  bytes.append(reinterpret_cast<const char*>(numbers.data()), size);
  return {"a", bytes};
}

template <class T>
void refuses(const safetensors_file& in, const std::string& name, T& x,
             const std::string& message) {
  const T before = x;
  CHECK_THROWS_WITH_AS(in.read(name, x), (in.path() + ": " + message).c_str(), kutta::io_error);
  CHECK(x == before);
}

}  // namespace

TEST_CASE("Python reads every leaf by its path, row by row") {
  const scratch_folder folder;
  safetensors_writer out;
  out.add("theta", theta);
  out.add("x", Eigen::MatrixXf{{1, 2}, {3, 4}, {5, 6}});
  out.add("scale", 0.1);
  out.add("pair", std::tuple{1.f, kutta::vec<double, 2>{{2, 3}}});
  out.add("nothing", Eigen::MatrixXd(0, 3));
  out.add("step", std::int64_t{-3});
  out.add("seed", std::numeric_limits<std::uint64_t>::max());
  out.add_text("format", "kutta \"\u03b8\"\n");
  const std::string path = saved(folder, out);
  CHECK(kutta::test::python_accepts(folder, R"(
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', data[:8])[0]
header, numbers = json.loads(data[8:8 + n]), data[8 + n:]
assert n % 8 == 0
assert header.pop('__metadata__') == {'format': 'kutta "\u03b8"\n'}
def read(name, dtype, shape):
    record = header.pop(name)
    begin, end = record['data_offsets']
    code = {'F32': 'f', 'F64': 'd', 'I64': 'q', 'U64': 'Q'}[dtype]
    assert record['dtype'] == dtype and record['shape'] == shape, name
    assert begin % struct.calcsize(code) == 0, name
    return list(struct.unpack('<%d%s' % ((end - begin) // struct.calcsize(code), code), numbers[begin:end]))
assert read('theta.0.w', 'F64', [2, 3]) == [1, 2, 3, 4, 5, 6]
assert read('theta.0.b', 'F64', [2]) == [7, 8]
assert read('theta.1.w', 'F64', [2, 3]) == [-1, -2, -3, -4, -5, -6]
assert read('theta.1.b', 'F64', [2]) == [.5, .25]
assert read('x', 'F32', [3, 2]) == [1, 2, 3, 4, 5, 6]
assert read('scale', 'F64', []) == [0.1]
assert read('pair.0', 'F32', []) == [1]
assert read('pair.1', 'F64', [2]) == [2, 3]
assert read('nothing', 'F64', [0, 3]) == []
assert read('step', 'I64', []) == [-3]
assert read('seed', 'U64', []) == [2**64 - 1]
assert not header
)",
                                    path));
}

TEST_CASE("what Python writes is read") {
  const scratch_folder folder;
  const std::string path = folder.path("a.safetensors");
  const std::string program = R"(
import json, struct, sys
header = {'w': {'dtype': 'F16', 'shape': [2, 3], 'data_offsets': [0, 12]},
          'b': {'dtype': 'F64', 'shape': [2], 'data_offsets': [12, 28]},
          '__metadata__': {'\u03b8': 'caf\u00e9 \U0001f600'}}
text = json.dumps(header, indent=2).encode()
open(sys.argv[1], 'wb').write(struct.pack('<Q', len(text)) + text +
                              struct.pack('<6e', 1, 2, 3, -.5, 6e-8, 65504) +
                              struct.pack('<2d', .1, -1e300))
)";
  CHECK(kutta::test::python_accepts(folder, program, path));
  if (!kutta::detail::file_exists(path)) return;
  const safetensors_file in(path);
  params x = empty_coefficients()[0];
  in.read("w", x.w);
  in.read("b", x.b);
  CHECK(x.w == Eigen::MatrixXd{{1, 2, 3}, {-.5, 0x1p-24, 65504}});
  CHECK(x.b == Eigen::VectorXd{{.1, -1e300}});
  CHECK(in.text("\u03b8") == "caf\u00e9 \U0001f600");
}

TEST_CASE("what is saved is loaded, to the last bit") {
  const scratch_folder folder;
  kutta::test::splitmix64 random(1);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const coefficients x = kutta::test::random_like(empty_coefficients(12, 7, 5), random);
  const std::vector<double> odd{-0., nan, -std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::denorm_min()};
  safetensors_writer out;
  out.add("x", x);
  out.add("odd", odd);
  out.add("float", 0.1f);
  const safetensors_file in(saved(folder, out));
  coefficients y = empty_coefficients(12, 7, 5);
  std::vector<double> odd_again(4);
  float f = 0;
  in.read("x", y);
  in.read("odd", odd_again);
  in.read("float", f);
  CHECK(x == y);
  CHECK(std::memcmp(odd.data(), odd_again.data(), 4 * sizeof(double)) == 0);
  CHECK(f == 0.1f);
  CHECK(in.names().size() == 26);
  CHECK(in.names().front() == "float");
  CHECK(in.shape("x.11.w") == std::vector<std::uint64_t>{7, 5});
  CHECK_THROWS_AS(in.shape("x"), kutta::io_error);
}

TEST_CASE("weights go from Eigen to row-major arrays and back") {
  const scratch_folder folder;
  using row_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  safetensors_writer out;
  out.add("w", theta[0].w);
  const safetensors_file in(saved(folder, out));
  row_matrix rows(2, 3);
  in.read("w", rows);
  CHECK(rows == theta[0].w);
}

TEST_CASE("a tensor that does not fit is refused by name, and nothing is overwritten") {
  const scratch_folder folder;
  safetensors_writer out;
  out.add("theta", theta);
  const safetensors_file in(saved(folder, out));

  auto fewer = empty_coefficients(1), more = empty_coefficients(3);
  refuses(in, "theta", fewer, "tensor theta.1.b: expected no such part of theta, got F64 (2)");
  refuses(in, "theta", more, "no tensor theta.2.w");
  auto wider = empty_coefficients(2, 2, 4);
  refuses(in, "theta", wider, "tensor theta.0.w: expected F64 (2, 4), got F64 (2, 3)");
  auto last_differs = empty_coefficients();
  last_differs[1].b.resize(3);
  last_differs[1].b.setZero();
  refuses(in, "theta", last_differs, "tensor theta.1.b: expected F64 (3), got F64 (2)");
  auto transposed = Eigen::MatrixXd::Zero(3, 2).eval();
  refuses(in, "theta.0.w", transposed, "tensor theta.0.w: expected F64 (3, 2), got F64 (2, 3)");
  auto single = Eigen::MatrixXf::Zero(2, 3).eval();
  refuses(in, "theta.0.w", single, "tensor theta.0.w: expected F32 (2, 3), got F64 (2, 3)");
  double whole = 1;
  refuses(in, "theta", whole, "no tensor theta");
  auto other = empty_coefficients();
  refuses(in, "phi", other, "no tensor phi.0.w");

  auto right = empty_coefficients();
  in.read("theta", right);
  CHECK(right == theta);
  CHECK_NOTHROW(in.require_no_others({"theta.0.w", "theta.0.b", "theta.1.w", "theta.1.b", "phi"}));
  CHECK_THROWS_WITH_AS(
      in.require_no_others({"theta.0.w", "theta.0.b", "theta.1.w"}),
      (in.path() + ": tensor theta.1.b: expected no such tensor, got F64 (2)").c_str(),
      kutta::io_error);
}

TEST_CASE("numbers of 16 bits are read into float and double, other types are refused") {
  const std::vector<std::uint16_t> halves{0x3c00, 0xb800, 0x0001};
  std::vector<float> x(3);
  foreign("F16", "[3]", halves).read("x", x);
  CHECK(x == std::vector<float>{1, -.5, 0x1p-24f});
  foreign("BF16", "[3]", halves).read("x", x);
  CHECK(x == std::vector<float>{0x1p-7f, -0x1p-15f, 0x1p-133f});
  refuses(foreign("I16", "[3]", halves), "x", x, "tensor x: expected F32 (3), got I16 (3)");
  refuses(foreign("F16", "[3,1]", halves), "x", x, "tensor x: expected F32 (3), got F16 (3, 1)");
  std::vector<double> y(1);
  refuses(foreign("F32", "[1]", std::vector{1.f}), "x", y,
          "tensor x: expected F64 (1), got F32 (1)");
  refuses(foreign("I64", "[1]", std::vector<std::int64_t>{1}), "x", y,
          "tensor x: expected F64 (1), got I64 (1)");
}

TEST_CASE("integers are read into integers that can hold them") {
  const auto one = [](auto n) {
    return foreign(sizeof(n) == 8 && n < 0 ? "I64" : "U64", "[]", std::vector{n});
  };
  int n = 7;
  one(std::uint64_t{2'147'483'647}).read("x", n);
  CHECK(n == 2'147'483'647);
  one(std::int64_t{-5}).read("x", n);
  CHECK(n == -5);
  refuses(one(std::uint64_t{2'147'483'648}), "x", n,
          "tensor x: expected an integer from -2147483648 to 2147483647, got 2147483648");
  std::uint64_t m = 0;
  one(std::numeric_limits<std::uint64_t>::max()).read("x", m);
  CHECK(m == std::numeric_limits<std::uint64_t>::max());
  refuses(one(std::int64_t{-1}), "x", m,
          "tensor x: expected an integer from 0 to 18446744073709551615, got -1");
  refuses(foreign("F64", "[]", std::vector{1.}), "x", m,
          "tensor x: expected I64 () or U64 (), got F64 ()");
  refuses(foreign("I64", "[1]", std::vector<std::int64_t>{1}), "x", m,
          "tensor x: expected I64 () or U64 (), got I64 (1)");
  refuses(one(std::uint64_t{1}), "y", m, "no tensor y");
}

TEST_CASE("texts are compared by name") {
  const scratch_folder folder;
  safetensors_writer out;
  out.add_texts({{"basis", "hat"}, {"K", "3"}});
  const safetensors_file in(saved(folder, out));
  CHECK(in.metadata() == kutta::file_metadata{{"basis", "hat"}, {"K", "3"}});
  CHECK_NOTHROW(in.require_texts({{"K", "3"}}));
  CHECK_THROWS_WITH_AS(in.require_texts({{"basis", "legendre"}}),
                       (in.path() + ": text basis: expected legendre, got hat").c_str(),
                       kutta::io_error);
  CHECK_THROWS_WITH_AS(in.require_texts({{"rate", "1"}}), (in.path() + ": no text rate").c_str(),
                       kutta::io_error);
}

TEST_CASE("the writer refuses a name that is taken or no text") {
  safetensors_writer out;
  out.add("x", 1.);
  CHECK_THROWS_WITH_AS(out.add("x", 2.f), "safetensors_writer: two tensors of the name x",
                       std::invalid_argument);
  CHECK_THROWS_AS(out.add("x", 2), std::invalid_argument);
  CHECK_THROWS_AS(out.add("__metadata__", 1.), std::invalid_argument);
  CHECK_THROWS_AS(out.add("\xff", 1.), std::invalid_argument);
  CHECK_THROWS_AS(out.add_text("k", "\xff"), std::invalid_argument);
  out.add_text("k", "v");
  CHECK_THROWS_WITH_AS(out.add_text("k", "v"), "safetensors_writer: two texts of the name k",
                       std::invalid_argument);
}

TEST_CASE("an old file survives a save that fails") {
  const scratch_folder folder;
  safetensors_writer out;
  out.add("theta", theta);
  const std::string path = saved(folder, out);
  CHECK_THROWS_AS(out.write(folder.path("none/a.safetensors")), kutta::io_error);
  CHECK_THROWS_AS(out.write(folder.path("")), kutta::io_error);
  auto x = empty_coefficients();
  safetensors_file(path).read("theta", x);
  CHECK(x == theta);
  CHECK(folder.file_count() == 1);
}
