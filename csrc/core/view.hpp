// Borrowed memory. A view owns nothing, copies nothing, and is valid as long as the caller's array.
#pragma once

#include <cstdint>

// PYNTK_INLINE: formulas that are compiled into their callers, whatever these are compiled for.
// Were they functions of their own, the linker could take one instruction set's copy for all.
#if defined(__CUDACC__)
#define PYNTK_HD __host__ __device__
#define PYNTK_INLINE __host__ __device__ __forceinline__
#else
#define PYNTK_HD
#define PYNTK_INLINE inline __attribute__((always_inline))
#endif

namespace pyntk {

using index = std::int64_t;  // every size and product of sizes: n * n exceeds 2^31 from n = 46,341

PYNTK_INLINE constexpr index ceil_div(index size, index part) { return (size + part - 1) / part; }
PYNTK_INLINE constexpr index round_up(index size, index part) {
  return ceil_div(size, part) * part;
}

// A contiguous vector of `size` entries.
template <class T>
struct vector_view {
  T* data = nullptr;
  index size = 0;

  PYNTK_HD T& operator[](index i) const { return data[i]; }
};

// A matrix in C order without gaps between its rows.
template <class T>
struct matrix_view {
  T* data = nullptr;
  index rows = 0;
  index columns = 0;

  PYNTK_HD T* row(index i) const { return data + i * columns; }
  PYNTK_HD T& operator()(index i, index j) const { return data[i * columns + j]; }
};

}  // namespace pyntk
