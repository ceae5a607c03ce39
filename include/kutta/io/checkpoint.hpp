// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The state of a training run in one file, so that a killed run goes on where it was.
///
///     std::int64_t step = 0;
///     const kutta::checkpoint run(kutta::named("theta", theta), kutta::named("adam", optimiser),
///                                 kutta::named("random", generator), kutta::named("step", step));
///     run.resume("run.safetensors");                 // if there is one
///     for (; step < last; ++step) {
///       if (step % 100 == 0) run.save("run.safetensors");
///       …
///     }

#include <concepts>
#include <istream>
#include <locale>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <kutta/io/file.hpp>
#include <kutta/io/io_error.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/io/safetensors_leaves.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/sgd.hpp>

namespace kutta {

/// A variable with the name that a file has for it. Refers to the variable.
template <class T>
struct named {
  std::string name;
  T& value;

  named(std::string n, T& v) : name(std::move(n)), value(v) {}
};

/// What a checkpoint keeps of an object that is no tensor, integer or text itself: a specialisation
/// calls f("first", part), f("second", part), … for variables that are.
template <class T>
struct checkpoint_parts;

/// The moments and the number of steps. The options stay those of the program.
template <tensor P>
struct checkpoint_parts<adam<P>> {
  template <class F>
  static void for_each(F&& f, adam<P>& optimiser) {
    f("first", optimiser.moments().first);
    f("second", optimiser.moments().second);
    f("steps", optimiser.moments().steps);
  }
};

/// The velocity, if there is momentum. The options stay those of the program.
template <tensor P>
struct checkpoint_parts<sgd<P>> {
  template <class F>
  static void for_each(F&& f, sgd<P>& optimiser) {
    if (optimiser.velocity()) f("velocity", *optimiser.velocity());
  }
};

namespace detail {

/// What hands out its coefficients and takes others of their shapes, like running statistics.
template <class T>
concept keeps_coefficients = requires(T& x) {
  requires tensor<std::remove_cvref_t<decltype(x.coefficients())>>;
  x.set_coefficients(x.coefficients());
};

}  // namespace detail

template <detail::keeps_coefficients T>
struct checkpoint_parts<T> {
  template <class F>
  static void for_each(F&& f, T& x) {
    auto coefficients = x.coefficients();
    f("coefficients", coefficients);
    x.set_coefficients(coefficients);
  }
};

namespace detail {

template <class T>
concept has_checkpoint_parts = requires { sizeof(checkpoint_parts<T>); };

/// A state that is written to a stream as text and read back, like the generators of <random>.
template <class T>
concept text_state =
    std::copyable<T> && requires(std::ostream& out, std::istream& in, const T& x, T& y) {
      out << x;
      in >> y;
    };

template <class T>
concept checkpointable = tensor<T> || counter<T> || has_checkpoint_parts<T> || text_state<T>;

/// f(name, x) for a variable, f(name.part, part) for the parts of an object.
template <class F, class T>
void for_each_variable(F&& f, const std::string& name, T& x) {
  if constexpr (has_checkpoint_parts<T>)
    checkpoint_parts<T>::for_each(
        [&](const char* part, auto& variable) {
          for_each_variable(f, name + "." + part, variable);
        },
        x);
  else
    f(name, x);
}

template <text_state T>
std::string state_text(const T& x) {
  if constexpr (std::same_as<T, std::string>) return x;
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << x;
  return out.str();
}

/// The state that `text` holds, all of it, or nothing.
template <text_state T>
std::optional<T> state_from_text(const std::string& text, const T& like) {
  if constexpr (std::same_as<T, std::string>) return text;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  T x = like;
  if (in >> x && (in >> std::ws).eof()) return x;
  return std::nullopt;
}

}  // namespace detail

/// Variables that are saved and loaded together: tensors, integers, optimisers, the generators and
/// distributions of <random>, texts. Refers to them.
///
/// The file is a safetensors file: the weights in it are read by whatever reads such files.
template <detail::checkpointable... T>
class checkpoint {
 public:
  explicit checkpoint(named<T>... variables) : variables_(std::move(variables)...) {}

  /// Replaces the file as a whole: a run that is killed meanwhile leaves the last one.
  /// @throws io_error if it cannot be written; std::invalid_argument if two names are equal.
  void save(const std::string& path, const file_metadata& texts = {}) const {
    safetensors_writer out;
    out.add_texts(texts);
    for_each([&]<class X>(const std::string& name, const X& x) {
      if constexpr (tensor<X> || detail::counter<X>)
        out.add(name, x);
      else
        out.add_text(name, detail::state_text(x));
    });
    out.write(path);
  }

  /// Overwrites every variable, or on an error none. The file must hold these tensors and no
  /// others, and the texts.
  /// @throws io_error naming the first difference.
  void load(const std::string& path, const file_metadata& texts = {}) const {
    const safetensors_file in(path);
    in.require_texts(texts);
    std::set<std::string> names;
    for_each([&]<class X>(const std::string& name, const X& x) {
      if constexpr (tensor<X>) {
        in.require(name, x);
        detail::for_each_file_leaf(
            [&](const std::string& leaf, const auto&) { names.insert(leaf); }, name, x);
      } else if constexpr (detail::counter<X>) {
        in.require(name, x);
        names.insert(name);
      } else if (!detail::state_from_text(in.text(name), x)) {
        throw io_error(path, "text " + name + ": does not read as the state it should be");
      }
    });
    in.require_no_others(names);

    for_each([&]<class X>(const std::string& name, X& x) {
      if constexpr (tensor<X> || detail::counter<X>)
        in.read(name, x);
      else
        x = *detail::state_from_text(in.text(name), x);
    });
  }

  /// `load` if there is such a file; whether there is.
  /// @throws io_error as `load`.
  bool resume(const std::string& path, const file_metadata& texts = {}) const {
    if (!detail::file_exists(path)) return false;
    load(path, texts);
    return true;
  }

 private:
  template <class F>
  void for_each(F&& f) const {
    std::apply(
        [&](const auto&... each) { (detail::for_each_variable(f, each.name, each.value), ...); },
        variables_);
  }

  std::tuple<named<T>...> variables_;
};

}  // namespace kutta
