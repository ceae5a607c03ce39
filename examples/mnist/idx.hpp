// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Files of the MNIST distribution: IDX, plain or compressed by gzip.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "images/files.hpp"
#include "images/image_set.hpp"

namespace mnist {

/// The numbers behind the head of an IDX file: a magic number, the extents, then a byte each.
/// @throws std::runtime_error if the head or the size is not that of items of `extents`.
inline images::bytes read_idx(const std::filesystem::path& directory, const std::string& name,
                              std::uint32_t magic, const std::vector<std::uint32_t>& extents) {
  const images::bytes file = images::read_file(directory, name);
  const auto expect = [&](const char* what, std::size_t expected, std::size_t got) {
    images::require_equal(directory / name, what, expected, got);
  };
  const auto number = [&](std::size_t i) {  // big-endian
    return std::uint32_t{file[4 * i]} << 24 | std::uint32_t{file[4 * i + 1]} << 16 |
           std::uint32_t{file[4 * i + 2]} << 8 | std::uint32_t{file[4 * i + 3]};
  };
  const std::size_t head = 4 * (2 + extents.size());
  if (file.size() < head)
    images::fail(directory / name, "expected a head of " + std::to_string(head) + " bytes, got " +
                                       std::to_string(file.size()));
  expect("the magic number", magic, number(0));
  std::size_t size = number(1);
  for (std::size_t i = 0; i < extents.size(); ++i) {
    expect("the extent", extents[i], number(2 + i));
    size *= extents[i];
  }
  expect("a size in bytes of", head + size, file.size());
  return {file.begin() + static_cast<std::ptrdiff_t>(head), file.end()};
}

/// The first `most` images of "train" or "t10k".
/// @throws std::runtime_error if a file is missing or is not what it should be.
inline images::image_set read_images(const std::filesystem::path& directory, const std::string& set,
                                     std::size_t most) {
  constexpr std::uint32_t side = 28, pixels = side * side;
  images::bytes ink = read_idx(directory, set + "-images-idx3-ubyte", 2051, {side, side});
  const images::bytes labels = read_idx(directory, set + "-labels-idx1-ubyte", 2049, {});
  if (labels.size() * pixels != ink.size())
    images::fail(directory, "expected a label for each of " + std::to_string(ink.size() / pixels) +
                                " " + set + " images, got " + std::to_string(labels.size()));
  for (const unsigned char label : labels)
    if (label >= images::classes)
      images::fail(directory,
                   "expected labels of " + set + " below 10, got " + std::to_string(label));
  const auto n = static_cast<std::ptrdiff_t>(std::min(most, labels.size()));
  ink.resize(static_cast<std::size_t>(n) * pixels);
  return {
      {side, side, 1}, {.1307f}, {.3081f}, std::move(ink), {labels.begin(), labels.begin() + n}};
}

}  // namespace mnist
