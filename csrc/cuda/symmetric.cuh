// The second half of a symmetric matrix.
#pragma once

#include "../core/triangle.hpp"
#include "tile.cuh"

namespace pyntk {

// Writes the entries below the diagonal of tile `at` to their places above it, in rows of K, so
// that consecutive threads write consecutive memory here too. Begins with __syncthreads().
template <class T, class W>
__device__ void put_mirrored(const shared_tile<W>& entries, tile_place at, matrix_view<T> K) {
  __syncthreads();
  for_each_entry([&](int c, int r) {
    const index i = at.I * tile_edge + r, j = at.J * tile_edge + c;
    if (i < K.rows && j < i) K(j, i) = static_cast<T>(entries[r][c]);
  });
}

}  // namespace pyntk
