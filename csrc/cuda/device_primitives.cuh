// What is not C++: several entries in one access of memory, copies past the registers, and the
// tensor cores' products in double precision. The emulator (tests/emulator) has plain functions for
// them.
#pragma once

#include "launch.cuh"

namespace pyntk {

// N entries that are read and written at once: their address is a multiple of their size.
template <class T, int N>
struct alignas(sizeof(T) * N) pack {
  T at[N];
};

template <int N, class T>
__device__ inline pack<T, N> load_pack(const T* from) {
  return *reinterpret_cast<const pack<T, N>*>(from);
}
template <class T, int N>
__device__ inline void store_pack(T* to, const pack<T, N>& entries) {
  *reinterpret_cast<pack<T, N>*>(to) = entries;
}

// The same number, but the compiler does not know it: what is computed from it a second time need
// not stay in registers since the first.
__device__ inline int anew(int number) {
#if !defined(PYNTK_EMULATED)
  asm volatile("" : "+r"(number));
#endif
  return number;
}

// Copies 16 bytes from global to shared memory, without waiting.
template <class T>
__device__ inline void begin_copy(T* to, const T* from) {
#if defined(PYNTK_EMULATED)
  emulator_begin_copy(to, from, 16);
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                   static_cast<unsigned>(__cvta_generic_to_shared(to))),
               "l"(from)
               : "memory");
#endif
}

// Waits for this thread's copies; __syncthreads() for those of the others.
__device__ inline void end_copies() {
#if defined(PYNTK_EMULATED)
  emulator_end_copies();
#else
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// d += a b for 8 x 4 times 4 x 8, by a warp: lane l has a = A[l / 4][l % 4], b = B[l % 4][l / 4]
// and d = D[l / 4][2 (l % 4)], D[l / 4][2 (l % 4) + 1].
//
// Nothing here rests on the order in which the four terms are added, nor on whether the sum is
// rounded in between: the bounds of a chain hold for any order of additions that each round once,
// and an entry gets the same instructions in whatever tile it lies. (For sm_100 ptxas makes
// products of more terms out of these, terms ascending.)
__device__ inline void mma_8x8x4(double& d0, double& d1, double a, double b) {
#if defined(PYNTK_EMULATED)
  double d[2] = {d0, d1};
  emulator_mma_m8n8k4(d, a, b);
  d0 = d[0];
  d1 = d[1];
#else
  asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
      : "+d"(d0), "+d"(d1)
      : "d"(a), "d"(b));
#endif
}

// The same for 16 x 8 times 8 x 8: a[k][r] is A[8 r + l / 4][4 k + l % 4], b[k] is
// B[4 k + l % 4][l / 4], d[r] are two entries of row 8 r + l / 4. Hopper has an instruction for it,
// and needs it for its full rate.
__device__ inline void mma_16x8x8(double& d00, double& d01, double& d10, double& d11,
                                  const double (&a)[2][2], const double (&b)[2]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+d"(d00), "+d"(d01), "+d"(d10), "+d"(d11)
      : "d"(a[0][0]), "d"(a[0][1]), "d"(a[1][0]), "d"(a[1][1]), "d"(b[0]), "d"(b[1]));
#else
  for (int k = 0; k < 2; ++k) {
    mma_8x8x4(d00, d01, a[k][0], b[k]);
    mma_8x8x4(d10, d11, a[k][1], b[k]);
  }
#endif
}

}  // namespace pyntk
