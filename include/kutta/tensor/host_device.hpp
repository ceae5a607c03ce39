// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `KUTTA_HD`: marks what runs on the host and on the device. Empty outside CUDA.
///
/// A `KUTTA_HD` template may be instantiated for types that live on the host alone; nvcc warns of
/// each call such an instance makes. `KUTTA_HD_BEGIN` and `KUTTA_HD_END` enclose the templates of
/// which that is true, so that a program's own templates keep the warning.

#ifdef __CUDACC__
#  define KUTTA_HD __host__ __device__
#  define KUTTA_HD_BEGIN \
    _Pragma("nv_diagnostic push") _Pragma("nv_diag_suppress 20011,20013,20014,20015")
#  define KUTTA_HD_END _Pragma("nv_diagnostic pop")
#else
#  define KUTTA_HD
#  define KUTTA_HD_BEGIN
#  define KUTTA_HD_END
#endif
