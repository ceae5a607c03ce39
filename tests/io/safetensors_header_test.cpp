// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include <kutta/io/safetensors_header.hpp>

namespace {

using namespace kutta::detail;

/// A file with this header and so many bytes behind it.
std::string file(const std::string& json, std::size_t bytes) {
  const std::uint64_t n = json.size();
  std::string text(sizeof(n), '\0');
  std::memcpy(text.data(), &n, sizeof(n));
  return text + json + std::string(bytes, 'x');
}

/// One tensor x, written like this.
std::string one(const std::string& record, std::size_t bytes) {
  return file("{\"x\":" + record + "}", bytes);
}

void refuses(const std::string& bytes, const std::string& message) {
  CHECK_THROWS_WITH_AS(read_header("a", bytes), ("a: " + message).c_str(), kutta::io_error);
}

}  // namespace

TEST_CASE("a header is read as the format says, in any order of keys") {
  const std::string json = R"({ "b.w":{"data_offsets":[4,20],"dtype":"F64","shape":[1,2]},)"
                           R"("__metadata__":{"format":"pt","":"\u03b8"},)"
                           R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                           R"("empty":{"dtype":"I8","shape":[0,7],"data_offsets":[4,4]}}  )";
  const safetensors_header header = read_header("a", file(json, 20));
  CHECK(header.size == 8 + json.size());
  CHECK(header.tensors.size() == 3);
  CHECK(header.tensors.at("a").type == "F32");
  CHECK(header.tensors.at("a").shape.empty());
  CHECK(header.tensors.at("a").begin == 0);
  CHECK(header.tensors.at("a").end == 4);
  CHECK(header.tensors.at("b.w").type == "F64");
  CHECK(header.tensors.at("b.w").shape == std::vector<std::uint64_t>{1, 2});
  CHECK(header.tensors.at("b.w").begin == 4);
  CHECK(header.tensors.at("b.w").end == 20);
  CHECK(header.tensors.at("empty").shape == std::vector<std::uint64_t>{0, 7});
  CHECK(header.metadata == kutta::file_metadata{{"format", "pt"}, {"", "\u03b8"}});
  CHECK(read_header("a", file("{}", 0)).tensors.empty());
}

TEST_CASE("a header is written as the format says, and its numbers are aligned") {
  safetensors_header header;
  CHECK(header_text(header) == file("{}      ", 0));
  header.metadata = {{"k", "a\"b"}, {"l", ""}};
  header.tensors["x"] = {"F64", {2, 3}, 0, 48};
  header.tensors["y"] = {"F32", {}, 48, 52};
  const std::string text = header_text(header);
  CHECK(text.size() % 8 == 0);
  CHECK(text.substr(8, text.find_last_not_of(' ') - 7) ==
        R"({"__metadata__":{"k":"a\"b","l":""},)"
        R"("x":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]},)"
        R"("y":{"dtype":"F32","shape":[],"data_offsets":[48,52]}})");
  const safetensors_header again = read_header("a", text + std::string(52, 'x'));
  CHECK(again.metadata == header.metadata);
  CHECK(again.tensors.at("y").begin == 48);
}

TEST_CASE("offsets beyond 2^32 are offsets") {
  // Holes and lengths are compared, nothing is read: the file itself may be missing.
  const std::uint64_t large = std::uint64_t{5} << 32;
  safetensors_header header;
  header.tensors["a"] = {"U8", {5, std::uint64_t{1} << 32}, 0, large};
  header.tensors["b"] = {"F64", {3}, large, large + 24};
  CHECK_NOTHROW(check_records("a", header, large + 24));
  CHECK_THROWS_WITH_AS(check_records("a", header, large + 16),
                       "a: expected 21474836504 bytes of numbers, got 21474836496",
                       kutta::io_error);
}

