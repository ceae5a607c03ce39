// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <cuda_runtime_api.h>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

/// Runs the tests, or returns 77 (ctest: skipped) where there is no GPU.
int main(int argc, char** argv) {
  int devices = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&devices);
      error != cudaSuccess || devices == 0) {
    std::printf("skipped: no CUDA device (%s)\n", cudaGetErrorString(error));
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
