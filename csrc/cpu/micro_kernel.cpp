// Compiled once per instruction set: PYNTK_ISA is avx512, avx2 or baseline, beside the flags of
// that set. What it takes from another header is PYNTK_INLINE or in the namespace PYNTK_ISA, or the
// linker could take the AVX-512 copy of a function for the whole library.
#include "micro_kernel.hpp"

#include "../math/angle.hpp"
#include "instruction_set.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {
namespace {

// Accumulators fill the registers: 12 x 2 of 32 (AVX-512), 6 x 2 of 16 (AVX2, SSE).
#if defined(__AVX512F__)
constexpr int tile_rows = 12;
#else
constexpr int tile_rows = 6;
#endif

// Sixteen equal terms, each addition rounded the same way, are off by 3 u; 64 were by 11 u, which
// an angle near the border of the chords multiplies by 2: more than the 8 u promised.
constexpr index chunk = 16;

struct product_step {
  template <class T>
  static vec<T> apply(vec<T> a, vec<T> b, vec<T> c) {
    return simd<T>::fma(a, b, c);
  }
};
struct difference_step {
  template <class T>
  static vec<T> apply(vec<T> a, vec<T> b, vec<T> c) {
    const vec<T> t = a - b;
    return simd<T>::fma(t, t, c);
  }
};
struct sum_step {
  template <class T>
  static vec<T> apply(vec<T> a, vec<T> b, vec<T> c) {
    const vec<T> t = a + b;
    return simd<T>::fma(t, t, c);
  }
};

// Kahan's sum over chunks: what the addition to C rounded off begins the next chain. The chains
// stay in registers, C is the tile in the first-level cache.
template <class T, class Step>
void tile(index k, const T* A, const T* B, T* C) {
  using v = simd<T>;
  constexpr int L = lanes<T>;
  vec<T> c[tile_rows][2];
  const vec<T> zero = v::broadcast(0);
#pragma GCC unroll 12
  for (int i = 0; i < tile_rows; ++i) {
    c[i][0] = c[i][1] = zero;
    v::store(C + (2 * i) * L, zero);
    v::store(C + (2 * i + 1) * L, zero);
  }
  for (index begin = 0; begin < k; begin += chunk) {
    const index end = begin + chunk < k ? begin + chunk : k;
    for (index step = begin; step < end; ++step, A += tile_rows, B += 2 * L) {
      const vec<T> b0 = v::load(B), b1 = v::load(B + L);
#pragma GCC unroll 12
      for (int i = 0; i < tile_rows; ++i) {
        const vec<T> a = v::broadcast(A[i]);
        c[i][0] = Step::template apply<T>(a, b0, c[i][0]);
        c[i][1] = Step::template apply<T>(a, b1, c[i][1]);
      }
    }
#pragma GCC unroll 12
    for (int i = 0; i < tile_rows; ++i) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        T* sum = C + (2 * i + half) * L;
        const vec<T> before = v::load(sum), after = before + c[i][half];
        c[i][half] = c[i][half] - (after - before);
        v::store(sum, after);
      }
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < tile_rows; ++i) {
    v::store(C + (2 * i) * L, v::load(C + (2 * i) * L) + c[i][0]);
    v::store(C + (2 * i + 1) * L, v::load(C + (2 * i + 1) * L) + c[i][1]);
  }
}

template <class T>
int poles(const T* cosine) {
  int near = 0, far = 0;
  for (int e = 0; e < tile_rows * 2 * lanes<T>; ++e) {
    near |= cosine[e] > chord_border<T>();
    far |= cosine[e] < -chord_border<T>();
  }
  return near | far << 1;
}

template <class T>
constexpr micro_kernel<T> kernel = {
    tile_rows,         2 * lanes<T>, tile<T, product_step>, tile<T, difference_step>,
    tile<T, sum_step>, poles<T>};

}  // namespace

extern const tile_kernels tiles;
const tile_kernels tiles = {kernel<float>, kernel<double>};

}  // namespace pyntk::PYNTK_ISA