TEST_CASE("what is no safetensors file, or not all of one, is refused") {
  refuses("", "not a safetensors file: expected at least 8 bytes, got 0");
  refuses("1234567", "not a safetensors file: expected at least 8 bytes, got 7");
  refuses("PK\3\4PK\3\4",
          "not a safetensors file: expected a header of at most 100000000 bytes, got "
          "289157608118635344");
  refuses(file("{}", 0).substr(0, 9), "cut off: expected a header of 2 bytes, got 1");
  refuses(file("", 0), "header: expected '{' at byte 0 of 0");
  refuses(file("[]", 0), "header: expected '{' at byte 0 of 2");
  refuses(file("{} x", 0), "header: expected the end at byte 3 of 4");
  refuses(file("{}", 3), "expected 0 bytes of numbers, got 3");
  const std::string record = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  CHECK_NOTHROW(read_header("a", one(record, 4)));
  refuses(one(record, 3), "expected 4 bytes of numbers, got 3");
  refuses(one(record, 5), "expected 4 bytes of numbers, got 5");
}

TEST_CASE("a record must have its three parts, once, and nothing else") {
  refuses(one(R"({"dtype":"U8","shape":[4]})", 4),
          "header: expected dtype, shape and data_offsets before byte 31 of 32");
  refuses(one(R"({"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]})", 4),
          "header: expected dtype, shape and data_offsets before byte 65 of 66");
  refuses(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0]})", 4),
          "header: expected two data_offsets before byte 50 of 51");
  refuses(one(R"({"dtype":"U8","offsets":[0,4]})", 4),
          "header: expected dtype, shape or data_offsets before byte 29 of 36");
  refuses(one("3", 4), "header: expected '{' at byte 5 of 7");
  refuses(file(R"({"__metadata__":{"k":3}})", 0), "header: expected '\"' at byte 21 of 24");
}

TEST_CASE("a name that comes twice is refused") {
  const std::string x = R"("x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  refuses(file("{" + x + "," + x + "}", 0), "header: expected no second x before byte 104 of 105");
  refuses(file(R"({"__metadata__":{},"__metadata__":{}})", 0),
          "header: expected no second __metadata__ before byte 34 of 37");
  refuses(file(R"({"__metadata__":{"k":"","k":""}})", 0),
          "header: expected no second k before byte 30 of 32");
}

TEST_CASE("a type, a shape and offsets that do not go together are refused") {
  const auto record = [](const char* type, const char* shape, const char* offsets) {
    return one(std::string("{\"dtype\":\"") + type + "\",\"shape\":" + shape +
                   ",\"data_offsets\":" + offsets + "}",
               8);
  };
  CHECK_NOTHROW(read_header("a", record("F32", "[2]", "[0,8]")));
  refuses(record("F31", "[2]", "[0,8]"), "tensor x: unknown type F31");
  refuses(record("F32", "[3]", "[0,8]"), "tensor x: F32 (3) cannot be bytes 0 to 8");
  refuses(record("F32", "[1,1]", "[0,8]"), "tensor x: F32 (1, 1) cannot be bytes 0 to 8");
  refuses(record("F32", "[2]", "[8,0]"), "tensor x: F32 (2) cannot be bytes 8 to 0");
  refuses(record("F32", "[2]", "[8,16]"),
          "tensor x: expected to begin at byte 0, where the last one ends, got 8");
  // 2^62 · 4 bytes wrap around to 0, 2^33 · 2^31 to 2^64.
  refuses(record("F32", "[4611686018427387904]", "[0,0]"),
          "tensor x: F32 (4611686018427387904) cannot be bytes 0 to 0");
  refuses(record("U8", "[8589934592,2147483648]", "[0,0]"),
          "tensor x: U8 (8589934592, 2147483648) cannot be bytes 0 to 0");
}

TEST_CASE("gaps and overlaps are refused") {
  const auto two = [](const char* first, const char* second) {
    return file(std::string(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)") + first +
                    R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}",
                8);
  };
  CHECK_NOTHROW(read_header("a", two("[0,4]", "[4,8]")));
  CHECK_NOTHROW(read_header("a", two("[4,8]", "[0,4]")));
  refuses(two("[0,4]", "[3,7]"),
          "tensor b: expected to begin at byte 4, where the last one ends, got 3");
  refuses(two("[0,4]", "[0,4]"),
          "tensor b: expected to begin at byte 4, where the last one ends, got 0");
  refuses(two("[5,9]", "[0,4]"),
          "tensor a: expected to begin at byte 4, where the last one ends, got 5");
  refuses(two("[4,8]", "[8,12]"),
          "tensor a: expected to begin at byte 0, where the last one ends, got 4");
}
