// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Files of which a program writes the part between two marker lines, and people the rest.

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace docs {

inline const std::string first_marker = "<!-- schemes: generated -->\n";
inline const std::string last_marker = "<!-- end -->\n";

/// A file as it is, and as it should be.
struct page {
  std::string path;
  std::string text;
  std::string wanted;
};

/// The page at `path` with `part` between its markers.
/// @throws std::runtime_error if the file cannot be read, or has not one of each marker, in order.
inline page page_with(const std::string& path, const std::string& part) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw std::runtime_error(path + ": cannot be read");

  const std::string lines = "\n" + text;
  const auto line_of = [&](const std::string& marker) {
    const std::string name = marker.substr(0, marker.size() - 1);
    const std::size_t found = lines.find("\n" + marker);
    if (found == std::string::npos) throw std::runtime_error(path + ": no line '" + name + "'");
    if (lines.find("\n" + marker, found + 1) != std::string::npos)
      throw std::runtime_error(path + ": more than one line '" + name + "'");
    return found;
  };
  const std::size_t begin = line_of(first_marker) + first_marker.size();
  const std::size_t end = line_of(last_marker);
  if (end < begin) throw std::runtime_error(path + ": the end stands before the beginning");
  std::string wanted = text.substr(0, begin) + part + text.substr(end);
  return {path, std::move(text), std::move(wanted)};
}

/// `PATH:LINE: is '…', should be '…'` for the first line that differs; empty if none does.
inline std::string first_difference(const page& file) {
  if (file.text == file.wanted) return "";
  const auto line_from = [](const std::string& text, std::size_t at) {
    return text.substr(at, text.find('\n', at) - at);
  };
  std::size_t at = 0;  // the beginning of a line, in both texts
  for (std::size_t line = 1;; ++line) {
    const std::string is = line_from(file.text, at);
    const std::string should_be = line_from(file.wanted, at);
    if (is != should_be) {
      std::ostringstream difference;
      difference << file.path << ":" << line << ": is '" << is << "', should be '" << should_be
                 << "'";
      return difference.str();
    }
    at += is.size() + 1;
  }
}

/// Writes every page that differs: each under another name first, then all renamed.
/// @throws std::runtime_error if one cannot be written; no page is changed then.
inline void write(const std::vector<page>& pages) {
  for (const page& file : pages) {
    std::ofstream partial(file.path + ".partial", std::ios::binary);
    partial << file.wanted;
    partial.close();
    if (!partial) {
      for (const page& other : pages) {
        std::error_code ignored;
        std::filesystem::remove(other.path + ".partial", ignored);
      }
      throw std::runtime_error(file.path + ".partial: cannot be written");
    }
  }
  for (const page& file : pages) std::filesystem::rename(file.path + ".partial", file.path);
}

}  // namespace docs
