// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The number types of a file, by their names in safetensors, and reading them as C++'s.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace kutta::detail {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian: swap the bytes");

/// The bytes of one number, or 0 for a type that is not known.
inline std::size_t size_of_type(std::string_view type) {
  constexpr std::string_view one = "BOOL U8 I8 F8_E4M3 F8_E5M2 F8_E8M0", two = "U16 I16 F16 BF16",
                             four = "U32 I32 F32", eight = "U64 I64 F64 C64";
  const auto holds = [&](std::string_view list) {
    return (" " + std::string(list) + " ").find(" " + std::string(type) + " ") != list.npos;
  };
  return holds(one) ? 1 : holds(two) ? 2 : holds(four) ? 4 : holds(eight) ? 8 : 0;
}

/// What T is called: "F64", "I64".
template <class T>
constexpr const char* type_name() {
  static_assert(std::same_as<T, float> || std::same_as<T, double> ||
                    std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>,
                "a file holds float, double and integers of 64 bits");
  if constexpr (std::same_as<T, float>)
    return "F32";
  else if constexpr (std::same_as<T, double>)
    return "F64";
  else
    return std::signed_integral<T> ? "I64" : "U64";
}

/// Bit patterns of 16-bit numbers, exact in float.
/// Source: IEEE 754-2019, § 3.4 and § 3.6 (binary16); bfloat16 is the upper half of a float.
inline float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
inline float from_float16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 0x1fu,
                      mantissa = bits & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wider = exponent == 0x1f ? 0xff : exponent + 127 - 15;
  return std::bit_cast<float>(sign | (wider << 23) | (mantissa << 13));
}

/// Whether numbers of this type can be read as T without loss: T's own, and for floating-point T
/// those of 16 bits.
template <class T>
bool readable_as(std::string_view type) {
  return type == type_name<T>() || (std::floating_point<T> && (type == "F16" || type == "BF16"));
}

/// Reads n numbers of a type that is readable as T.
template <class T>
void read_numbers(std::string_view type, const char* bytes, std::size_t n, T* to) {
  if (type == type_name<T>()) {
    if (n != 0) std::memcpy(to, bytes, n * sizeof(T));
    return;
  }
  if constexpr (std::floating_point<T>)
    for (std::size_t i = 0; i < n; ++i) {
      std::uint16_t bits;
      std::memcpy(&bits, bytes + 2 * i, sizeof(bits));
      to[i] = type == "F16" ? from_float16(bits) : from_bfloat16(bits);
    }
}

}  // namespace kutta::detail
