// Register tiles of u.v over blocks of rows: what all passes of the two-layer network begin with.
// The rows are scaled by powers of two (panels.hpp), so a tile has the signs of the
// pre-activations.
#pragma once

#include <algorithm>

#include "micro_kernel.hpp"
#include "panels.hpp"
#include "pool.hpp"

namespace pyntk {

// All rows of A in blocks of tile_edge, each packed as panels of this width.
template <class T>
std::vector<scaled_panels<T>> pack_blocks(matrix_view<const T> A, index width, int threads) {
  std::vector<scaled_panels<T>> result(static_cast<std::size_t>(ceil_div(A.rows, tile_edge)));
  parallel_for(static_cast<index>(result.size()), threads, [&](index I) {
    const index begin = I * tile_edge, end = std::min(A.rows, begin + tile_edge);
    result[static_cast<std::size_t>(I)] = scaled_panels<T>(A, begin, end, width);
  });
  return result;
}

// Calls use(u, v, C) for every register tile between the rows of U and of V, C in C order, where u
// and v are the first row of each side within its panels.
template <class T, class Use>
void for_each_tile(const panels<T>& U, const panels<T>& V, T* C, Use&& use) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  for (index v = 0; v < V.count; ++v) {
    for (index u = 0; u < U.count; ++u) {
      mk.product(U.k, U[u], V[v], C);
      use(u * mk.rows, v * mk.columns, C);
    }
  }
}

}  // namespace pyntk
