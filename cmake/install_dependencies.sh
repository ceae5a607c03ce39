# SPDX-License-Identifier: Apache-2.0
#
# Sourced: `install_dependencies <purpose>...` makes sure that what the purposes need is there.
# Quiet where nothing is missing. Works as root or through sudo on Debian and its descendants;
# elsewhere it names what is missing.

# purpose, package (`?`: done without where it is not offered), and what shows that it is there: a
# command, or a header (a path).
dependencies="
build     g++               g++
build     cmake             cmake
build     ninja-build       ninja
build     libeigen3-dev     eigen3/Eigen/Core
demo      libcli11-dev      CLI/CLI.hpp
demo      gnuplot-nox       gnuplot
test      ccache            ccache
test      pkg-config        pkg-config
test      libxtensor-dev    xtensor/xtensor.hpp
test      xtl-dev           xtl/xtl_config.hpp
test      doctest-dev       doctest/doctest.h
test      libthrust-dev?    thrust/device_vector.h
test      libcub-dev?       cub/cub.cuh
test      libdnnl-dev?      oneapi/dnnl/dnnl.hpp
benchmark libbenchmark-dev  benchmark/benchmark.h
benchmark libboost-dev      boost/numeric/odeint.hpp
clang     clang-16          clang++-16
format    clang-format-16   clang-format-16
tidy      clang-tidy-16     clang-tidy-16
"

is_present() {
  case $1 in
    */*)
      for include in /usr/include /usr/local/include /usr/local/include/cccl \
        /usr/local/cuda/include/cccl; do
        [ -e "$include/$1" ] && return 0
      done
      return 1
      ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing_packages() {
  echo "$dependencies" | while read -r purpose package probe; do
    case " $* " in
      *" $purpose "*) is_present "$probe" || printf '%s ' "$package" ;;
    esac
  done
}

# Drops the optional packages that this system does not offer; prints the names of the others.
offered_packages() {
  for package in "$@"; do
    case $package in
      *\?)
        if apt-cache show g++ >/dev/null 2>&1 &&
          ! apt-cache show "${package%\?}" >/dev/null 2>&1; then
          continue
        fi
        ;;
    esac
    printf '%s ' "${package%\?}"
  done
}

install_dependencies() {
  missing=$(missing_packages "$@")
  # shellcheck disable=SC2086  # a list of words
  missing_now=$(offered_packages $missing)
  [ -z "$missing_now" ] && return 0

  if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not a Debian-like system; please install what is missing: $missing_now" >&2
    return 1
  fi
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "Neither root nor sudo; please install what is missing: $missing_now" >&2
      return 1
    fi
    as_root=sudo
  fi

  echo "installing $missing_now"
  # shellcheck disable=SC2046,SC2086  # lists of words
  quietly "apt-get update" $as_root apt-get update -qq &&
    quietly "apt-get install" $as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends $(offered_packages $missing)
}

# quietly <what> <command>...: shows the command's output only if it fails.
quietly() {
  what=$1
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    status=$?
    cat "$log" >&2
    rm -f "$log"
    echo "failed: $what" >&2
    return $status
  fi
}

# configure <preset> <cmake argument>...: with Ninja, unless the build folder was made otherwise.
configure() {
  if command -v ninja >/dev/null 2>&1; then
    CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}
    export CMAKE_GENERATOR
  fi
  quietly "configure $1" cmake --preset "$@"
}

# shellcheck disable=SC2034  # for those who source this
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
