// Compiled once per instruction set: PYNTK_ISA is avx512, avx2 or baseline, beside the flags of
// that set. What it takes from another header is PYNTK_INLINE or in the namespace PYNTK_ISA, or the
// linker could take the AVX-512 copy of a function for the whole library.
#include "micro_kernel.hpp"

#include <cstdint>
#include <type_traits>

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

// The compiler neither moves loads and stores across this nor keeps what they held in registers.
// Without it GCC holds the whole tile C in registers that there are not, and spills: 1.25 times the
// time.
PYNTK_INLINE void stay_in_memory() { asm volatile("" ::: "memory"); }

// The chains of a tile go on by some terms; A and B move on. A panel of A is followed by the next
// one, which is fetched meanwhile: 1.05 times faster where a strip of A is beyond the caches.
template <class T, class Step>
PYNTK_INLINE void chain(index terms, index next, const T*& A, const T*& B,
                        vec<T> (&c)[tile_rows][2]) {
  using v = simd<T>;
  for (index step = 0; step < terms; ++step, A += tile_rows, B += 2 * lanes<T>) {
    const vec<T> b0 = v::load(B), b1 = v::load(B + lanes<T>);
    __builtin_prefetch(A + next);
#pragma GCC unroll 12
    for (int i = 0; i < tile_rows; ++i) {
      const vec<T> a = v::broadcast(A[i]);
      c[i][0] = Step::template apply<T>(a, b0, c[i][0]);
      c[i][1] = Step::template apply<T>(a, b1, c[i][1]);
    }
  }
}

// use(sum, chain) for the sums C of a tile, in the first-level cache, and its chains.
template <class T, class Use>
PYNTK_INLINE void for_each_chain(T* C, vec<T> (&c)[tile_rows][2], const Use& use) {
  stay_in_memory();
#pragma GCC unroll 12
  for (int i = 0; i < tile_rows; ++i) {
    use(C + (2 * i) * lanes<T>, c[i][0]);
    use(C + (2 * i + 1) * lanes<T>, c[i][1]);
  }
  stay_in_memory();
}

// Kahan's sum over chunks: what the addition to C rounded off begins the next chain. The chains
// stay in registers, C is the tile in the first-level cache.
template <class T, class Step>
void tile(index k, const T* A, const T* B, T* C) {
  using v = simd<T>;
  const index next = k * tile_rows;
  const vec<T> zero = v::broadcast(0);
  vec<T> c[tile_rows][2];
#pragma GCC unroll 12
  for (int i = 0; i < tile_rows; ++i) c[i][0] = c[i][1] = zero;
  chain<T, Step>(k < chunk ? k : chunk, next, A, B, c);
  for_each_chain(C, c, [&](T* sum, vec<T>& part) {
    v::store(sum, part);
    part = zero;
  });
  if (k <= chunk) return;
  for (k -= chunk; k > chunk; k -= chunk) {
    chain<T, Step>(chunk, next, A, B, c);
    for_each_chain(C, c, [](T* sum, vec<T>& part) {
      const vec<T> before = v::load(sum), after = before + part;
      part = part - (after - before);
      v::store(sum, after);
    });
  }
  chain<T, Step>(k, next, A, B, c);
  for_each_chain(C, c, [](T* sum, vec<T>& part) { v::store(sum, v::load(sum) + part); });
}

// Most tiles have none, and the largest |cosine| tells: finite numbers without their sign are in
// the order of their bits, and the largest integer is a loop of vectors.
template <class T>
int poles(const T* cosine) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int size = tile_rows * 2 * lanes<T>;
  bits largest = 0;
  for (int e = 0; e < size; ++e) {
    const bits sized = __builtin_bit_cast(bits, cosine[e]) & (static_cast<bits>(-1) >> 1);
    largest = sized > largest ? sized : largest;
  }
  if (largest <= __builtin_bit_cast(bits, chord_border<T>())) return 0;
  int near = 0, far = 0;
  for (int e = 0; e < size; ++e) {
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
