// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The binary files of the CIFAR-10 distribution: a label, then 1024 bytes each of red, green and
/// blue, for every image.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "images/files.hpp"
#include "images/image_set.hpp"

namespace cifar10 {

constexpr images::image_shape shape{32, 32, 3};

/// Adds the first `most` images of a file to the set.
/// @throws std::runtime_error if it is missing, or is not made of such records.
inline void add_records(const std::filesystem::path& directory, const std::string& name,
                        std::size_t most, images::image_set& set) {
  constexpr std::size_t size = 1 + shape.size();
  const images::bytes file = images::read_file(directory, name);
  if (file.empty() || file.size() % size != 0)
    images::fail(directory / name, "expected whole records of " + std::to_string(size) +
                                       " bytes, got " + std::to_string(file.size()) + " bytes");
  for (std::size_t first = 0; first < std::min(most * size, file.size()); first += size) {
    const unsigned char label = file[first];
    if (label >= images::classes)
      images::fail(directory / name, "expected labels below 10, got " + std::to_string(label) +
                                         " in record " + std::to_string(first / size));
    set.labels.push_back(label);
    for (std::size_t p = 0; p < shape.pixels(); ++p)
      for (std::size_t c = 0; c < shape.channels; ++c)
        set.pixels.push_back(file[first + 1 + c * shape.pixels() + p]);
  }
}

/// The first `most` images of the files.
inline images::image_set read_records(const std::filesystem::path& directory,
                                      const std::vector<std::string>& names, std::size_t most) {
  images::image_set set{shape, {.4914f, .4822f, .4465f}, {.2023f, .1994f, .2010f}, {}, {}};
  for (const std::string& name : names)
    if (set.size() < most) add_records(directory, name, most - set.size(), set);
  return set;
}

/// data_batch_1.bin, …: as many as it takes.
/// @throws std::runtime_error if one is missing, or is not what it should be.
inline images::image_set read_training_images(const std::filesystem::path& directory,
                                              std::size_t most) {
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back("data_batch_" + std::to_string(i) + ".bin");
  return read_records(directory, names, most);
}
inline images::image_set read_test_images(const std::filesystem::path& directory,
                                          std::size_t most) {
  return read_records(directory, {"test_batch.bin"}, most);
}

}  // namespace cifar10
